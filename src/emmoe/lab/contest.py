"""Runs a contest: all rivals on the same samples from the same starts, one after the other.

All rivals of a contest run in one process, on one thread, so that their clocks compare. First every
step of every rival on the tuning replicates; then, on the other replicates, every rival at the
steps chosen there. Every run may spend the same number of data passes.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from emmoe.evidence.tuning import choose
from emmoe.fitters.base import Fitter, State
from emmoe.lab.recorder import CAPPED, MAX_ITERATIONS, record
from emmoe.lab.scene import Files, Scene, scenes
from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array, Objective
from emmoe.record.components import build_fitter
from emmoe.record.entries import Fitter as Entry
from emmoe.record.registry import name_of
from emmoe.record.step_grid import Variant, variants
from emmoe.record.tasks import Cell, ContestTask
from emmoe.record.values import Settings
from emmoe.store.errors import DataError
from emmoe.store.provenance import digest
from emmoe.theory.optimum import settle

WARM_UP = 2  # iterations

Report = Callable[[str], None]


class _Observer:
    """Measures states with the clock off: operations so far, and what the held-out samples say.

    Of the test set it asks once, at the end, where the validation cross entropy was lowest."""

    def __init__(self, model: Objective):
        self.model, self.best, self.theta = model, np.inf, None
        self.validated = None
        if "validation" in model.held_out_parts:
            self.validated = model.bind(replace(model.sample, test=None))

    def __call__(self, state: State) -> dict[str, Any]:
        work = self.model.flops()
        if self.validated is None:
            return {"flops": work}
        found = self.validated.held_out(state.theta)
        if found["validation_cross_entropy"][0] < self.best:
            self.best, self.theta = found["validation_cross_entropy"][0], state.theta
        return {"flops": work} | found

    def test(self) -> dict[str, float]:
        """Return accuracy and cross entropy on the test set at the best state."""
        if self.theta is None:
            return {}
        tested = self.model.bind(replace(self.model.sample, validation=None))
        return {name: float(value[0]) for name, value in tested.held_out(self.theta).items()}


def run_contest(task: ContestTask, files: Files, report: Report) -> pd.DataFrame:
    """Return the rows of all runs of a contest: for every state what it cost and how good it is;
    what of them is a clock's is in the column cpu_seconds."""
    cells = zip(task.cells, task.facts, strict=True)
    with threadpool_limits(limits=1):
        parts = [_run_cell(task, cell, facts, files, report) for cell, facts in cells]
    return pd.concat(parts, ignore_index=True)


def _run_cell(
    task: ContestTask, cell: Cell, facts: Settings, files: Files, report: Report
) -> pd.DataFrame:
    count = task.replicates
    total = count.tuning + count.comparison
    rivals = {name: variants(own) for name, own in task.rivals.items()}
    where = {"contest": task.contest, "cell": cell.name, "data": digest(cell.key)[:12]}
    where |= {**facts, "dataset": cell.data.name}
    rows: list[dict] = []
    for replicate in range(total):
        comparing = replicate >= count.tuning
        if replicate == count.tuning:
            choice = choose(pd.DataFrame(rows), task.targets)
            rivals = _at_chosen_steps(rivals, choice[choice["cell"] == cell.name])
        report(f"{cell.name}: replicate {replicate + 1} of {total}")
        phase = "comparison" if comparing else "tuning"
        own = where | {"phase": phase, "replicate": replicate}
        passes = getattr(task.passes, phase)
        start = (task.seed, task.model, task.start, cell, [replicate])
        (scene,) = scenes(*start, files)
        rows += [own | row for row in _run_all(task, scene, rivals, passes, replicate == 0)]
    return pd.DataFrame(rows)


def _at_chosen_steps(
    rivals: dict[str, list[Variant]], choice: pd.DataFrame
) -> dict[str, list[Variant]]:
    kept = choice.groupby("rival")["variant"].agg(set)
    return {name: [v for v in found if v.name in kept[name]] for name, found in rivals.items()}


def _run_all(
    task: ContestTask, scene: Scene, rivals: dict[str, list[Variant]], passes: int, first: bool
) -> Iterator[dict]:
    """Yield the rows of every rival on one sample."""
    model, start = scene.bind(), scene.start
    known = {"observations": model.observations, "parameters": start.size}
    known |= {"polished_loss": np.nan}
    if scene.truth is not None and isinstance(model, MirrorModel):
        known["polished_loss"] = settle(model, scene.truth).loss
    for rival, found in rivals.items():
        for number, variant in enumerate(found):
            fitter = build_fitter(Entry(task.rivals[rival].algorithm, variant.settings))
            if first and number == 0 and isinstance(model, MirrorModel):
                # Load what is compiled, before any clock runs.
                record(fitter, scene.bind(), start, iterations=WARM_UP)
            name = {"rival": rival, "variant": variant.name, "exponent": variant.exponent}
            for row in _run(scene.bind(), fitter, start, passes, task.tolerance):
                yield name | known | row


def _run(
    model: Objective, fitter: Fitter, start: Array, passes: int, tolerance: float | None
) -> list[dict]:
    """Return a run's rows; the one with the lowest validation cross entropy has the test's too."""
    observe = _Observer(model)
    # An iteration costs a pass or more, but for those of a search that has come to its end.
    limits = {"iterations": passes, "budget": passes, "tolerance": tolerance}
    recording = record(fitter, model, start, observe=observe, **limits)
    if recording.reason is not None:
        raise DataError(f"{name_of(fitter)}: {recording.reason}")
    status, rows = recording.status[0], recording.rows
    status = CAPPED if status == MAX_ITERATIONS else status
    for row in rows:
        del row["replicate"]
        row |= {"status": status, "cpu_seconds": recording.cpu_seconds[row["iteration"]]}
    tested = observe.test()
    for row in rows:
        if tested and row["validation_cross_entropy"] == observe.best:
            row |= tested
            break
    return rows
