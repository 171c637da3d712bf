"""Simulates a setting in stages and scores it against the readings, curve by curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emmoe.calibration.readings import CALIBRATION, HELD_OUT, Curve
from emmoe.calibration.simulate import TO_FINAL, Setting, simulate
from emmoe.evidence.statistics import curve_test
from emmoe.lab.fit import Files
from emmoe.models.objective import Array
from emmoe.record.searches import Stage
from emmoe.store.seeds import generator

Score = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How settings are judged: level, of every test; passes: "all" or "any" of its calibration
    curves a setting must meet to go on; stages: replicates and iterations, the last one's count;
    seed: the base seed."""

    level: float
    passes: str
    stages: Sequence[Stage]
    seed: int


@dataclass(frozen=True)
class Outcome:
    """first: the calibration scores of the first stage; scores: those of the last stage that it
    came to and, of a setting that passed all, the held-out ones; predictions: mean and std at all
    readings, empty unless it passed all; accepted: by algorithm, whether it met all calibration
    readings of the algorithm's curves in the last stage."""

    setting: Setting
    first: list[Score]
    scores: list[Score]
    predictions: list[dict[str, Any]]
    accepted: dict[str, bool]

    def rows(self, family: str) -> list[dict[str, Any]]:
        """Return the setting's rows of settings.csv."""
        return [
            {"setting": name, "family": family, "algorithm": algorithm}
            | dict(self.setting.parameters)
            | {"accepted": self.accepted[algorithm]}
            for algorithm, name in self.setting.names.items()
        ]


def evaluate(setting: Setting, curves: Sequence[Curve], plan: Plan, files: Files) -> Outcome:
    """Simulate a setting stage by stage until it fails one, and score it.

    Only calibration readings decide; held-out ones are scored after the last decision."""
    own = [curve for curve in curves if curve.algorithm in setting.names]
    first, scores = [], []
    for stage in plan.stages:
        last = stage is plan.stages[-1]
        values = simulate(setting, plan.seed, stage.replicates, stage.iterations, files)
        scores = scored(setting, own, values, CALIBRATION, plan, last)
        first = first or scores
        if not {"all": all, "any": any}[plan.passes](score["met"] for score in scores):
            return Outcome(setting, first, scores, [], dict.fromkeys(setting.names, False))
    accepted = {
        algorithm: all(s["met"] for s in scores if s["setting"] == name)
        for algorithm, name in setting.names.items()
    }
    scores = scores + scored(setting, own, values, HELD_OUT, plan, last)
    return Outcome(setting, first, scores, predicted(setting, own, values), accepted)


def scored(
    setting: Setting,
    curves: Sequence[Curve],
    values: Mapping[str, Array],
    part: str,
    plan: Plan,
    last: bool,
) -> list[Score]:
    """Score the curves that have readings of a part among the iterations simulated. The loss at
    the end is known in the last stage only."""
    scores = []
    for curve in curves:
        readings = curve.within(values[curve.metric]).part(part)
        if len(readings) and (last or curve.metric != TO_FINAL):
            scores.append(_score(setting, curve, readings, values[curve.metric], part, plan))
    return scores


def _score(
    setting: Setting, curve: Curve, readings: pd.DataFrame, values: Array, part: str, plan: Plan
) -> Score:
    name = setting.names[curve.algorithm]
    score = {"setting": name, "curve_id": curve.name, "part": part, "readings": len(readings)}
    at = values[:, readings["iteration"]]
    if not np.isfinite(at).all():  # a run diverged
        return score | {"statistic": np.inf, "critical": np.nan, "met": False}
    columns = (readings[column].to_numpy() for column in ("reported", "spread", "uncertainty"))
    rng = generator(plan.seed, f"{name}/{curve.name}/{part}", 0, "calibration test")
    test = curve_test(at, *columns, curve.instances, rng=rng, level=plan.level)
    return score | {"statistic": test.statistic, "critical": test.critical, "met": test.met}


def predicted(
    setting: Setting, curves: Sequence[Curve], values: Mapping[str, Array]
) -> list[dict[str, Any]]:
    rows = []
    for curve in curves:
        readings = curve.within(values[curve.metric]).readings
        at = values[curve.metric][:, readings["iteration"]]
        facts = {"setting": setting.names[curve.algorithm], "curve_id": curve.name}
        facts |= {"figure": curve.figure, "panel": curve.panel}
        facts |= {"algorithm": curve.algorithm, "metric": curve.metric}
        for iteration, mean, std in zip(
            readings["iteration"], at.mean(axis=0), at.std(axis=0, ddof=1), strict=True
        ):
            row = {"iteration": iteration, "mean": mean, "std": std, "replicates": len(at)}
            rows.append(facts | row)
    return rows
