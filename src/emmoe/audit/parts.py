"""The parts of the paper's curves that are judged as a whole."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from emmoe.calibration.family import Family
from emmoe.calibration.readings import CALIBRATION, HELD_OUT, curves
from emmoe.evidence.statistics import CurveTest, curve_test
from emmoe.store.seeds import generator

TABLE = "table_2"
SHOWN_IN = {"test_accuracy": "figure_3a", "loss": "figure_3b"}  # the runs that Table 2 prints


class Setup(NamedTuple):
    """level: of every test; seed: of the simulations of critical values."""

    level: float
    seed: int


class Part(NamedTuple):
    """The calibration or the held-out readings of a curve, or a value that Table 2 prints.

    curve_id: e.g. figure_2a_em, table2_em_accuracy; predicted_as: the curve that predictions of it
    are filed under; readings: claim_id, iteration, reported, spread, uncertainty; instances: behind
    them."""

    curve_id: str
    part: str
    predicted_as: str
    where: str
    model: str
    algorithm: str
    metric: str
    readings: pd.DataFrame
    instances: int


Parts = dict[tuple[str, str], Part]


def parts(claims: pd.DataFrame, families: Mapping[str, Family]) -> Parts:
    """Return the parts of all curves and of Table 2 by (curve_id, part).

    claims: as `emmoe.evidence.reported.load` returns them; families: of config.yaml's calibration.
    Table 2 prints the runs of Figure 3 at iteration 100 and was never used for calibration."""
    models = claims.groupby("panel")["model"].first()
    found = {}
    for family in families.values():
        for curve in curves(claims, family):
            for name in (CALIBRATION, HELD_OUT):
                if len(readings := curve.part(name)):
                    found[curve.name, name] = Part(
                        curve.name, name, curve.name, f"figure_{curve.panel}", models[curve.panel],
                        curve.algorithm, curve.metric, readings, curve.instances,
                    )  # fmt: skip
    for claim in claims[(claims["where"] == TABLE) & (claims["kind"] == "value")].itertuples():
        found[claim.claim_id, HELD_OUT] = Part(
            claim.claim_id, HELD_OUT, f"{SHOWN_IN[claim.metric]}_{claim.algorithm}", TABLE,
            claim.model, claim.algorithm, claim.metric, _printed(claim), int(claim.instances),
        )  # fmt: skip
    return found


def _printed(claim: Any) -> pd.DataFrame:
    row = {"claim_id": claim.claim_id, "iteration": int(claim.iteration)}
    row |= {"reported": claim.value, "spread": claim.spread}
    return pd.DataFrame([row | {"uncertainty": claim.read_uncertainty}])


def readings(found: Parts, where: str, algorithm: str, metric: str) -> pd.DataFrame:
    """Return all readings of an algorithm in a panel, by iteration; empty if there are none."""
    own = [
        part.readings
        for part in found.values()
        if (part.where, part.algorithm, part.metric) == (where, algorithm, metric)
    ]
    columns = ["iteration", "reported", "spread", "uncertainty"]
    table = pd.concat(own) if own else pd.DataFrame(columns=columns)
    return table[columns].astype(float).set_index("iteration").sort_index()


def test(part: Part, ours: np.ndarray, setup: Setup) -> CurveTest:
    """Return the test of our values (replicates, readings) against a part's readings."""
    columns = (part.readings[name].to_numpy() for name in ("reported", "spread", "uncertainty"))
    rng = generator(setup.seed, f"{part.curve_id}/{part.part}", 0, "audit")
    return curve_test(ours, *columns, part.instances, rng=rng, level=setup.level)
