"""Targets, and at which cost a run reaches them.

A target is "p/2n", half a nat per identifiable parameter over n (the expected excess loss of the
maximum-likelihood estimate over the truth's, below which differences are noise), or a number of
nats, both above the optimum of the sample; {gap: s}, a share of the start's excess over it; {loss:
l}, a level of the training loss; or {accuracy: a}. The optimum is a contest's own, found before any
rival runs (`emmoe.theory.reference`), so that no target depends on who takes part.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emmoe.store.errors import DataError

PROBLEM = ["contest", "cell"]  # one law of data and one law of starts
RIVAL = ["rival", "variant"]
RUN = [*PROBLEM, *RIVAL, "replicate"]
CURRENCIES = {
    "iteration": "iterations",
    "passes": "data passes",
    "flops": "FLOPs",
    "cpu_seconds": "CPU seconds",
}
Target = float | str | Mapping[str, float]
Targets = Mapping[str, Target]


def joined(contests: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several contests, in the order given, as `numbered` does."""
    if not contests:
        raise DataError("inputs: no contest to compare")
    return numbered(pd.concat(contests.values(), ignore_index=True))


def numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a number of their `run`. A run's rows must lie in the order of its
    iterations."""
    return rows.assign(run=rows.groupby(RUN, sort=False).ngroup())


def of_optimum(target: Target) -> bool:
    """Return whether a target is an excess over the sample's optimum."""
    return not isinstance(target, Mapping) or "gap" in target


def excess(rows: Any, target: Target) -> Any:
    """Return the width in nats of a target over the optimum, of rows or of one of them."""
    if target == "p/2n":
        return rows["parameters"] / (2 * rows["observations"])
    if isinstance(target, Mapping):
        return target["gap"] * (rows["start_loss"] - rows["optimum"])
    return target + 0 * rows["optimum"]


def distance(rows: Any, target: Target) -> Any:
    """Return how far states are from a target, of rows or of one of them: at most 0 within it.

    accuracy: the test set's in a comparison, the validation set's in tuning."""
    if of_optimum(target):
        return rows["loss"] - rows["optimum"] - excess(rows, target)
    ((what, level),) = target.items()
    return rows["loss"] - level if what == "loss" else level - rows["accuracy"]


def reached(rows: pd.DataFrame, targets: Targets, currencies: list[str]) -> pd.DataFrame:
    """Return one row a run and target of numbered rows: RUN, `target`, `exponent`, `success`,
    `capped`, `gap` (the smallest distance; infinite if none is known) and the cost in each
    currency.

    The cost is that of the first state within the target, or else of the run's last state. capped:
    the budget cut the run off, so that it might still have arrived; a run that ended without
    reaching the target, elsewhere or in divergence, never does."""
    needed = ["run", *RUN, "exponent", "status", *currencies]
    last = rows.loc[~rows["run"].duplicated(keep="last"), needed].set_index("run")
    runs, parts = last[[*RUN, "exponent"]], []
    for name, target in targets.items():
        gap = distance(rows, target)
        inside = rows.loc[gap <= 0, ["run", *currencies]]
        first = inside.drop_duplicates("run").set_index("run").reindex(last.index)
        success = first[currencies[0]].notna()
        capped = ~success & (last["status"] == "capped")
        costs = first.where(success, last[currencies], axis=0)
        least = gap.groupby(rows["run"]).min().fillna(np.inf)
        own = {"gap": least, "success": success, "capped": capped}
        parts.append(runs.assign(target=name, **own, **costs))
    return pd.concat(parts, ignore_index=True)


def stopped(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at which each run was stopped early: its best validation cross entropy."""
    if "validation_cross_entropy" not in rows:
        return rows.iloc[:0]
    scored = rows[rows["validation_cross_entropy"].notna()]
    return scored.loc[scored.groupby("run")["validation_cross_entropy"].idxmin()]
