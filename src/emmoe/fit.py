"""Runs one fitter on one block of cells and replicates."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from emmoe.components import build_dataset, build_fitter, build_model
from emmoe.fitters.base import State
from emmoe.models.base import Array, Model, Sample
from emmoe.recorder import Observer, Recording, record
from emmoe.seeds import generator

Files = dict[str, tuple[Path, str]]
Report = Callable[[str], None]


@dataclass
class Fits:
    """traces: long tables, one a sample; runs: status, work and times, one record a sample."""

    traces: list[pd.DataFrame] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)


def fit_block(
    task: dict[str, Any], draw: dict[str, np.ndarray], files: Files, report: Report
) -> Fits:
    """Fit all runs of a task (`emmoe.grid.fit_task`) from its draw, on one BLAS thread.

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
        bound = model.bind(sample)
        start = draw["start"][positions].astype(dataset.dtype)
        replicates = [task["replicates"][position] for position in positions]
        recording = record(
            build_fitter(task["fitter"]),
            bound,
            start if model.stacked else start[0],
            iterations=task["iterations"],
            tolerance=task["tolerance"],
            observe=_observer(bound, sample, truths[positions[0]]),
            progress=_Progress(report, replicates, task["iterations"]),
        )
        _collect(fits, recording, bound, cell["name"], replicates)


def _observer(model: Model, sample: Sample, truth: Array | None) -> Observer:
    """Return what is measured of a state beside its loss, with the clock off."""
    if truth is not None:
        floor = model.bind(sample).loss(truth)
        return lambda state: _against_truth(model, state, truth, floor)
    if sample.test is not None:
        return lambda state: model.held_out(state.theta)
    return lambda state: {}


def _against_truth(model: Model, state: State, truth: Array, floor: float) -> dict[str, float]:
    errors = model.recovery_errors(state.theta, truth)
    measured = {f"relative_error_{name}": value for name, value in errors.items()}
    return {"excess_loss_to_truth": state.loss - floor} | measured


def _collect(
    fits: Fits, recording: Recording, model: Model, cell: str, replicates: list[int]
) -> None:
    frame = recording.frame()
    frame["replicate"] = np.array(replicates)[frame["replicate"]]
    frame.insert(0, "cell", cell)
    fits.traces.append(frame)
    record = {"cell": cell, "replicates": replicates, "status": recording.status}
    record |= {"reason": recording.reason, "work": dict(model.work)}
    record["cpu_seconds"] = [round(seconds, 6) for seconds in recording.cpu_seconds]
    record["wall_seconds"] = [round(seconds, 6) for seconds in recording.wall_seconds]
    fits.runs.append(record)


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
