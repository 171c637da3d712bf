"""Which step each rival takes: the cheapest on the tuning replicates, which nothing else uses.

The criterion is the expected cost to the target in data passes, whatever currency is compared
later. Where no step reaches the target within the budget, which is the race's, it is the smallest
median distance from it: such a choice is a fallback. For the accuracy it is the lowest mean
validation cross entropy after early stopping.
"""

import numpy as np
import pandas as pd

from emmoe.evidence.estimates import expected_cost
from emmoe.evidence.reach import PROBLEM, Targets, numbered, reached, stopped

ACCURACY = "accuracy"
CRITERION = "passes"
CHOICE = [*PROBLEM, "target", "rival"]


def tuning_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the tuning runs."""
    return rows[rows["phase"] == "tuning"]


def choose(rows: pd.DataFrame, targets: Targets) -> pd.DataFrame:
    """Return CHOICE, `variant`, `at_edge`, `fallback` and `configured`, one row a problem, target
    and rival, from the tuning rows among the given ones. at_edge: the step is the smallest or
    largest that was tried, so that one outside may be better still; fallback: no step of a
    grid reached the target; configured: the step is the record's own."""
    own = numbered(tuning_rows(rows))
    parts = [_accuracy_scores(own)]
    if targets:
        parts.append(_scores(reached(own, targets, [CRITERION])))
    scores = pd.concat([part for part in parts if len(part)], ignore_index=True)
    scores = scores.sort_values([*CHOICE, "cost", "gap", "exponent"], kind="stable")
    best = scores.groupby(CHOICE, as_index=False).first()
    grids = scores.groupby(CHOICE)["variant"].agg(list)
    edges = [
        _at_edge(v, grids[tuple(key)])
        for *key, v in best[[*CHOICE, "variant"]].itertuples(index=False)
    ]
    configured = [_configured(variant) for variant in best["variant"]]
    fallback = np.isinf(best["cost"]) & (best["variant"] != "")
    marks = {"at_edge": edges, "fallback": fallback, "configured": configured}
    return best[[*CHOICE, "variant"]].assign(**marks)


def _configured(variant: str) -> bool:
    return all(int(k) == 0 for k in variant.split())


def _at_edge(variant: str, grid: list[str]) -> bool:
    """Whether a variant has any step at an end of its grid."""
    points = np.array([[int(k) for k in name.split()] for name in grid])
    own = np.array([int(k) for k in variant.split()])
    low, high = points.min(axis=0), points.max(axis=0)
    return bool((((own == low) | (own == high)) & (low < high)).any())


def _scores(runs: pd.DataFrame) -> pd.DataFrame:
    """The steps of all rivals to all targets, each with its `cost` and its median `gap`."""
    groups = runs.groupby([*CHOICE, "variant"])
    at = groups.ngroup().to_numpy(), groups.cumcount().to_numpy()
    shape = groups.ngroups, at[1].max() + 1
    cost, success, gap = np.zeros(shape), np.zeros(shape, bool), np.full(shape, np.nan)
    cost[at], success[at], gap[at] = runs[CRITERION], runs["success"], runs["gap"]
    steps = groups[["exponent"]].first().reset_index()
    return steps.assign(cost=expected_cost(cost, success), gap=np.nanmedian(gap, axis=1))


def _accuracy_scores(rows: pd.DataFrame) -> pd.DataFrame:
    ends = stopped(rows).assign(target=ACCURACY)
    groups = ends.groupby([*CHOICE, "variant", "exponent"], dropna=False)
    means = groups["validation_cross_entropy"].mean() if len(ends) else pd.Series(dtype=float)
    if means.empty:
        return pd.DataFrame()
    return pd.DataFrame({"cost": means, "gap": 0.0}).reset_index()


def chosen(rows: pd.DataFrame, choice: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the comparison's runs at the chosen steps, with the choice's columns."""
    rows = rows[rows["phase"] == "comparison"]
    return rows.merge(choice, on=[*PROBLEM, "rival", "variant"])


def work(rows: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return what tuning cost: PROBLEM, rival, `tuning_runs` and `tuning_cost`, all steps added."""
    rows = tuning_rows(rows)
    ends = rows.groupby([*PROBLEM, "rival", "variant", "replicate"])[currency].max()
    groups = ends.groupby(level=[*PROBLEM, "rival"])
    return groups.agg(tuning_runs="size", tuning_cost="sum").reset_index()
