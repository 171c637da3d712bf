"""Whether instances scatter as much as the paper's: the other half of what a curve reports.

A test of means alone favours settings whose instances scatter widely: their mean is uncertain, so
it is near everything. So a setting meets a curve only if its standard deviation, too, is within a
factor LIMIT of the reported one at every reading. That is wide: with 16 and 50 normal instances the
ratio's logarithm has a standard error of 0.21, and log(3) is five times that, which leaves room for
heavy tails.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emmoe.calibration.readings import CALIBRATION, Curve
from emmoe.models.objective import Array

LIMIT = 3.0


def factors(std: Array, reported: Array, uncertainty: Array) -> Array:
    """Return the factors, at least 1, between standard deviations and the reported ones; 1 where
    those are not readable, infinite where ours is not finite.

    std (..., k), reported, uncertainty (k,): ours; theirs, NaN where not readable; of reading a
    mean. A spread is read as a difference of two points, so ours has the factor 1 anywhere within
    sqrt(2) uncertainties of theirs."""
    slack = np.sqrt(2) * uncertainty
    with np.errstate(divide="ignore", invalid="ignore"):
        above, below = std / (reported + slack), np.maximum(reported - slack, 0) / std
        found = np.maximum(np.fmax(above, below), 1.0)
    return np.where(np.isnan(reported), 1.0, np.nan_to_num(found, nan=np.inf, posinf=np.inf))


def furthest(std: Array, reported: Array, uncertainty: Array) -> float:
    """Return the largest of the factors (k,) between standard deviations, at least 1."""
    columns = (np.asarray(v, float) for v in (std, reported, uncertainty))
    return float(factors(*columns).max(initial=1.0))


def checked(
    scores: pd.DataFrame, predictions: pd.DataFrame, curves: Sequence[Curve]
) -> pd.DataFrame:
    """Return the scores with `spread`, the largest factor over the part's readings, and `met` only
    where it is at most LIMIT; NaN, and not met, of settings dropped before the last stage."""
    rows = [
        {"setting": setting, "curve_id": curve.name, "part": name, "spread": factor}
        for curve in curves
        for name in curve.readings["part"].unique()
        for setting, factor in _by_setting(predictions, curve, name).items()
    ]
    keys = ["setting", "curve_id", "part"]
    found = scores.merge(pd.DataFrame(rows, columns=[*keys, "spread"]), on=keys, how="left")
    return found.assign(met=found["met"].astype(bool) & (found["spread"] <= LIMIT))


def _by_setting(predictions: pd.DataFrame, curve: Curve, part: str) -> dict[str, float]:
    readings = curve.part(part).set_index("iteration")[["spread", "uncertainty"]]
    own = predictions[predictions["curve_id"] == curve.name]
    own = own.join(readings, on="iteration", how="inner")
    return {
        setting: furthest(rows["std"], rows["spread"], rows["uncertainty"])
        for setting, rows in own.groupby("setting")
    }


def accepted(settings: pd.DataFrame, scores: pd.DataFrame) -> pd.Series:
    """Return, for every row of settings, whether it was accepted and still meets all calibration
    readings of its algorithm's curves (scores: as `checked` returns them)."""
    failed = scores[(scores["part"] == CALIBRATION) & ~scores["met"]]["setting"]
    return settings["accepted"] & ~settings["setting"].isin(failed)
