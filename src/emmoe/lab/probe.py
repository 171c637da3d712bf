"""Runs a probe: a module's measurement on a replicate of an experiment's cell."""

from dataclasses import dataclass
from importlib import import_module

import pandas as pd
from threadpoolctl import threadpool_limits

from emmoe.fitters.base import Fitter
from emmoe.lab.columns import KINDS
from emmoe.lab.scene import Files, scenes
from emmoe.models.objective import Array, Column, Objective
from emmoe.record.components import build_fitter
from emmoe.record.tasks import ProbeTask
from emmoe.store.errors import DataError


@dataclass(frozen=True)
class Probed:
    """What a probe looks at. model: bound to the replicate's sample; start (p,), or (1, p) for a
    stacked model; fitters: the probe's, by name; iterations: how many to do."""

    model: Objective
    start: Array
    fitters: dict[str, Fitter]
    iterations: int


def run_probe(task: ProbeTask, files: Files) -> pd.DataFrame:
    """Return what a probe measures, exactly where the experiment's fitters begin.

    Raises DataError if it measures other columns than it declares."""
    measure = import_module(f"emmoe.measures.probes.{task.measure}")
    with threadpool_limits(limits=1):
        scene = next(
            scenes(task.seed, task.model, task.start, task.cells[0], [task.replicate], files)
        )
        fitters = {name: build_fitter(own) for name, own in task.fitters.items()}
        probed = Probed(scene.bind(), scene.start, fitters, task.iterations)
        table = measure.measure(probed, **task.options)
    known, found = {c.name: c for c in measure.COLUMNS}, set(table)
    if found != set(known) or not all(_is_of_type(table[name], known[name]) for name in known):
        raise DataError(f"probe {task.measure}: its table has other columns than it declares")
    return table


def _is_of_type(values: pd.Series, column: Column) -> bool:
    if isinstance(column.type, str):
        return values.dtype.kind in KINDS[column.type]
    return bool(values.isin(column.type).all())
