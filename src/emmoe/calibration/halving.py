"""Successive halving of data points, jointly over a figure's algorithms (Jamieson and Talwalkar,
2016): all are simulated briefly, the nearest a little longer, the last ones in full.

A bracket is searched by one job, so that a search that was stopped goes on where it was.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from emmoe.calibration.family import Family
from emmoe.calibration.readings import CALIBRATION, HELD_OUT, Curve
from emmoe.calibration.score import Outcome, Plan, predicted, scored
from emmoe.calibration.wider import CROSS_ENTROPIES, Drawn, images, simulate
from emmoe.evidence.statistics import curve_z
from emmoe.lab.fit import Files
from emmoe.models.objective import Array
from emmoe.record.searches import Rung, Stage


class Tried(NamedTuple):
    """A setting, what it gives, and by (algorithm, cross entropy) how far that is off."""

    setting: Drawn
    values: Mapping[str, Array]
    distances: Mapping[tuple[str, str], float]


Simulate = Callable[[Drawn, Stage, int | None], Mapping[str, Array]]


def search(
    points: Sequence[Sequence[Drawn]],
    family: Family,
    curves: Sequence[Curve],
    plan: Plan,
    files: Files,
) -> list[Outcome]:
    """Return the outcomes of a bracket: of each setting as many as there are cross entropies."""
    read = images(family.base, family.seed, files)
    kept = {int(t) for curve in curves for t in curve.readings["iteration"]}

    def simulated(setting: Drawn, stage: Stage, most: int | None) -> Mapping[str, Array]:
        size = stage.replicates, stage.iterations
        return simulate(setting, family.seed, *size, read, kept=kept, most=most)

    return halved(points, family.search.halving.rungs, curves, plan, simulated)


def halved(
    points: Sequence[Sequence[Drawn]],
    rungs: Sequence[Rung],
    curves: Sequence[Curve],
    plan: Plan,
    simulated: Simulate,
) -> list[Outcome]:
    """Simulate rung by rung, and what is left by the plan's last stage, whose tests accept."""
    outcomes = []
    for rung in rungs:
        groups = [
            [_tried(setting, curves, simulated(setting, rung, rung.images)) for setting in point]
            for point in points
        ]
        chosen = nearest(groups, rung)
        points = [[tried.setting for tried in group] for group in chosen]
        going_on = {id(tried) for group in chosen for tried in group}
        for tried in (tried for group in groups for tried in group if id(tried) not in going_on):
            outcomes += _outcomes(tried.setting, tried.values, curves, plan, last=False)
    for setting in (setting for point in points for setting in point):
        values = simulated(setting, plan.stages[-1], None)
        outcomes += _outcomes(setting, values, curves, plan, last=True)
    return outcomes


def nearest(groups: Sequence[Sequence[Tried]], rung: Rung) -> list[list[Tried]]:
    """Return the data points that go on, each with its settings that do.

    A data point is as far off as the algorithm that it gives worst, under the cross entropy that is
    best for it: all algorithms share both."""
    joint = [min((_joint(group, name), name) for name in CROSS_ENTROPIES) for group in groups]
    order = sorted(range(len(groups)), key=lambda position: joint[position])[: rung.points]
    return [_best(groups[position], joint[position][1], rung.settings) for position in order]


def _joint(group: Sequence[Tried], cross_entropy: str) -> float:
    algorithms = {algorithm for tried in group for algorithm, _ in tried.distances}
    return max(_sorted(group, algorithm, cross_entropy)[0][0] for algorithm in algorithms)


def _best(group: Sequence[Tried], cross_entropy: str, count: int) -> list[Tried]:
    algorithms = {algorithm for tried in group for algorithm, _ in tried.distances}
    chosen = {
        position
        for algorithm in algorithms
        for _, position in _sorted(group, algorithm, cross_entropy)[:count]
    }
    return [group[position] for position in sorted(chosen)]


def _sorted(group: Sequence[Tried], algorithm: str, cross_entropy: str) -> list[tuple[float, int]]:
    key = algorithm, cross_entropy
    found = ((tried.distances.get(key), position) for position, tried in enumerate(group))
    return sorted((distance, position) for distance, position in found if distance is not None)


def _tried(setting: Drawn, curves: Sequence[Curve], values: Mapping[str, Array]) -> Tried:
    distances = {
        (algorithm, name): max(
            distance(curve, setting.read_as(name).reported(values)[curve.metric])
            for curve in curves
            if curve.algorithm == algorithm
        )
        for algorithm in setting.names
        for name in CROSS_ENTROPIES
    }
    return Tried(setting, values, distances)


def distance(curve: Curve, values: Array) -> float:
    """Return the largest |z| over the calibration readings that were reached; inf if a run
    diverged. Two replicates do not know their scatter, so that reported stands for it."""
    readings = curve.within(values).part(CALIBRATION)
    at = values[:, readings["iteration"]]
    if not np.isfinite(at).all():
        return np.inf
    reported, spread, uncertainty = (
        readings[column].to_numpy(float) for column in ("reported", "spread", "uncertainty")
    )
    std = np.where(np.isnan(spread), at.std(axis=0, ddof=1), spread)
    z = curve_z(at.mean(axis=0), std, len(at), reported, spread, uncertainty, curve.instances)
    return float(np.abs(z).max(initial=0.0))


def _outcomes(
    setting: Drawn,
    values: Mapping[str, Array],
    curves: Sequence[Curve],
    plan: Plan,
    *,
    last: bool,
) -> list[Outcome]:
    return [
        _outcome(setting.read_as(name), values, curves, plan, last=last) for name in CROSS_ENTROPIES
    ]


def _outcome(
    setting: Drawn,
    values: Mapping[str, Array],
    curves: Sequence[Curve],
    plan: Plan,
    *,
    last: bool,
) -> Outcome:
    own = [curve for curve in curves if curve.algorithm in setting.names]
    seen = setting.reported(values)
    scores = scored(setting, own, seen, CALIBRATION, plan, last)
    accepted = {
        algorithm: last and all(s["met"] for s in scores if s["setting"] == name)
        for algorithm, name in setting.names.items()
    }
    if not last:
        return Outcome(setting, scores, scores, [], accepted)
    held_out = scored(setting, own, seen, HELD_OUT, plan, last)
    return Outcome(setting, scores, scores + held_out, predicted(setting, own, seen), accepted)
