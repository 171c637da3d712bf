"""Strict local minima of L that are not the optimum, found by runs that ended there.

Verified means: loss at least 1e-3 nats above theta_hat's (outcome "elsewhere"), |grad L| at most
GRADIENT, and Hess L positive definite. limit_rate = lambda_max(M) there: below 1, EM contracts.

:section: theory
:title: Strict local minima that are not the optimum
:caption: Points where runs ended at least 1e-3 nats above the optimum with a vanishing gradient and
    a positive definite Hessian. A limit rate below 1 says that EM contracts to it.
"""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import RUN, joined

GRADIENT = 1e-10
MOST = 40
NEEDS = ["outcome", "loss_gap", "limit_gradient", "limit_curvature", "limit_rate", "iterations"]
PLACE = ["experiment", "model", "start", "cell", "fitter"]
COLUMNS = [
    "experiment", "model", "start", "angle", "norm_beta", "norm_w", "cell", "fitter", "replicate",
    "loss_gap", "limit_gradient", "limit_curvature", "limit_rate", "iterations", "cases", "runs",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS], otherwise="em")],
) -> pd.DataFrame:
    """Return COLUMNS: the MOST verified cases with the largest loss gap, largest first.

    curves: the fitters to look at, "em" if empty. loss_gap: L(limit) - L(theta_hat) in nats;
    limit_curvature: smallest eigenvalue of Hess L; cases, runs: how many verified cases and how
    many runs there are in that cell.
    """
    runs = joined(runs_tables, curves or {"em": "EM"}, NEEDS)
    runs["runs"] = runs.groupby(PLACE)["replicate"].transform("size")
    found = verified(runs)
    found = found.assign(cases=found.groupby(PLACE)["replicate"].transform("size"))
    # Stable: equal gaps stay in the order of cell, fitter and replicate.
    worst = found.sort_values("loss_gap", ascending=False, kind="stable", ignore_index=True)
    return worst.head(MOST)[COLUMNS]


def verified(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that ended in a strict local minimum above theta_hat."""
    stationary = (runs["limit_gradient"] <= GRADIENT) & (runs["limit_curvature"] > 0)
    return runs[(runs["outcome"] == "elsewhere") & stationary]
