"""Runs a fitter from a start: evaluates its states with the clock off, stops it, names the end.

Statuses: converged (|grad L| at most the tolerance), max_iterations, separable (either of these
at an estimate on its way to infinity), diverged (a loss or gradient that is not finite; that state
is left out), skipped (the fitter refuses the model).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from emmoe.fitters.base import Fitter, State
from emmoe.models.base import Array, Model

CONVERGED, MAX_ITERATIONS, SEPARABLE = "converged", "max_iterations", "separable"
DIVERGED, SKIPPED = "diverged", "skipped"

# The row of a run that has no state to show, so that none vanishes from the tables.
BLANK = {"iteration": 0, "passes": 0.0, "loss": np.nan, "gradient_norm": np.nan}

Observer = Callable[[State], dict[str, Array]]


@dataclass
class Recording:
    """rows: one a replicate (by position) and iteration; status and reason: one a replicate;
    cpu_seconds and wall_seconds: cumulative, one an iteration, for all replicates together."""

    status: list[str | None]
    reason: str | None = None
    rows: list[dict] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    wall_seconds: list[float] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """Return the rows, sorted by replicate and iteration, with each run's status."""
        frame = pd.DataFrame(self.rows).sort_values(["replicate", "iteration"], ignore_index=True)
        frame["status"] = frame["replicate"].map(dict(enumerate(self.status)))
        return frame


def record(
    fitter: Fitter,
    model: Model,
    start: Array,
    *,
    iterations: int,
    tolerance: float | None = None,
    observe: Observer = lambda state: {},
    progress: Callable[[int], None] = lambda iteration: None,
) -> Recording:
    """Iterate from start (p,) or (R, p), to `iterations` steps or until |grad L|_2 <= tolerance."""
    count = 1 if start.ndim == 1 else len(start)
    recording = Recording([None] * count)
    reason = fitter.refuses(model)
    if reason is not None:
        return skipped(count, reason)
    model.work.clear()
    states, clocks = fitter.iterate(model, start), [0.0, 0.0]
    ends = np.array(start, ndmin=2)
    for iteration in range(iterations + 1):
        with np.errstate(all="ignore"):
            state, clocks = _timed(states, clocks)
        recording.cpu_seconds.append(clocks[0])
        recording.wall_seconds.append(clocks[1])
        running = [status is None for status in recording.status]
        _append(recording, iteration, state, model.passes(), tolerance, observe)
        ends[running] = np.atleast_2d(state.theta)[running]
        progress(iteration)
        if all(recording.status):
            break
    separable = np.atleast_1d(model.separable(ends.reshape(start.shape)))
    recording.status = [
        _final(status, s) for status, s in zip(recording.status, separable, strict=True)
    ]
    return recording


def _final(status: str | None, separable: bool) -> str:
    if status == DIVERGED:
        return status
    return SEPARABLE if separable else status or MAX_ITERATIONS


def skipped(count: int, reason: str) -> Recording:
    """Return the recording of runs that never started."""
    rows = [{"replicate": replicate, **BLANK} for replicate in range(count)]
    return Recording([SKIPPED] * count, reason, rows)


def _timed(states, clocks: list[float]) -> tuple[State, list[float]]:
    """Return the next state and the CPU and wall clocks, advanced by what it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    state = next(states)
    spent = time.process_time() - cpu, time.perf_counter() - wall
    return state, [clock + s for clock, s in zip(clocks, spent, strict=True)]


def _append(
    recording: Recording,
    iteration: int,
    state: State,
    passes: float,
    tolerance: float | None,
    observe: Observer,
) -> None:
    """Add the rows of the replicates still running and set the status of those that end."""
    losses = np.atleast_1d(state.loss)
    norms = np.linalg.norm(np.atleast_2d(state.gradient).astype(float), axis=1)
    finite = np.isfinite(losses) & np.isfinite(norms)
    for replicate in np.flatnonzero(~finite):
        recording.status[replicate] = recording.status[replicate] or DIVERGED
        if iteration == 0:
            recording.rows.append({"replicate": int(replicate), **BLANK})
    if all(recording.status):
        return
    metrics = {name: np.atleast_1d(values) for name, values in observe(state).items()}
    for replicate, status in enumerate(recording.status):
        if status is not None:
            continue
        row = {"replicate": replicate, "iteration": iteration, "passes": passes}
        row |= {"loss": float(losses[replicate]), "gradient_norm": float(norms[replicate])}
        recording.rows.append(row | {k: float(v[replicate]) for k, v in metrics.items()})
        if tolerance is not None and norms[replicate] <= tolerance:
            recording.status[replicate] = CONVERGED
