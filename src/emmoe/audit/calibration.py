"""What the calibration found, as the audit needs it: simulations, and what its settings share.

The tables are those of results/reference/calibration: settings.csv (setting, family, algorithm,
parameters), predictions.parquet (setting, curve_id, iteration, mean, std, replicates, ... at the
readings), of scores.csv the critical values (setting, curve_id, part, readings, critical), and of
fresh/ the same of single settings, a row a seed and reading. Everything else is derived anew.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from emmoe.audit.parts import Parts
from emmoe.audit.simulated import Simulated, of_tables
from emmoe.calibration.symmetric_linear import is_hand_set

OF_THE_FITTER = ("inner_steps", "step")  # how the names of a fitter's parameters begin


@dataclass(frozen=True)
class Calibration:
    """settings: the table; searched: all settings that passed all stages; fresh: by setting, what
    it gives on each fresh seed."""

    settings: pd.DataFrame
    searched: Simulated
    fresh: Mapping[str, Simulated]

    @classmethod
    def empty(cls) -> "Calibration":
        """Return one in which nothing was searched."""
        return cls(pd.DataFrame(columns=["setting"]), Simulated({}, {}), {})

    @cached_property
    def data(self) -> dict[str, Hashable]:
        """By setting, the parameters that are not its fitter's: those of the data and the start."""
        skipped = ("setting", "algorithm", "accepted")
        names = [n for n in self.settings if n not in skipped and not n.startswith(OF_THE_FITTER)]
        rows = self.settings[names].astype(object).where(self.settings[names].notna(), None)
        keys = rows.itertuples(index=False, name=None)
        return dict(zip(self.settings["setting"], keys, strict=True))

    @cached_property
    def hand(self) -> set[str]:
        """The settings that were fitted by hand."""
        return {name for name in self.settings["setting"] if is_hand_set(name)}


def calibration(
    settings: pd.DataFrame,
    scores: pd.DataFrame,
    predictions: pd.DataFrame,
    fresh: pd.DataFrame | None,
    parts: Parts,
    level: float,
) -> Calibration:
    """Return a calibration from its tables; fresh: None if no setting was simulated anew.

    parts: the readings that the critical values in the scores were simulated for."""
    searched = of_tables(predictions, scores, parts, level)
    anew = {}
    for name, rows in fresh.groupby("setting") if fresh is not None else ():
        rows = rows.assign(setting="seed " + rows["seed"].astype(str))
        tests = rows.drop_duplicates(["setting", "curve_id", "part"])
        anew[name] = of_tables(rows, tests, parts, level)
    return Calibration(settings, searched, anew)
