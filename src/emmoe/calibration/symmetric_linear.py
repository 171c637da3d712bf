"""The search for Figures 1 and 2: first the data and start, by EM alone, then the other's steps.

A data setting is a point in the ranges of `data`, and of its choices; the hand-set values of the
experiment are its point 0. A gradient fitter's point is a step for each block, or one for both
("equal"); its reach is the step times the number of inner steps, so that one range serves any
number of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace as with_names
from itertools import product
from math import e
from typing import Any

import pandas as pd
from msgspec.structs import replace

from emmoe.calibration.family import Family
from emmoe.calibration.readings import Curve
from emmoe.calibration.score import Outcome, Plan, evaluate
from emmoe.calibration.simulate import Setting
from emmoe.calibration.space import Point, draw, rounded
from emmoe.record.entries import Component, Experiment, Fitter
from emmoe.record.searches import DataSearch, StepSearch
from emmoe.record.values import Value
from emmoe.store.seeds import generator

DataPoint = dict[str, int | float | str]  # a point of ranges, and what was chosen

BLOCKS = ("beta", "w")
CHOICES = {"angle": None, "cosine_beta": "beta", "cosine_w": "w"}  # the block, of a start's
SHORT = {"gradient_descent": "gd", "gradient_em": "gem"}
WIDER = 1.05  # how much a box reaches beyond the steps it was found by


def hand_set(experiment: Experiment, choices: Iterable[str] = ()) -> DataPoint:
    """Return the data parameters of an experiment; choices: what is searched besides."""
    data, distance = experiment.data.settings, experiment.start.settings["distance"]
    point = {"d": data["d"], "n_over_d": data["n"] / data["d"]}
    point |= {"norm_beta": data["norm_beta"], "norm_w": data["norm_w"]}
    for block in BLOCKS:
        point |= {f"start_{block}": distance[block][0], f"start_{block}_sd": distance[block][1]}
    for name in choices:
        block = CHOICES[name]
        point[name] = experiment.start.settings["cosine"][block] if block else data[name]
    return point


def data_points(family: Family) -> list[DataPoint]:
    """Return the hand-set data parameters, then the drawn ones, of which d is a whole number."""
    rng, search = generator(family.seed, "calibration", 0, "data"), family.search.data
    drawn = draw(search.ranges, search.draws, rng)
    if choices := search.choices or {}:
        combinations = list(product(*choices.values()))
        order = rng.permutation(search.draws) % len(combinations)
        for point, own in zip(drawn, order, strict=True):
            point |= dict(zip(choices, combinations[own], strict=True))
    first = hand_set(family.base, choices)
    return [first, *(point | {"d": round(point["d"])} for point in drawn)]


def coordinates(point: DataPoint, search: DataSearch) -> Point:
    """Return a point with 1 or e for each value of a choice: two points that take other values are
    sqrt(2) apart, where those at the ends of a range of the points are 1 apart."""
    choices = search.choices or {}
    taken = {
        f"{name}={value}": e if point[name] == value else 1
        for name, values in choices.items()
        for value in values
    }
    return {name: value for name, value in point.items() if name not in choices} | taken


def data_setting(number: int, point: DataPoint, base: Experiment) -> Setting:
    """Return EM at a data point, whose number names it."""
    return _setting(_name(number), point, {}, Fitter("em"), base)


def searched(row: Mapping[str, Any], base: Experiment) -> Setting:
    """Return the setting of a row of settings.csv, to be simulated again."""
    steps: dict[str, Any] = {}
    settings: dict[str, Value] = {}
    if row["algorithm"] != "em":
        steps = {"inner_steps": int(row["inner_steps"])}
        steps |= {f"step_{block}": float(row[f"step_{block}"]) for block in BLOCKS}
        settings["step"] = {block: steps[f"step_{block}"] for block in BLOCKS}
    if row["algorithm"] == "gradient_em":
        settings["inner_steps"] = steps["inner_steps"]
    point = {name: row[name] for name in hand_set(base)} | {"d": int(row["d"])}
    point |= {name: _chosen(row[name]) for name in CHOICES if not pd.isna(row.get(name))}
    found = _setting(row["setting"], point, steps, Fitter(row["algorithm"], settings), base)
    return with_names(found, names={row["algorithm"]: row["setting"]})


def _chosen(value: str | float) -> str | float:
    """A choice as a table holds it, where words and numbers share a column."""
    try:
        return float(value)
    except ValueError:
        return value


def is_hand_set(setting: str) -> bool:
    """Return whether a setting, by its name, is at the hand-set data parameters."""
    return setting.startswith(f"{_name(0)}-")


def _name(number: int) -> str:
    return f"linear-{number:03d}"


def _setting(
    name: str, point: DataPoint, steps: Mapping[str, float], fitter: Fitter, base: Experiment
) -> Setting:
    data = {key: point[key] for key in ("d", "norm_beta", "norm_w")}
    data |= {"n": round(point["n_over_d"] * point["d"])}
    distance = {block: [point[f"start_{block}"], point[f"start_{block}_sd"]] for block in BLOCKS}
    start: dict[str, Value] = {"distance": distance}
    if cosine := {block: point[name] for name, block in CHOICES.items() if block and name in point}:
        start["cosine"] = {**base.start.settings["cosine"], **cosine}
    data |= {"angle": point["angle"]} if "angle" in point else {}
    experiment = replace(
        base, data=_changed(base.data, **data), start=_changed(base.start, **start)
    )
    names = {fitter.algorithm: f"{name}-em" if fitter.algorithm == "em" else name}
    return Setting(names, {**point, **steps}, experiment, fitter)


def _changed(component: Component, **settings: Value) -> Component:
    return Component(component.name, {**component.settings, **settings})


def search_steps(
    number: int,
    point: DataPoint,
    family: Family,
    curves: Sequence[Curve],
    plan: Plan,
) -> list[Outcome]:
    """Search the steps of every gradient fitter at one data point, in two rounds.

    The first draws from the declared ranges. The second draws, by block, from between the steps
    with which the block's error, figure 2's curve, met its calibration readings in the first:
    beta's path hardly depends on w's step, and the other way round a little."""
    outcomes = []
    for algorithm, search in family.search.steps.items():
        rounds = _Rounds(number, point, algorithm, search, family)
        for settings in (rounds.first, rounds.second):
            outcomes += [
                rounds.learn(evaluate(setting, curves, plan, {})) for setting in settings()
            ]
    return outcomes


class _Rounds:
    """The settings of one algorithm at one data point."""

    def __init__(
        self,
        number: int,
        point: DataPoint,
        algorithm: str,
        search: StepSearch,
        family: Family,
    ):
        self.number, self.point, self.algorithm = number, point, algorithm
        self.search, self.base = search, family.base
        self.rng = generator(family.seed, _name(number), 0, f"calibration/{algorithm}")
        self.met: dict[str, list[float]] = {block: [] for block in BLOCKS}
        self.count = 0

    def first(self) -> list[Setting]:
        """Draws from the declared ranges and, with the hand-set data, the hand-set steps."""
        ranges = self.search.reach
        settings = self._drawn(ranges, "separate") + self._drawn({"beta": ranges["beta"]}, "equal")
        return settings + ([self._hand_set()] if self.number == 0 else [])

    def second(self) -> list[Setting]:
        """Draws from the box of what the first round's curves left, block by block."""
        if not all(self.met.values()):
            return []
        box = {b: (min(met) / WIDER, max(met) * WIDER) for b, met in self.met.items()}
        low, high = max(v[0] for v in box.values()), min(v[1] for v in box.values())
        equal = self._drawn({"beta": (low, high)}, "equal") if low < high else []
        return self._drawn(box, "separate") + equal

    def learn(self, outcome: Outcome) -> Outcome:
        """Note, by block, the reach with which the block's error met its readings."""
        steps = outcome.setting.parameters
        for score in outcome.first:
            for block, panel in zip(BLOCKS, ("2a", "2b"), strict=True):
                if score["met"] and score["curve_id"] == f"figure_{panel}_{self.algorithm}":
                    self.met[block].append(steps[f"step_{block}"] * steps["inner_steps"])
        return outcome

    def _drawn(self, box: Mapping[str, Sequence[float]], kind: str) -> list[Setting]:
        settings = []
        for reach in draw(box, getattr(self.search.draws, kind), self.rng):
            inner = int(self.rng.choice(self.search.inner_steps))
            reach = {"w": reach["beta"]} | reach
            steps = {block: rounded(reach[block] / inner) for block in BLOCKS}
            settings.append(self._of(f"{self.count:02d}", inner, steps))
            self.count += 1
        return settings

    def _hand_set(self) -> Setting:
        settings = self.base.fitters[self.algorithm].settings
        step = settings["step"]
        steps = step if isinstance(step, Mapping) else dict.fromkeys(BLOCKS, step)
        return self._of("hand", settings.get("inner_steps", 1), steps)

    def _of(self, name: str, inner: int, steps: Mapping[str, float]) -> Setting:
        searched = {"inner_steps": inner} | {f"step_{block}": steps[block] for block in BLOCKS}
        settings: dict[str, Value] = {"step": dict(steps)}
        if self.algorithm == "gradient_em":
            settings["inner_steps"] = inner
        full = f"{_name(self.number)}-{SHORT[self.algorithm]}-{name}"
        return _setting(full, self.point, searched, Fitter(self.algorithm, settings), self.base)
