"""Coverage of 95 % Wald intervals of mixtures of experts, over the parameters of each case."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.record.reads import Reads

LEVEL = 0.95
COLUMNS = [
    "case", "parameters", "draws", "fits", "observed", "observed_least", "observed_most", "robust",
    "robust_least", "robust_most", "monte_carlo_error",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_coverage")],
) -> pd.DataFrame:
    """Return COLUMNS, a row a case: shares, mean, least and most over parameters, with observed
    information and with sandwich errors; the error is one parameter's, if 95 % is right."""
    rows = []
    for case, table in probes.items():
        row = {"case": case, "parameters": len(table)}
        row |= {name: int(table[name].iloc[0]) for name in ("draws", "fits")}
        for kind in ("observed", "robust"):
            values = table[kind]
            row |= {kind: values.mean(), f"{kind}_least": values.min()}
            row[f"{kind}_most"] = values.max()
        row["monte_carlo_error"] = float(np.sqrt(LEVEL * (1 - LEVEL) / max(row["fits"], 1)))
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)
