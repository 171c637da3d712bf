"""Runs one fitter on one block of cells and replicates."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from emmoe.fitters.base import Fitter, State
from emmoe.lab.recorder import Observer, Recording, record, skipped
from emmoe.models.base import Array, Model, Sample
from emmoe.record.components import build_dataset, build_fitter, build_model
from emmoe.store.errors import DataError
from emmoe.store.seeds import generator

# Which rows of a trace to keep, beside each run's last: `rows` in config.yaml.
KEPT = {
    "all": lambda iteration: True,
    "sparse": lambda iteration: iteration & (iteration - 1) == 0,  # 0, 1, 2, 4, 8, ...
}

Files = dict[str, tuple[Path, str]]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One run, for an analysis: its bound model, the fitter, the truth (p,) or None, the states
    theta_t (iterations + 1, p) and how it ended."""

    model: Model
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


def fit_block(
    task: dict[str, Any], draw: dict[str, np.ndarray], files: Files, report: Report
) -> Fits:
    """Fit all runs of a task (`emmoe.record.cells.fit_task`) from its draw, on one BLAS thread.

    One thread a job, because BLAS sums in another order with two: results must not depend on the
    cores. (The workflow sets the thread counts before any library is loaded, too.)
    files: path and SHA-256 of each download; report is told the progress, in lines."""
    fits = Fits()
    with threadpool_limits(limits=1):
        for number, cell in enumerate(task["cells"]):
            own = {name: values[number] for name, values in draw.items()}
            _fit_cell(fits, task, cell, own, files, report)
    return fits


def _fit_cell(
    fits: Fits, task: dict, cell: dict, draw: dict[str, np.ndarray], files: Files, report: Report
) -> None:
    dataset, model = build_dataset(cell["data"]), build_model(task["model"])
    truths = draw.get("truth", [None] * len(draw["start"]))[: len(task["replicates"])]
    rngs = [generator(task["seed"], cell["key"], r, "sample") for r in task["replicates"]]
    split = generator(task["seed"], cell["key"], 0, "split")
    for positions, sample in dataset.samples(model, truths, rngs, split, files):
        start = draw["start"][positions].astype(dataset.dtype)
        replicates = [task["replicates"][position] for position in positions]
        _fit_sample(
            fits, task, cell["name"], replicates, sample, truths[positions[0]], start, report
        )


def _fit_sample(
    fits: Fits,
    task: dict,
    cell: str,
    replicates: list[int],
    sample: Sample,
    truth: Array | None,
    start: Array,
    report: Report,
) -> None:
    """Fit the replicates that share a sample; one that the model refuses is skipped, not fatal."""
    model, fitter, thetas = build_model(task["model"]), build_fitter(task["fitter"]), []
    try:
        model = model.bind(sample)
        recording = record(
            fitter,
            model,
            start if model.stacked else start[0],
            iterations=task["iterations"],
            tolerance=task["tolerance"],
            keep=KEPT[task["rows"]],
            observe=_observer(model, sample, truth),
            visit=(lambda state: thetas.append(state.theta)) if task["analyses"] else _ignore,
            progress=_Progress(report, replicates, task["iterations"]),
        )
        work = {name: float(count) for name, count in sorted(model.work.items())}
    except DataError as error:
        recording, work = skipped(len(replicates), str(error)), {}
    _collect(fits, recording, work, cell, replicates)
    if task["analyses"]:
        status = recording.status[0]
        run = Run(model.bind(sample), fitter, truth, np.array(thetas), status) if thetas else None
        fits.runs[-1] |= _analysed(run, task["analyses"])


def _analysed(run: Run | None, names: list[str]) -> dict[str, Any]:
    """Return the columns that the named analyses add to a run's row; NaN for one without states."""
    modules = [import_module(f"emmoe.measures.analyses.{name}") for name in names]
    if run is None:
        return {name: np.nan for module in modules for name in module.COLUMNS}
    return {name: value for module in modules for name, value in module.analyse(run).items()}


def _ignore(state: State) -> None:
    """Do nothing with a state."""


def _observer(model: Model, sample: Sample, truth: Array | None) -> Observer:
    """Return what is measured of a state beside its loss, with the clock off."""
    if truth is not None:
        return partial(_against_truth, model, truth, model.bind(sample).loss(truth))
    if sample.test is not None:
        return partial(_held_out, model)
    return lambda state: {}


def _held_out(model: Model, state: State) -> dict[str, Array]:
    return model.held_out(state.theta)


def _against_truth(model: Model, truth: Array, floor: float, state: State) -> dict[str, float]:
    errors = model.recovery_errors(state.theta, truth)
    measured = {f"relative_error_{name}": value for name, value in errors.items()}
    return {"excess_loss_to_truth": state.loss - floor} | measured


def _collect(
    fits: Fits, recording: Recording, work: dict, cell: str, replicates: list[int]
) -> None:
    for position, replicate in enumerate(replicates):
        who, rows = {"cell": cell, "replicate": replicate}, recording.rows_of(position)
        fits.rows += [who | row | who for row in rows]
        run = who | {name: rows[-1][name] for name in ("status", "loss", "gradient_norm")}
        fits.runs.append(run | {"iterations": rows[-1]["iteration"], "reason": recording.reason})
    record = {"cell": cell, "replicates": replicates, "work": work}
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
