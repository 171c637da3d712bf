"""The calibration's tables: the settings, and the bands of what the accepted ones predict."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy

from emmoe.calibration.readings import CALIBRATION, Curve
from emmoe.calibration.symmetric_linear import CHOICES

FACTS = ["setting", "family", "algorithm"]
PARAMETERS = [
    "d", "n_over_d", "norm_beta", "norm_w", "start_beta", "start_beta_sd", "start_w",
    "start_w_sd", "inner_steps", "step_beta", "step_w", "step_gate", "step_experts",
    "train_size", "start_variance", "ridge", "intercept",
]  # fmt: skip
CROSS_ENTROPY = "cross_entropy"  # a parameter, too, by name
CONFIDENCE = 0.95  # of the sampling error in a band, two-sided
JOINTLY, ALONE, NOWHERE = "jointly", "for the curve", "none"


def settings_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return settings.csv: FACTS, PARAMETERS and CROSS_ENTROPY (missing where they do not apply),
    those of CHOICES (numbers or words) that any row has, accepted."""
    found = pd.DataFrame(rows)
    texts = [CROSS_ENTROPY, *(name for name in CHOICES if name in found)]
    frame = found.reindex(columns=[*FACTS, *PARAMETERS, *texts, "accepted"])
    whole = dict.fromkeys(("d", "inner_steps", "train_size", "intercept"), "Int64")
    return frame.astype({**whole, "accepted": bool})


def region(
    settings: pd.DataFrame, scores: pd.DataFrame, predictions: pd.DataFrame, curve: str
) -> tuple[str, set[str]]:
    """Return the settings that a curve's band is over, and how they were accepted: jointly, by all
    calibration curves of their algorithm; if there are none, for the curve, by its own calibration
    readings. Only settings that passed all stages have predictions, and count."""
    passed = set(predictions[predictions["curve_id"] == curve]["setting"])
    jointly = passed & set(settings[settings["accepted"]]["setting"])
    own = scores[(scores["curve_id"] == curve) & (scores["part"] == CALIBRATION)]
    alone = passed & set(own[own["met"].astype(bool)]["setting"])
    return (JOINTLY, jointly) if jointly else (ALONE, alone) if alone else (NOWHERE, set())


def bands(
    settings: pd.DataFrame, scores: pd.DataFrame, predictions: pd.DataFrame, curves: Sequence[Curve]
) -> pd.DataFrame:
    """Return bands.csv, a row a reading: curve_id, metric, iteration, part, reported, low, high,
    settings (the number that the band is over), accepted (how: see `region`).

    low and high: the smallest and largest over the settings of mean -+ t std sqrt(1/m2 + 1/m1),
    the sampling errors of our m2 and the paper's m1 instances; missing without any setting."""
    found = ((curve, region(settings, scores, predictions, curve.name)) for curve in curves)
    return pd.concat([_band(c, *r, predictions) for c, r in found], ignore_index=True)


def _band(curve: Curve, accepted: str, names: set[str], predictions: pd.DataFrame) -> pd.DataFrame:
    own = predictions[
        (predictions["curve_id"] == curve.name) & predictions["setting"].isin(names)
    ].astype({"mean": float, "std": float})
    m2 = own["replicates"].to_numpy(float)
    quantile = scipy.special.stdtrit(m2 - 1, (1 + CONFIDENCE) / 2)  # of Student's t
    half = quantile * own["std"] * np.sqrt(1 / m2 + 1 / curve.instances)
    edges = own.assign(low=own["mean"] - half, high=own["mean"] + half).groupby("iteration")
    found = edges.agg(low=("low", "min"), high=("high", "max"), settings=("setting", "nunique"))
    table = curve.readings[["iteration", "part", "reported"]].join(found, on="iteration")
    table = table.assign(settings=table["settings"].fillna(0).astype(int), accepted=accepted)
    table.insert(0, "curve_id", curve.name)
    table.insert(1, "metric", curve.metric)
    return table
