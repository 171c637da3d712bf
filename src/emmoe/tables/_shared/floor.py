"""How the sample optimum's error depends on n and d: samples, and slopes on log axes."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.store.errors import DataError
from emmoe.tables._shared.runs import joined

MEDIAN_SE = 1.2533  # standard error of a median, in those of a mean, for normal errors


class Power(NamedTuple):
    """The slope on log axes of medians against n or d, and its standard error."""

    slope: float
    error: float


def samples(runs: pd.DataFrame, curves: Mapping[str, str]) -> pd.DataFrame:
    """Return one row a sample that has a theta_hat, of one model, start, angle and pair of norms;
    curves: the fitters to read, every one if empty (theta_hat does not depend on them).

    Raises DataError, in one line, if the table holds several settings, one cell or no theta_hat."""
    table = joined({"runs": runs}, curves, ["recovery_error"])
    for column in ("experiment", "model", "start", "angle", "norm_beta", "norm_w"):
        if table[column].nunique() > 1:
            found = ", ".join(map(str, table[column].unique()))
            raise DataError(f"error_floor: runs of {column} {found}: one is taken")
    # Fitters share a cell's samples, but not every fitter's run need have found theta_hat.
    table = table[table["recovery_error"] > 0].drop_duplicates(["cell", "replicate"])
    if table.empty:
        raise DataError("error_floor: no run has a recovery error")
    if len(table[["n", "d"]].drop_duplicates()) < 2:
        raise DataError("error_floor: runs of one n and d: a slope needs two values")
    return table


def power(values: pd.Series, by: pd.Series) -> Power:
    """Return the least-squares slope of log medians of `values` against log `by`; NaN for one
    point. Its error takes the logs at each point to be normal."""
    groups = np.log(values).groupby(by)
    medians = groups.median()
    x, y = np.log(medians.index.to_numpy(float)), medians.to_numpy()
    if len(x) < 2:
        return Power(np.nan, np.nan)
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    errors = MEDIAN_SE * groups.std().to_numpy() / np.sqrt(groups.size().to_numpy())
    return Power(float(weights @ y), float(np.sqrt(weights**2 @ errors**2)))
