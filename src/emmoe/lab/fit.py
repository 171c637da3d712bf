"""Runs one fitter on one block of cells and replicates."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from emmoe.fitters.base import Fitter, State
from emmoe.lab.recorder import Observer, Recording, record, skipped
from emmoe.lab.scene import Files, Scene, scenes
from emmoe.models.objective import Array, Objective
from emmoe.record.components import build_fitter
from emmoe.record.tasks import FitTask
from emmoe.store.errors import DataError

# Which rows of a trace to keep, beside each run's last: `rows` in config.yaml.
KEPT = {
    "all": lambda iteration: True,
    "sparse": lambda iteration: iteration & (iteration - 1) == 0,  # 0, 1, 2, 4, 8, ...
}

Report = Callable[[str], None]
Names = dict[str, str]  # of the cell and the fitter
Work = dict[str, float]


@dataclass(frozen=True)
class Run:
    """One run, for an analysis: its bound model, the fitter, the truth (p,) or None, the states
    theta_t (iterations + 1, p) and how it ended."""

    model: Objective
    fitter: Fitter
    truth: Array | None
    thetas: Array
    status: str


@dataclass
class Fits:
    """rows: of the trace, one a run and kept iteration; runs: one row a run; records: work and
    times, one a sample."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


def fit_block(task: FitTask, files: Files, report: Report) -> Fits:
    """Fit all runs of a task, on one BLAS thread.

    One thread a job, because BLAS sums in another order with two: results must not depend on the
    cores. (The workflow sets the thread counts before any library is loaded, too.)
    files: path and SHA-256 of each download; report is told the progress, in lines."""
    fits = Fits()
    with threadpool_limits(limits=1):
        for name, fitter in task.fitters.items():
            replicates = [r for r in task.replicates if r < fitter.replicates]
            for cell in task.cells:
                start = (task.seed, task.model, task.start, cell, replicates)
                for scene in scenes(*start, files):
                    _fit_scene(fits, task, {"cell": cell.name, "fitter": name}, scene, report)
    return fits


def _fit_scene(fits: Fits, task: FitTask, names: Names, scene: Scene, report: Report) -> None:
    """Fit the replicates that share a sample; one that the model refuses is skipped, not fatal."""
    entry, thetas = task.fitters[names["fitter"]], []
    fitter = build_fitter(entry)
    try:
        model = scene.bind()
        recording = record(
            fitter,
            model,
            scene.start,
            iterations=entry.iterations,
            tolerance=task.tolerance,
            keep=KEPT[task.rows],
            observe=_observer(model, scene),
            visit=(lambda state: thetas.append(state.theta)) if task.analyses else _ignore,
            progress=_Progress(report, scene.replicates, entry.iterations),
        )
        work = {name: float(count) for name, count in sorted(model.work.items())}
    except DataError as error:
        recording, work = skipped(len(scene.replicates), str(error)), {}
    _collect(fits, recording, work, names, scene.replicates)
    if task.analyses:
        status = recording.status[0]
        run = None
        if thetas:
            run = Run(scene.bind(), fitter, scene.truth, np.array(thetas), status)
        fits.runs[-1] |= _analysed(run, task.analyses)


def _analysed(run: Run | None, names: Sequence[str]) -> dict[str, Any]:
    """Return the columns that the named analyses add to a run's row; NaN for one without states."""
    modules = [import_module(f"emmoe.measures.analyses.{name}") for name in names]
    if run is None:
        return {column.name: np.nan for module in modules for column in module.COLUMNS}
    return {name: value for module in modules for name, value in module.analyse(run).items()}


def _ignore(state: State) -> None:
    """Do nothing with a state."""


def _observer(model: Objective, scene: Scene) -> Observer:
    """Return what is measured of a state beside its loss, with the clock off."""
    if scene.truth is not None:
        return partial(_against_truth, model, scene.truth, scene.bind().loss(scene.truth))
    return lambda state: model.held_out(state.theta) | model.measures(state.theta)


def _against_truth(
    model: Objective, truth: Array, floor: float, state: State
) -> dict[str, Array | float]:
    errors = model.recovery_errors(state.theta, truth)
    measured = {f"relative_error_{name}": value for name, value in errors.items()}
    return {"excess_loss_to_truth": state.loss - floor} | measured | model.measures(state.theta)


def _collect(
    fits: Fits, recording: Recording, work: Work, names: Names, replicates: list[int]
) -> None:
    for position, replicate in enumerate(replicates):
        who, rows = names | {"replicate": replicate}, recording.rows_of(position)
        fits.rows += [who | row | who for row in rows]
        run = who | {name: rows[-1][name] for name in ("status", "loss", "gradient_norm")}
        fits.runs.append(run | {"iterations": rows[-1]["iteration"], "reason": recording.reason})
    record = {"cell": names["cell"], "replicates": replicates, "work": work}
    record["cpu_seconds"] = [round(seconds, 6) for seconds in recording.cpu_seconds]
    record["wall_seconds"] = [round(seconds, 6) for seconds in recording.wall_seconds]
    fits.records.append(record)


class _Progress:
    """Reports, at most every 15 seconds, how far a long fit is and how long it will take."""

    INTERVAL = 15.0

    def __init__(self, report: Report, replicates: list[int], iterations: int):
        self.report, self.iterations = report, iterations
        self.who = f"replicates {replicates[0]}-{replicates[-1]}"
        self.started = self.last = time.monotonic()

    def __call__(self, iteration: int) -> None:
        now = time.monotonic()
        if now - self.last < self.INTERVAL or iteration == 0:
            return
        self.last = now
        left = (now - self.started) / iteration * (self.iterations - iteration)
        self.report(f"{self.who}: iteration {iteration} of {self.iterations}, {left:.0f} s left")
