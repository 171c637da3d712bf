"""One run of a contest: what it costs, and how far it is from the contest's targets.

Statuses are the recorder's, and: reached (all targets; it ends there), halted (the method finds no
further step: its next state is the last one, at no cost), capped (the budget of data passes, or as
many iterations, ends it).
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from emmoe.evidence.reach import Targets, distance
from emmoe.fitters.base import Fitter, State
from emmoe.lab.recorder import CAPPED, MAX_ITERATIONS, SEPARABLE, Recording, record
from emmoe.models.objective import Array, Objective
from emmoe.record.registry import name_of
from emmoe.store.errors import DataError

REACHED, HALTED = "reached", "halted"
EVALUATIONS = 7  # of which the median is the time of a pass

Row = dict[str, Any]


class Race:
    """The rules of a contest on one sample: known are the columns that all rows have; of which
    held-out part, "test" or "validation", accuracy targets are; a run ends within all targets."""

    def __init__(
        self, targets: Targets, passes: int, tolerance: float | None, part: str, known: Row
    ):
        self.targets, self.known, self.part = targets, known, part
        self.limits = {"iterations": passes, "budget": passes, "tolerance": tolerance}

    def run(self, fitter: Fitter, model: Objective, start: Array) -> list[Row]:
        """Return the rows of a run's states; model: bound, to this run alone."""
        observe, enough = _Observer(model, self.part), _Enough(self._arrived)
        recording = record(fitter, model, start, observe=observe, enough=enough, **self.limits)
        if recording.reason is not None:
            raise DataError(f"{name_of(fitter)}: {recording.reason}")
        rows = self._rows(recording)[: -1 if enough.halted else None]
        status = HALTED if enough.halted else self._end(recording)
        return [self.known | row | {"status": status} for row in rows]

    def clock(self, fitter: Fitter, model: Objective, start: Array, states: int) -> list[float]:
        """Return the CPU seconds of a run's states, without measuring anything else of them."""
        iterations, limits = states - 1, {"budget": self.limits["budget"]}
        return record(fitter, model, start, iterations=iterations, **limits).cpu_seconds[:states]

    def _rows(self, recording: Recording) -> list[Row]:
        rows = [{k: v for k, v in row.items() if k != "replicate"} for row in recording.rows]
        seconds = recording.cpu_seconds
        return [row | {"cpu_seconds": seconds[row["iteration"]]} for row in rows]

    def _end(self, recording: Recording) -> str | None:
        last, (status,) = recording.rows[-1], recording.status
        if self._arrived(last):
            return REACHED
        full = last["iteration"] == self.limits["iterations"]
        return CAPPED if full and status in (MAX_ITERATIONS, SEPARABLE) else status

    def _arrived(self, row: Row) -> bool:
        return all(distance(self.known | row, target) <= 0 for target in self.targets.values())

    def thinned(self, rows: list[Row]) -> list[Row]:
        """Return of a run's rows those that tuning and its figures look at: the ends, the first
        within each target, the nearest to it, and where the run would be stopped early."""
        kept = {0, len(rows) - 1}
        for target in self.targets.values():
            gaps = np.array([distance(row, target) for row in rows])
            kept |= {int(np.argmin(np.where(np.isnan(gaps), np.inf, gaps)))}
            kept |= set(np.flatnonzero(gaps <= 0)[:1].tolist())
        scores = [row.get("validation_cross_entropy", np.inf) for row in rows]
        return [rows[i] for i in sorted({*kept, int(np.argmin(scores))})]


class _Enough:
    """Whether a run ends with a row: by arrival, or since it repeats the last one at no cost."""

    def __init__(self, arrived: Callable[[Row], bool]):
        self._arrived, self._spent, self.halted = arrived, None, False

    def __call__(self, row: Row) -> bool:
        self.halted, self._spent = row["passes"] == self._spent, row["passes"]
        return self.halted or self._arrived(row)


class _Observer:
    """Measures states with the clock off: what the held-out parts say."""

    def __init__(self, model: Objective, part: str):
        self.part, self.scored = part, None
        if model.held_out_parts:
            hidden = {} if part == "test" else {"test": None}
            self.scored = model.bind(replace(model.sample, **hidden))

    def __call__(self, state: State) -> Row:
        if self.scored is None:
            return {}
        found = self.scored.held_out(state.theta)
        return found | {"accuracy": found[f"{self.part}_accuracy"]}


def pass_seconds(model: Objective, start: Array) -> float:
    """Return the CPU seconds of a loss with its gradient: what a data pass takes without an
    algorithm around it, the median of some."""
    spent = []
    for _ in range(EVALUATIONS + 1):
        before = time.process_time()
        model.loss_and_gradient(start)
        spent.append(time.process_time() - before)
    return statistics.median(spent[1:])  # the first loads what is compiled


def median_clock(rows: list[Row], clocks: list[list[float]]) -> list[Row]:
    """Return a run's rows with the medians of their own times and of the same run's again."""
    found = []
    for row in rows:
        again = [clock[row["iteration"]] for clock in clocks]
        found.append(row | {"cpu_seconds": statistics.median([row["cpu_seconds"], *again])})
    return found


def known_of(model: Objective, start: Array, optimum: Mapping[str, Any]) -> Row:
    """Return the columns that all rows on a sample have."""
    known = {"observations": model.observations, "parameters": model.identifiable}
    return known | optimum | {"start_loss": float(np.asarray(model.loss(start)).item())}
