"""Runs a fitter from a start: evaluates its states with the clock off, stops it, names the end.

Statuses: converged (|grad L| at most the tolerance), max_iterations, separable (either of these
at an estimate on its way to infinity), diverged (a loss or gradient that is not finite; that state
is left out), skipped (the fitter refuses the model), capped (the next state costs more data passes
than the budget).
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from emmoe.fitters.base import Fitter, State
from emmoe.models.objective import Array, Objective, OutOfBudget

CONVERGED, MAX_ITERATIONS, SEPARABLE = "converged", "max_iterations", "separable"
DIVERGED, SKIPPED, CAPPED = "diverged", "skipped", "capped"

# The row of a run that has no state to show, so that none vanishes from the tables.
BLANK = {"iteration": 0, "passes": 0.0, "flops": 0.0, "loss": np.nan, "gradient_norm": np.nan}

Observer = Callable[[State], dict[str, Array]]


@dataclass
class Recording:
    """rows: one a replicate (by position) and kept iteration; status and reason: one a replicate;
    cpu_seconds and wall_seconds: cumulative, one an iteration, for all replicates together."""

    status: list[str | None]
    reason: str | None = None
    rows: list[dict] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    wall_seconds: list[float] = field(default_factory=list)

    def rows_of(self, replicate: int) -> list[dict]:
        """Return the rows of a replicate (by position), each with its status."""
        status = {"status": self.status[replicate]}
        return [row | status for row in self.rows if row["replicate"] == replicate]


class _Snapshot(NamedTuple):
    """What is known of a state without observing it; losses and norms: one a replicate."""

    iteration: int
    state: State
    losses: list[float]
    norms: list[float]
    passes: float
    flops: float


def record(
    fitter: Fitter,
    model: Objective,
    start: Array,
    *,
    iterations: int,
    tolerance: float | None = None,
    budget: float = math.inf,
    keep: Callable[[int], bool] = lambda iteration: True,
    observe: Observer = lambda state: {},
    enough: Callable[[dict], bool] = lambda row: False,
    visit: Callable[[State], None] = lambda state: None,
    progress: Callable[[int], None] = lambda iteration: None,
) -> Recording:
    """Iterate from start, (p,) or (R, p), to `iterations`, |grad L|_2 <= tolerance or a kept row
    that is enough, within a budget of data passes. A run has rows of kept iterations and of its
    last; observe gives their other columns, visit sees every finite state, the clock off."""
    count = 1 if start.ndim == 1 else len(start)
    recording = Recording([None] * count)
    reason = fitter.refuses(model)
    if reason is not None:
        return skipped(count, reason)
    model.work.clear()
    model.limit = budget
    states = fitter.iterate(model, start)
    ends: list[Array | None] = [None] * count
    before = None
    for iteration in range(iterations + 1):
        state = _timed(states, recording)
        running = [r for r, status in enumerate(recording.status) if status is None]
        if state is None or model.passes() > budget:
            _append_last(recording, before, running, keep, observe)
            recording.status = [status or CAPPED for status in recording.status]
            break
        now = _Snapshot(iteration, state, *_sizes(state), model.passes(), float(model.flops()))
        diverged = _update(recording.status, now, tolerance)
        _append_last(recording, before, diverged, keep, observe)
        alive = [r for r in running if r not in diverged]
        if alive:
            visit(state)
        last = iteration == iterations
        ended = [r for r in running if last or recording.status[r]]
        for replicate in ended:
            ends[replicate] = np.atleast_2d(state.theta)[replicate]
        kept = alive if last or keep(iteration) else [r for r in ended if r in alive]
        _append(recording, now, kept, observe)
        progress(iteration)
        if all(recording.status) or enough(recording.rows[-1]):
            break
        before = now
    recording.status = _final(recording.status, model, start, ends)
    return recording


def _final(
    status: list[str | None], model: Objective, start: Array, ends: list[Array | None]
) -> list[str]:
    """Return the statuses, told apart by where the replicates ended (None: where they began)."""
    ends = [np.atleast_2d(start)[r] if end is None else end for r, end in enumerate(ends)]
    separable = np.atleast_1d(model.separable(np.array(ends).reshape(start.shape)))
    return [
        s if s in (DIVERGED, CAPPED) else SEPARABLE if infinite else s or MAX_ITERATIONS
        for s, infinite in zip(status, separable, strict=True)
    ]


def skipped(count: int, reason: str) -> Recording:
    """Return the recording of runs that never started."""
    rows = [{"replicate": replicate, **BLANK} for replicate in range(count)]
    return Recording([SKIPPED] * count, reason, rows)


def _timed(states: Iterator[State], recording: Recording) -> State | None:
    """Return the next state, None if it is given up as beyond the budget; the recording's CPU and
    wall clocks advance by what it took."""
    with np.errstate(all="ignore"):
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            state = next(states)
        except OutOfBudget:
            state = None
        spent = time.process_time() - cpu, time.perf_counter() - wall
    for clock, seconds in zip((recording.cpu_seconds, recording.wall_seconds), spent, strict=True):
        clock.append(seconds + (clock[-1] if clock else 0.0))
    return state


def _sizes(state: State) -> tuple[list[float], list[float]]:
    """Return the losses and |grad L|_2, one a replicate."""
    gradient = state.gradient.astype(float, copy=False)
    if gradient.ndim == 1:
        return [float(state.loss)], [math.sqrt(gradient @ gradient)]
    return np.asarray(state.loss, float).tolist(), np.linalg.norm(gradient, axis=1).tolist()


def _update(status: list[str | None], now: _Snapshot, tolerance: float | None) -> list[int]:
    """Set the status of the replicates that end here; return those that diverged just now."""
    diverged = []
    for replicate, (loss, norm) in enumerate(zip(now.losses, now.norms, strict=True)):
        if status[replicate] is None and not (math.isfinite(loss) and math.isfinite(norm)):
            status[replicate] = DIVERGED
            diverged.append(replicate)
        elif status[replicate] is None and tolerance is not None and norm <= tolerance:
            status[replicate] = CONVERGED
    return diverged


def _append_last(
    recording: Recording,
    before: _Snapshot | None,
    replicates: list[int],
    keep: Callable[[int], bool],
    observe: Observer,
) -> None:
    """Add the last rows of replicates that have just diverged, or cannot go on, where not kept
    already."""
    if before is None:
        recording.rows += [{"replicate": replicate, **BLANK} for replicate in replicates]
    elif not keep(before.iteration):
        _append(recording, before, replicates, observe)


def _append(recording: Recording, now: _Snapshot, replicates: list[int], observe: Observer) -> None:
    """Add the rows of the given replicates."""
    if not replicates:
        return
    metrics = {name: np.atleast_1d(values) for name, values in observe(now.state).items()}
    for replicate in replicates:
        row = {"replicate": replicate, "iteration": now.iteration}
        row |= {"passes": now.passes, "flops": now.flops}
        row |= {"loss": now.losses[replicate], "gradient_norm": now.norms[replicate]}
        recording.rows.append(row | {k: float(v[replicate]) for k, v in metrics.items()})
