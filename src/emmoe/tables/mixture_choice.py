"""How many experts each sample asks for: criteria over K, the best of each marked.

:title: How many experts each small table asks for
:caption: A row a table and number of experts K; hits are starts of the search that ended at the
    best. A separable fit has no finite maximum: its log-likelihood is the supremum, and it has no
    AIC, BIC and ICL. Held-out log-likelihoods are in nats a row.
"""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads

CRITERIA = {"aic": 1, "bic": 1, "icl": 1, "held_out": -1}  # and the sign that makes it a cost
COLUMNS = [
    "case", "experts", "status", "rows", "parameters", "log_likelihood", "rate", "hits", "starts",
    *CRITERIA, "held_out_se", "best_by",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_choice")],
) -> pd.DataFrame:
    """Return COLUMNS, a row a case and K; best_by: the criteria that are best at this K. Fits
    without a finite maximum have no criterion but the held-out log-likelihood."""
    tables = [_marked(table.assign(case=case)) for case, table in probes.items()]
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _marked(table: pd.DataFrame) -> pd.DataFrame:
    """Return a case's table with what each K is the best by."""
    best = {name: (sign * table[name]).idxmin() for name, sign in CRITERIA.items()}
    told = [", ".join(name for name, row in best.items() if row == own) for own in table.index]
    return table.assign(best_by=told)
