"""What the calibration found about a curve: its tables in, the trials of a part out.

The tables are those of results/reference/calibration: settings.csv (setting, family, algorithm,
parameters, accepted), scores.csv (setting, curve_id, part, readings, statistic, critical, met,
spread) and predictions.parquet (setting, curve_id, iteration, mean, std, replicates, ... at the
readings).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from scipy.stats import t as student

from emmoe.audit.parts import Part
from emmoe.audit.verdicts import Search, Trial
from emmoe.calibration.bands import FACTS, JOINTLY, region
from emmoe.calibration.family import Family
from emmoe.calibration.report import declared
from emmoe.calibration.spreads import furthest
from emmoe.evidence.statistics import curve_z

OURS = "our run"
OF_THE_FITTER = ("inner_steps", "step")  # how the names of a fitter's parameters begin


@dataclass(frozen=True)
class Calibration:
    """The three tables, and the families of config.yaml that say what was searched."""

    settings: pd.DataFrame
    scores: pd.DataFrame
    predictions: pd.DataFrame
    families: Mapping[str, Family]

    @cached_property
    def _by_curve(self) -> tuple[dict[Any, pd.DataFrame], dict[Any, pd.DataFrame]]:
        scores, predictions = (t.groupby("curve_id") for t in (self.scores, self.predictions))
        return dict(iter(scores)), dict(iter(predictions))

    @cached_property
    def data(self) -> dict[str, tuple]:
        """By setting, the parameters that are not its fitter's: those of the data and the start."""
        skipped = ("setting", "algorithm", "accepted")
        names = [n for n in self.settings if n not in skipped and not n.startswith(OF_THE_FITTER)]
        rows = self.settings[names].astype(object).where(self.settings[names].notna(), None)
        keys = rows.itertuples(index=False, name=None)
        return dict(zip(self.settings["setting"], keys, strict=True))

    def scored(self, curve: str) -> pd.DataFrame:
        """Return the scores of a curve."""
        return self._by_curve[0].get(curve, self.scores.head(0))

    def predicted(self, curve: str) -> pd.DataFrame:
        """Return the predictions of a curve."""
        return self._by_curve[1].get(curve, self.predictions.head(0))

    def accepted(self, curve: str) -> tuple[str, set[str]]:
        """Return how, and which, settings were accepted at a curve (`emmoe.calibration.bands`)."""
        return region(self.settings, self.scored(curve), self.predicted(curve), curve)


def search(calibration: Calibration, part: Part, level: float) -> Search | None:
    """Return how the searched settings fare at a part; None if its curve was not searched.

    level: of the tests of what Table 2 prints; the others are in the scores."""
    own = calibration.scored(part.predicted_as)
    if own.empty:
        return None
    kind, accepted = calibration.accepted(part.predicted_as)
    if part.predicted_as == part.curve_id:
        trials = _trials(own[own["part"] == part.part])
    else:
        trials = _printed(calibration.predicted(part.predicted_as), part, level)
    settings = calibration.settings.set_index("setting").loc[own["setting"].unique()]
    searched = _region(settings, calibration.families)
    return Search(trials, frozenset(accepted), kind == JOINTLY, searched, _parameters(settings))


def _trials(scores: pd.DataFrame) -> list[Trial]:
    columns = (scores[name] for name in ("setting", "statistic", "critical", "spread"))
    return [Trial(*row) for row in zip(*columns, strict=True)]


def _printed(predictions: pd.DataFrame, part: Part, level: float) -> list[Trial]:
    """The trials of a value that Table 2 prints, from predictions at its iteration.

    The critical value is Student's with the fewer degrees of freedom of the two means."""
    reading = part.readings.iloc[0]
    facts = [[reading[name]] for name in ("reported", "spread", "uncertainty")]
    found = []
    for row in predictions[predictions["iteration"] == reading["iteration"]].itertuples():
        z = curve_z([row.mean], [row.std], int(row.replicates), *facts, part.instances)
        critical = student.ppf(1 - level / 2, min(row.replicates, part.instances) - 1)
        spread = furthest([row.std], *facts[1:])
        found.append(Trial(row.setting, abs(float(z[0])), float(critical), spread))
    return found


def _region(settings: pd.DataFrame, families: Mapping[str, Family]) -> str:
    """How many settings were searched, and where, as config.yaml declares it."""
    one = settings.iloc[0]
    ranges = declared(families[one["family"]], one["algorithm"]).items()
    said = ", ".join(f"{name} {low:.4g} to {high:.4g}" for name, (low, high) in ranges)
    return f"{len(settings)} settings with {said}"


def _parameters(settings: pd.DataFrame) -> dict[str, str]:
    """By setting, what the search varied, as text."""
    names = [name for name in settings if name not in (*FACTS, "accepted")]
    names = [name for name in names if settings[name].dropna().nunique() > 1]
    return {
        setting: ", ".join(f"{n} {row[n]:.4g}" for n in names if pd.notna(row[n]))
        for setting, row in settings.iterrows()
    }


def ratios(calibration: Calibration, curve: str) -> dict[str, float]:
    """Return by setting the largest statistic over critical value of a curve's parts."""
    found: dict[str, float] = {}
    for trial in _trials(calibration.scored(curve)):
        found[trial.setting] = max(trial.ratio, found.get(trial.setting, 0.0))
    return found


def accepted_means(calibration: Calibration, curve: str) -> pd.DataFrame:
    """Return the means that the accepted settings predict of a curve: setting x iteration."""
    own = calibration.predicted(curve)
    own = own[own["setting"].isin(calibration.accepted(curve)[1])]
    return own.pivot(index="setting", columns="iteration", values="mean")
