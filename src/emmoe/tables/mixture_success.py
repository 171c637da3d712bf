"""How often the default's starts reach the best that is known of each problem.

:title: How often twenty starts find the best of four hundred
:caption: A row a problem, with 20 seeds of the default's twenty starts. Success: some start of the
    seed ends within 0.05 nats of the best of all seeds; a start: the share of single starts that
    do. The design's shares are of problems of the same size and kind, computed before the code was
    written. The means are over problems whose best is a certified maximum, and over those where
    it is a supremum at infinity, which few starts find.
"""

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

import numpy as np
import pandas as pd

from emmoe.evidence.shares import wilson
from emmoe.record.reads import Reads

MEAN = "mean where a maximum is the best"
SUPREMUM = "mean where a supremum is the best"
COLUMNS = [
    "problem", "rows", "covariates", "experts", "seeds", "best", "status", "success",
    "success_low", "success_high", "a_start", "design_success", "design_a_start", "iterations",
]  # fmt: skip


class Known(TypedDict):
    """Shares that the design computed for a problem of that kind: of fits, and of single starts."""

    success: float
    a_start: NotRequired[float]


def build(
    *,
    curves: Mapping[str, str],
    design: dict[str, Known] | None = None,
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_success")],
) -> pd.DataFrame:
    """Return COLUMNS, a row a problem, and the means over those whose best is a maximum, and over
    those where it is a supremum at infinity.

    best: the highest log-likelihood of all seeds and starts, in nats, and its status; success: the
    share of seeds with a start within 0.05 nats of it, with its 95 % interval (Wilson, 1927);
    a_start: that of single starts; iterations: of EM, a seed."""
    rows = [_row(name, table, (design or {}).get(name)) for name, table in probes.items()]
    found = pd.DataFrame(rows, columns=COLUMNS)
    shares = ["success", "a_start", "design_success", "design_a_start"]
    means = [
        {"problem": name, "seeds": own["seeds"].sum(), **own[shares].mean()}
        for name, status in ((MEAN, "maximum"), (SUPREMUM, "separable"))
        if len(own := found[found["status"] == status])
    ]
    return pd.concat([found, pd.DataFrame(means)], ignore_index=True)[COLUMNS]


def _row(name: str, table: pd.DataFrame, known: Known | None) -> dict:
    """Return what a problem's seeds came to."""
    top = table.loc[table["log_likelihood"].idxmax()]
    reached, seeds = int((table["hits"] > 0).sum()), len(table)
    low, high = wilson(reached, seeds)
    return {
        "problem": name,
        **{column: int(top[column]) for column in ("rows", "covariates", "experts")},
        "seeds": seeds,
        "best": top["log_likelihood"],
        "status": top["status"],
        "success": reached / seeds,
        "success_low": low,
        "success_high": high,
        "a_start": table["hits"].sum() / table["starts"].sum(),
        "design_success": known["success"] if known else np.nan,
        "design_a_start": known.get("a_start", np.nan) if known else np.nan,
        "iterations": table["iterations"].mean(),
    }
