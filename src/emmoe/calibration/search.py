"""The calibration cut into parts: a task is all that a part's numbers depend on.

A part is a stage of a family, and a number: `data` and `steps` of symmetric_linear and its wider
search (the part `steps` n searches at the n-th data setting kept), `em` and `one_step` of
fashion_mnist, `brackets` of fashion_mnist_wider.
"""

from collections.abc import Sequence
from math import ceil

import pandas as pd
from msgspec import Struct

from emmoe.calibration import fashion_mnist, halving, symmetric_linear, wider
from emmoe.calibration.family import Family
from emmoe.calibration.readings import check_agreement, curves
from emmoe.calibration.score import Outcome, Plan, evaluate
from emmoe.calibration.symmetric_linear import DataPoint
from emmoe.lab.fit import Files

Numbered = tuple[int, DataPoint]
BRACKETS = "brackets"


class PartTask(Struct, frozen=True):
    """A part of a family; points: the data settings that it simulates, in the stage `data`."""

    family: Family
    stage: str
    part: int
    points: tuple[Numbered, ...] = ()


def points(family: Family) -> list[Numbered]:
    """Return the number and the point of every data setting of a search of data and start."""
    return list(enumerate(symmetric_linear.data_points(family)))


def counts(family: Family) -> dict[str, int]:
    """Return the number of parts of each stage."""
    if family.search.data is not None:
        simulated = ceil((1 + family.search.data.draws) / family.search.data.per_part)
        return {"data": simulated, "steps": family.search.data.kept}
    if family.search.halving:
        return {BRACKETS: ceil(family.search.halving.points / family.search.halving.bracket)}
    found = fashion_mnist.settings(family)
    return {
        stage: ceil(len(settings) / family.search.grids[stage].per_part)
        for stage, settings in found.items()
    }


def part_task(family: Family, stage: str, part: int) -> PartTask:
    """Return the task of a part."""
    own: Sequence[Numbered] = ()
    if stage == "data":
        own = points(family)[part * family.search.data.per_part :][: family.search.data.per_part]
    return PartTask(family, stage, part, tuple(own))


def search(
    task: PartTask, reported: pd.DataFrame, kept: Sequence[Numbered], files: Files
) -> list[Outcome]:
    """Simulate and score the settings of a part; kept: the data settings at which steps are
    searched."""
    family = task.family
    read = curves(reported, family)
    check_agreement(read, family)
    plan = Plan(family.level, family.search.passes, family.search.stages, family.seed)
    if task.stage == "steps":
        mine = kept[task.part : task.part + 1]
        return [o for n, p in mine for o in symmetric_linear.search_steps(n, p, family, read, plan)]
    if task.stage == BRACKETS:
        size = family.search.halving.bracket
        bracket = wider.points(family)[task.part * size :][:size]
        return halving.search(bracket, family, read, plan, files)
    if task.stage == "data":
        base = family.base
        settings = [symmetric_linear.data_setting(n, point, base) for n, point in task.points]
    else:
        size = family.search.grids[task.stage].per_part
        settings = fashion_mnist.settings(family)[task.stage][task.part * size :][:size]
    return [evaluate(setting, read, plan, files) for setting in settings]
