"""The runs of EM whose mirror-descent certificate fails, the largest residual first.

:section: theory
:title: Runs whose certificate fails
:caption: Every run of EM with a mirror-descent residual above the tolerance, the largest first.
"""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import CELL, RUN, joined
from emmoe.tables.certificate import TOLERANCE

NEEDS = ["status", "iterations", "loss", "gradient_norm", "mirror_residual", "mirror_steps"]
COLUMNS = [*CELL, "fitter", "replicate", *NEEDS]


def build(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS], otherwise="em")],
) -> pd.DataFrame:
    """Return COLUMNS, one row a run of EM with steps checked and a residual above the certificate's
    tolerance, or none; status: separable where the estimate goes to infinity."""
    runs = joined(runs_tables, curves or {"em": "EM"}, NEEDS)
    failing = runs[(runs["mirror_steps"] > 0) & ~(runs["mirror_residual"] <= TOLERANCE)]
    worst = failing.sort_values("mirror_residual", ascending=False, kind="stable")
    return worst[COLUMNS].reset_index(drop=True)
