"""What a figure of the SNR plane can show: rates, shares of success, or iterations.

Each kind turns the table of rates into one row a cell with the columns that it draws, and into the
message of the figure. `labels` are the fitters' names, the first one's rates and successes shown.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.figures._shared import plane, sweep
from emmoe.figures._shared.plane import Scale
from emmoe.store.errors import DataError

CELL = ["model", "angle", "norm_beta", "norm_w"]
LOWEST = 1e-6  # 1 - rho below it has the scale's last colour
NORMS = {"norm_beta": "‖β*‖", "norm_w": "‖w*‖"}


class Kind(NamedTuple):
    """One thing to show: the headings of a model's rows and their columns, the table of cells, the
    scale, the message, and what marks mean (column -> text)."""

    rows: dict[str, str]
    cells: Callable[[pd.DataFrame, Mapping[str, str]], pd.DataFrame]
    scale: Callable[[Sequence[np.ndarray], Mapping[str, str]], Scale]
    message: Callable[[pd.DataFrame, Mapping[str, str]], str]
    marks: dict[str, str]


def _first(page: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """The rows of the first fitter; singular: where rho is 1 in the population."""
    own = page[page["fitter"] == next(iter(labels))]
    return own.assign(singular=own["gap_population"] == 0)


def _rate_scale(values: Sequence[np.ndarray], labels: Mapping[str, str]) -> Scale:
    name = next(iter(labels.values()))
    text = rf"$1-\rho$ in theory, $1-$rate observed of {name} (median)"
    return plane.log_scale(values, "viridis", text, LOWEST)


def _rate_message(cells: pd.DataFrame, labels: Mapping[str, str]) -> str:
    name, told = next(iter(labels.values())), []
    for norm, symbol in NORMS.items():
        faster, steps = faster_steps(cells, norm)
        told.append(f"with a larger {symbol} in {faster} of {steps}")
    return f"{name} gets faster {told[0]} steps between neighbouring cells, {told[1]}."


def faster_steps(cells: pd.DataFrame, norm: str) -> tuple[int, int]:
    """Return how many steps up a norm, all else fixed, raise the observed 1 - rate, and of how many
    between two cells that have one."""
    others = [name for name in CELL if name != norm]
    lines = cells.sort_values(norm).groupby(others)["gap_rate_median"]
    changes = np.concatenate([np.diff(line.to_numpy(float)) for _, line in lines])
    return int((changes > 0).sum()), int(np.isfinite(changes).sum())


def _share_scale(values: Sequence[np.ndarray], labels: Mapping[str, str]) -> Scale:
    name = next(iter(labels.values()))
    return plane.share_scale("cividis", f"share of {name}'s runs that reach the sample's optimum")


def _share_message(cells: pd.DataFrame, labels: Mapping[str, str]) -> str:
    known = cells[cells["success"].notna()]
    name, all_arrive = next(iter(labels.values())), int((known["success"] == 1).sum())
    text = f"{name} reaches the sample's optimum in all runs of {all_arrive} of {len(known)} cells"
    if not len(known) or all_arrive == len(known):
        return f"{text}."
    low = known.loc[known["success"].idxmin()]
    norms = ", ".join(f"{symbol} {low[norm]:g}" for norm, symbol in NORMS.items())
    where = f"{sweep.model_name(low['model'])}, {norms}, {sweep.angle_text(low['angle'])}"
    return f"{text}; the lowest share is {low['success']:.2f}, at {where}."


def _pairs(page: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """One row a cell: the second fitter's median iterations over the first one's; alone, other:
    where half of the runs of the first one only arrive, or of the second one only; below: where the
    second one needs fewer."""
    if len(labels) < 2:
        raise DataError("rates: iterations are of two fitters: name them in the figure's curves")
    first, second = (
        page[page["fitter"] == fitter].set_index(CELL)["iterations_to_tolerance_median"]
        for fitter in list(labels)[:2]
    )
    second = second.reindex(first.index)
    cells = pd.DataFrame({"ratio": second / first}).reset_index()
    alone, other = (a.notna() & b.isna() for a, b in ((first, second), (second, first)))
    return cells.assign(
        alone=alone.to_numpy(), other=other.to_numpy(), below=(cells["ratio"] < 1)
    )  # fmt: skip


def _ratio_scale(values: Sequence[np.ndarray], labels: Mapping[str, str]) -> Scale:
    first, second = list(labels.values())[:2]
    text = rf"iterations to $10^{{-6}}$, {second} / {first} (medians)"
    return plane.log_scale(values, "cividis_r", text)


def _ratio_message(cells: pd.DataFrame, labels: Mapping[str, str]) -> str:
    first, second = list(labels.values())[:2]
    ratio = cells["ratio"].dropna()
    text = f"{second} needs more iterations than {first} in {int((ratio > 1).sum())} of "
    text += f"{len(ratio)} cells where both arrive"
    text += f", in the median {ratio.median():.2g} times as many" if len(ratio) else ""
    return f"{text}; {first} alone arrives in {int(cells['alone'].sum())} more."


KINDS = {
    "rates": Kind(
        {"theory": "gap_population", "observed": "gap_rate_median"},
        _first, _rate_scale, _rate_message, {"singular": r"singular: $\rho=1$"},
    ),
    "success": Kind({"": "success"}, _first, _share_scale, _share_message, {}),
    "iterations": Kind(
        {"": "ratio"}, _pairs, _ratio_scale, _ratio_message,
        {"below": "{1} needs fewer", "alone": "{0} alone arrives", "other": "{1} alone arrives"},
    ),
}  # fmt: skip
