"""Targets, and at which cost a run reaches them.

The optimum of a sample is the lowest loss that any fitter, at any step and from any start, has
found on it, the stationary point next to the truth included: never one algorithm's own floor.
"""

from collections.abc import Mapping

import pandas as pd

from emmoe.store.errors import DataError

PROBLEM = ["contest", "cell"]  # one law of data and one law of starts
RIVAL = ["rival", "variant"]
RUN = [*PROBLEM, *RIVAL, "replicate"]
SAMPLE = ["data", "replicate"]  # two contests may start from different points of one sample
CURRENCIES = {
    "iteration": "iterations",
    "passes": "data passes",
    "flops": "FLOPs",
    "cpu_seconds": "CPU seconds",
}
Targets = Mapping[str, float | str]
STATISTICAL = "statistical"


def joined(contests: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several contests, in the order given, as `numbered` does."""
    if not contests:
        raise DataError("inputs: no contest to compare")
    return numbered(pd.concat(contests.values(), ignore_index=True))


def numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a number of their `run` and the `optimum` of their sample, over all of
    them. A run's rows must lie in the order of its iterations."""
    lowest = rows[["loss", "polished_loss"]].min(axis=1)
    optimum = lowest.groupby([rows[name] for name in SAMPLE]).transform("min")
    return rows.assign(run=rows.groupby(RUN, sort=False).ngroup(), optimum=optimum)


def excess(rows: pd.DataFrame, epsilon: float | str) -> pd.Series:
    """Return the width of a target in nats: a number, or "p/2n", the expected excess loss of the
    maximum-likelihood estimate over the truth's, below which differences are noise."""
    if epsilon == "p/2n":
        return rows["parameters"] / (2 * rows["observations"])
    return pd.Series(float(epsilon), index=rows.index)


def reached(rows: pd.DataFrame, targets: Targets, currencies: list[str]) -> pd.DataFrame:
    """Return one row a run and target of numbered rows: RUN, `target`, `exponent`, `success`,
    `capped`, `gap` (the smallest excess loss) and the cost in each currency.

    The cost is that of the first state within the target of the sample's optimum, or else of the
    run's last state. capped: the budget cut the run off, so that it might still have arrived; a
    run that ended without reaching the target, elsewhere or in divergence, never does."""
    gap = rows["loss"] - rows["optimum"]
    last = rows.drop_duplicates("run", keep="last").set_index("run")
    runs = last[[*RUN, "exponent"]].assign(gap=gap.groupby(rows["run"]).min())
    parts = []
    for name, epsilon in targets.items():
        inside = rows.loc[gap <= excess(rows, epsilon), ["run", *currencies]]
        first = inside.drop_duplicates("run").set_index("run").reindex(last.index)
        success = first[currencies[0]].notna()
        capped = ~success & (last["status"] == "capped")
        costs = first.where(success, last[currencies], axis=0)
        parts.append(runs.assign(target=name, success=success, capped=capped, **costs))
    return pd.concat(parts, ignore_index=True)


def stopped(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at which each run was stopped early: its best validation cross entropy."""
    if "validation_cross_entropy" not in rows:
        return rows.iloc[:0]
    scored = rows[rows["validation_cross_entropy"].notna()]
    return scored.loc[scored.groupby("run")["validation_cross_entropy"].idxmin()]
