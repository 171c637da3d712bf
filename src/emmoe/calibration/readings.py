"""The paper's readings, curve by curve, each for calibration or held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from emmoe.calibration.family import Family
from emmoe.evidence import reported as paper
from emmoe.models.objective import Array
from emmoe.store.errors import ConfigError

CALIBRATION, HELD_OUT = "calibration", "held_out"


@dataclass(frozen=True)
class Curve:
    """One algorithm's curve in one panel.

    name: e.g. figure_2a_em; readings: claim_id, iteration (ours, ascending), reported, spread (the
    paper's standard deviation, NaN if not readable), uncertainty (of reading), part; instances: the
    number of runs that the paper's means are over."""

    name: str
    figure: str
    panel: str
    algorithm: str
    metric: str
    readings: pd.DataFrame
    instances: int

    def part(self, name: str) -> pd.DataFrame:
        """Return the calibration or the held-out readings."""
        return self.readings[self.readings["part"] == name]

    def within(self, values: Array) -> "Curve":
        """Return the curve with the readings that simulated values, (replicates, iterations from
        0), reach."""
        return replace(self, readings=self.readings[self.readings["iteration"] < values.shape[1]])


def curves(reported: pd.DataFrame, family: Family) -> list[Curve]:
    """Return the curves of a family's figures, from data/reported/claims.csv as pandas reads it.

    Points that were interpolated or could not be read are left out.
    Raises ConfigError for a declared iteration at which no curve of the figure was read."""
    tidy, found = paper.load(reported), []
    for figure in family.search.figures:
        rows = paper.plotted(tidy, figure)
        rows = rows[rows["value"].notna()]
        declared = family.search.calibration.get(figure, ())
        if missing := sorted(set(declared) - set(rows["iteration"])):
            raise ConfigError(f"calibration: {figure} has no reading at iteration {missing[0]}")
        for (panel, metric, algorithm), own in rows.groupby(["panel", "metric", "algorithm"]):
            readings = _readings(own, declared)
            name = f"{figure}{panel[-1]}_{algorithm}"
            found.append(
                Curve(name, figure, panel, algorithm, metric, readings, family.search.instances)
            )
    return found


def check_agreement(found: Sequence[Curve], family: Family) -> None:
    """Raise ConfigError for a curve that lacks an iteration which accepts the others of its run: a
    setting is accepted by all curves of a run at the same iterations."""
    for curve in found:
        declared = family.search.calibration.get(curve.figure, ())
        if missing := sorted(set(declared) - set(curve.readings["iteration"])):
            raise ConfigError(
                f"calibration: {curve.name} has no reading at iteration {missing[0]}, as other "
                f"curves of {curve.figure} have: declare iterations that all of them have"
            )


def _readings(rows: pd.DataFrame, declared: Sequence[int]) -> pd.DataFrame:
    """One row an iteration: where two sources show one point, which are runs of their own, their
    mean, with half their difference as part of its uncertainty, so that none counts twice."""
    by = rows.sort_values("duplicate_of", kind="stable").groupby("iteration")
    half = (by["value"].max() - by["value"].min()) / 2
    table = pd.DataFrame({"claim_id": by["claim_id"].first(), "reported": by["value"].mean()})
    table["spread"] = by["spread"].mean()
    table["uncertainty"] = np.hypot(by["read_uncertainty"].mean(), half)
    table = table.reset_index()
    table["part"] = np.where(table["iteration"].isin(declared), CALIBRATION, HELD_OUT)
    return table
