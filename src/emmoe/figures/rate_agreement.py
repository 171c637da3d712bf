"""How far observed rates are from predicted ones, as a density of runs over the predicted rate.

The prediction is the same estimator applied to |J^k e|, J the iteration's Jacobian at the limit:
M for EM, I - P Hess L for gradient descent with steps P.

:section: theory
:title: Predicted and observed rates
:caption: How many runs differ by how much. The prediction is the same estimator applied to the
    iteration's Jacobian at the limit: the missing-information matrix for EM, the identity minus the
    preconditioned Hessian for gradient descent.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullFormatter, NullLocator

from emmoe.figures._shared import plane, style, sweep
from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import RUN, joined, resolved
from emmoe.tables.rate_agreement import NEEDS, rate_gap

TICKS = [0.01, 0.1, 0.5, 0.9, 0.99, 0.999]
SMALLEST = 1e-9  # the smallest difference shown, where rates agree to rounding
BINS = 36  # a side
MOST = 0.99  # the share of runs whose difference the message bounds
COLOURS = "cividis_r"


@style.context()
def draw(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS])],
) -> Figure:
    """Return the figure: a panel a model and fitter with resolved runs, the number of runs by
    predicted rate (logit axis) and by |log10 observed - log10 predicted| (log axis).

    runs_tables: tables of runs; curves: fitter -> label, every fitter if empty.
    """
    runs = joined(runs_tables, curves, NEEDS)
    labels = sweep.labels(runs["fitter"], curves)
    found = runs[resolved(runs) & (runs[["rate", "rate_predicted"]] < 1).all(axis=1)]
    found = found.assign(gap=rate_gap(found).clip(lower=SMALLEST))
    edges = _edges(found)
    groups = list(found.groupby(["model", "fitter"], sort=False))
    counts = {key: _counts(part, edges) for key, part in groups}
    figure = style.column(0.95 + 1.35 * max(1, -(-len(groups) // 2)))
    panels = figure.subplots(max(1, -(-len(groups) // 2)), 2, squeeze=False)
    norm = LogNorm(1, max([10.0, *(table.max() for table in counts.values())]))
    for axes, ((model, fitter), part) in zip(panels.ravel(), groups, strict=False):
        of_group = (runs["model"] == model) & (runs["fitter"] == fitter)
        shown = f"{sweep.count(len(part))} of {sweep.count(of_group.sum())} runs"
        axes.set_title(f"{sweep.model_name(model)}, {labels[fitter]}:\n{shown}")
        _panel(axes, counts[model, fitter], edges, norm)
    for axes in panels.ravel()[len(groups) :]:
        axes.set_visible(False)
    _labels(panels, len(groups))
    plane.bar(figure, panels, plane.Scale(norm, COLOURS, "number of runs"))
    style.tell(figure, _message(rate_gap(runs), len(runs)))
    return figure


def _edges(found: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the bins' edges in predicted rates, even on the logit scale, and in differences."""
    rates = found["rate_predicted"].to_numpy(float)
    logits = np.log(rates / (1 - rates)) if len(rates) else np.array([-2.0, 2.0])
    low, high = logits.min() - 0.1, logits.max() + 0.1
    largest = max(found["gap"].max() if len(found) else 0.0, 10 * SMALLEST)
    gaps = np.geomspace(SMALLEST * 0.99, largest * 1.01, BINS + 1)
    return 1 / (1 + np.exp(-np.linspace(low, high, BINS + 1))), gaps


def _counts(part: pd.DataFrame, edges: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.histogram2d(part["rate_predicted"], part["gap"], bins=edges)[0]


def _panel(
    axes: Axes, counts: np.ndarray, edges: tuple[np.ndarray, np.ndarray], norm: LogNorm
) -> None:
    shown = np.ma.masked_equal(counts.T, 0)
    axes.pcolormesh(*edges, shown, norm=norm, cmap=COLOURS, label="runs", zorder=2)
    axes.set(xscale="logit", yscale="log", xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
    inside = [tick for tick in TICKS if edges[0][0] < tick < edges[0][-1]]
    axes.xaxis.set_major_locator(FixedLocator(inside))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _labels(panels: np.ndarray, shown: int) -> None:
    """Name the axes of the panels at the rim."""
    for place, axes in enumerate(panels.ravel()[:shown]):
        if place + 2 >= shown:
            axes.set_xlabel("predicted rate")
        if place % 2:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel(r"$|\Delta\,\log_{10}$ rate$|$")


def _message(gaps: pd.Series, runs: int) -> str:
    """Say how far rates differ, and how many runs have none."""
    if gaps.empty:
        return f"None of {sweep.count(runs)} runs has an observed and a predicted rate."
    return (
        f"Observed and predicted rate differ by at most {gaps.quantile(MOST):.0e} in log10 in "
        f"{100 * MOST:.0f} % of {sweep.count(len(gaps))} runs (median {gaps.median():.0e}, largest "
        f"{gaps.max():.0e}); {sweep.count(runs - len(gaps))} of {sweep.count(runs)} runs have none."
    )
