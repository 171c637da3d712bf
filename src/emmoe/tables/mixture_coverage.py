"""Coverage of 95 % Wald intervals of mixtures of experts, over the parameters of each case.

:title: How often 95 % intervals of mixtures of experts hold the truth
:caption: A row a law of data, over its simulated samples: the share of Wald intervals that hold the
    true parameter, in the mean and at least and most over the parameters, with observed
    information, with sandwich errors, and with the complete data's information, a control that must
    fall short. The design's shares are of a separate program, computed before the code was written.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.record.reads import Reads

LEVEL = 0.95
LOW = 0.92  # a share of intervals below which a fit should have warned
KINDS = ("observed", "robust", "complete")
COLUMNS = [
    "case", "parameters", "draws", "fits", "observed", "observed_least", "observed_most", "robust",
    "robust_least", "robust_most", "complete", "complete_least", "complete_most",
    "monte_carlo_error", "low", "warned", *[f"design_{kind}" for kind in KINDS],
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    design: dict[str, dict[str, float]] | None = None,
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_coverage")],
) -> pd.DataFrame:
    """Return COLUMNS, a row a case: shares, mean, least and most over parameters, with observed
    information, sandwich errors, and the complete data's information, a control that fails.

    The Monte Carlo error is one parameter's, if 95 % is right; low: parameters whose observed
    intervals hold the truth less often than LOW; warned: the share of fits with a warning;
    design: mean shares that were computed before, by case."""
    rows = []
    for case, table in probes.items():
        row = {"case": case, "parameters": len(table), "low": int((table["observed"] < LOW).sum())}
        row |= {name: int(table[name].iloc[0]) for name in ("draws", "fits")}
        for kind in KINDS:
            values, known = table[kind], (design or {}).get(case, {})
            row |= {kind: values.mean(), f"{kind}_least": values.min()}
            row |= {f"{kind}_most": values.max(), f"design_{kind}": known.get(kind, np.nan)}
        row["warned"] = table["warned"].iloc[0]
        row["monte_carlo_error"] = float(np.sqrt(LEVEL * (1 - LEVEL) / max(row["fits"], 1)))
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)
