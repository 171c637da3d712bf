"""How well the Jacobian at the limit predicts the observed rate, per model and fitter.

Differences are of log10: rate_gap between the two rates, curve_gap the largest along the fitted
stretch of a run. The defect is |e_{t+1} - J e_t|, of order |e_t|^2: its slope should be 2.

:section: theory
:title: How well theory predicts the observed rate
:caption: Differences of log10: rate gap between the two rates, curve gap the largest along the
    fitted stretch of a run. The defect's slope should be 2.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import RESOLVED, RUN, arrived, joined, resolved

NEEDS = [*RESOLVED, "status", "rho_hat", "curve_gap", "defect_slope"]
INFORMATIVE = (0.05, 0.95)  # rho_hat between which a run is long enough and ends within the cap
COLUMNS = [
    "model", "fitter", "runs", "optimum", "resolved", "unresolved", "informative",
    "resolved_share", "rate_gap_max", "rate_gap_median", "curve_gap_max", "curve_gap_median",
    "defect_slope_median", "defect_slope_low", "defect_slope_high",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS])],
) -> pd.DataFrame:
    """Return COLUMNS, one row a model and fitter; of all fitters, if curves is empty.

    optimum: runs that converged to theta_hat; resolved: those with a rate; unresolved: those
    without. resolved_share: of the `informative`
    runs, which converged to theta_hat with rho_hat inside INFORMATIVE. defect_slope_low and _high:
    5 and 95 % quantiles over the runs that come near theta_hat.
    """
    return agreement(joined(runs_tables, curves, NEEDS), curves)


def agreement(runs: pd.DataFrame, curves: Mapping[str, str]) -> pd.DataFrame:
    """Return the table of `build` from runs that are already joined."""
    fitters = [f for f in curves or sorted(runs["fitter"].unique())]
    rows = [
        {"model": model, "fitter": fitter} | _row(part[part["fitter"] == fitter])
        for model, part in runs.groupby("model")
        for fitter in fitters
        if (part["fitter"] == fitter).any()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def rate_gap(runs: pd.DataFrame) -> pd.Series:
    """Return |log10 observed - log10 predicted| rate of the resolved runs."""
    found = runs[resolved(runs)]
    return (np.log10(found["rate"]) - np.log10(found["rate_predicted"])).abs()


def _row(runs: pd.DataFrame) -> dict:
    optimum, found = runs["outcome"] == "optimum", resolved(runs)
    inside = runs["rho_hat"].between(*INFORMATIVE, inclusive="neither")
    informative = optimum & inside & (runs["status"] == "converged")
    gaps, curve_gaps = rate_gap(runs), runs.loc[found, "curve_gap"]
    slopes = runs.loc[arrived(runs), "defect_slope"]
    return {
        "runs": len(runs),
        "optimum": int(optimum.sum()),
        "resolved": int(found.sum()),
        "unresolved": int((optimum & ~found).sum()),
        "informative": int(informative.sum()),
        "resolved_share": found[informative].mean() if informative.any() else np.nan,
        "rate_gap_max": gaps.max(),
        "rate_gap_median": gaps.median(),
        "curve_gap_max": curve_gaps.max(),
        "curve_gap_median": curve_gaps.median(),
        "defect_slope_median": slopes.median(),
        "defect_slope_low": slopes.quantile(0.05),
        "defect_slope_high": slopes.quantile(0.95),
    }
