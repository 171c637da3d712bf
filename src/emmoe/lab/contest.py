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

from emmoe.evidence.step_grid import Variant, variants
from emmoe.evidence.tuning import choose
from emmoe.fitters.base import Fitter, State
from emmoe.lab.draw import draw_block
from emmoe.lab.recorder import DIVERGED, MAX_ITERATIONS, record
from emmoe.lab.work import flops
from emmoe.models.base import Array, Model, Sample
from emmoe.models.symmetric import SymmetricModel
from emmoe.record.components import build_dataset, build_fitter, build_model
from emmoe.record.registry import name_of
from emmoe.store.errors import DataError
from emmoe.store.seeds import generator
from emmoe.theory.optimum import settle

CAPPED = "capped"
WARM_UP = 2  # iterations

Report = Callable[[str], None]


class Budgeted(Fitter):
    """A fitter that may spend a number of data passes. The first state that costs more is replaced
    by one that is not finite, at which the recorder ends the run."""

    def __init__(self, fitter: Fitter, passes: float):
        self.fitter, self.passes, self.spent = fitter, passes, False

    def refuses(self, model: Model) -> str | None:
        return self.fitter.refuses(model)

    def iterate(self, model: Model, theta: Array) -> Iterator[State]:
        for state in self.fitter.iterate(model, theta):
            self.spent = model.passes() > self.passes
            if self.spent:
                nothing = np.full_like(theta, np.nan)
                yield State(theta, nothing[..., 0], nothing)
            yield state


class _Observer:
    """Measures states with the clock off: operations so far, and what the held-out samples say.

    Of the test set it asks once, at the end, where the validation cross entropy was lowest."""

    def __init__(self, model: Model):
        self.model, self.best, self.theta = model, np.inf, None
        self.validated = None
        if model.sample.validation is not None:
            self.validated = model.bind(replace(model.sample, test=None))

    def __call__(self, state: State) -> dict[str, Any]:
        work = flops(self.model.work, self.model, *self.model.sample.x.shape)
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


def run_contest(task: dict[str, Any], files: dict, report: Report) -> pd.DataFrame:
    """Return the rows of all runs of a contest (`emmoe.record.cells.contest_task`): for every state
    what it cost and how good it is; what of them is a clock's is in the column cpu_seconds."""
    with threadpool_limits(limits=1):
        parts = [_run_cell(task, cell, files, report) for cell in task["cells"]]
    return pd.concat(parts, ignore_index=True)


def _run_cell(task: dict, cell: dict, files: dict, report: Report) -> pd.DataFrame:
    count = task["replicates"]
    total = count["tuning"] + count["comparison"]
    draw = draw_block(task | {"cells": [cell], "replicates": list(range(total))})
    draw = {name: values[0] for name, values in draw.items()}
    rivals = {name: variants(settings) for name, settings in task["rivals"].items()}
    rows: list[dict] = []
    for replicate in range(total):
        comparing = replicate >= count["tuning"]
        if replicate == count["tuning"]:
            choice = choose(pd.DataFrame(rows), task["targets"])
            rivals = _at_chosen_steps(rivals, choice[choice["cell"] == cell["name"]])
        report(f"{cell['name']}: replicate {replicate + 1} of {total}")
        where = {"contest": task["contest"], "cell": cell["name"], "data": cell["digest"]}
        where |= cell["facts"] | {"dataset": cell["data"]["name"]}
        where |= {"phase": "comparison" if comparing else "tuning", "replicate": replicate}
        passes = task["passes"]["comparison" if comparing else "tuning"]
        sample, truth = _sample(task, cell, draw, replicate, files)
        start = draw["start"][replicate].astype(sample.x.dtype)
        of_replicate = _run_all(task, sample, truth, start, rivals, passes, replicate == 0)
        rows += [where | row for row in of_replicate]
    return pd.DataFrame(rows)


def _at_chosen_steps(
    rivals: dict[str, list[Variant]], choice: pd.DataFrame
) -> dict[str, list[Variant]]:
    kept = choice.groupby("rival")["variant"].agg(set)
    return {name: [v for v in found if v.name in kept[name]] for name, found in rivals.items()}


def _sample(
    task: dict, cell: dict, draw: dict[str, Array], replicate: int, files: dict
) -> tuple[Sample, Array | None]:
    truth = draw["truth"][replicate] if "truth" in draw else None
    seed = task["seed"], cell["key"]
    own, split = generator(*seed, replicate, "sample"), generator(*seed, 0, "split")
    model, dataset = build_model(task["model"]), build_dataset(cell["data"])
    ((_, sample),) = dataset.samples(model, [truth], [own], split, files)
    return sample, truth


def _run_all(
    task: dict,
    sample: Sample,
    truth: Array | None,
    start: Array,
    rivals: dict[str, list[Variant]],
    passes: int,
    first: bool,
) -> Iterator[dict]:
    """Yield the rows of every rival on one sample."""
    model = build_model(task["model"]).bind(sample)
    start = start[None] if model.stacked else start
    known = {"observations": len(sample.x), "parameters": start.size, "polished_loss": np.nan}
    if truth is not None and isinstance(model, SymmetricModel):
        known["polished_loss"] = settle(model, truth).loss
    limits = {"tolerance": task["tolerance"]}
    for rival, found in rivals.items():
        for number, variant in enumerate(found):
            fitter = build_fitter(variant.settings)
            if first and number == 0 and isinstance(model, SymmetricModel):
                # Load what is compiled, before any clock runs.
                record(fitter, build_model(task["model"]).bind(sample), start, iterations=WARM_UP)
            name = {"rival": rival, "variant": variant.name, "exponent": variant.exponent}
            bound = build_model(task["model"]).bind(sample)
            for row in _run(bound, Budgeted(fitter, passes), start, passes, limits):
                yield name | known | row


def _run(model: Model, fitter: Budgeted, start: Array, passes: int, limits: dict) -> list[dict]:
    """Return a run's rows; the one with the lowest validation cross entropy has the test's too."""
    observe = _Observer(model)
    # An iteration costs a pass or more, but for those of a search that has come to its end.
    recording = record(fitter, model, start, iterations=passes, observe=observe, **limits)
    if recording.reason is not None:
        raise DataError(f"{name_of(fitter.fitter)}: {recording.reason}")
    status, rows = recording.status[0], recording.rows
    if status == MAX_ITERATIONS or (status == DIVERGED and fitter.spent):
        status = CAPPED
    for row in rows:
        del row["replicate"]
        row |= {"status": status, "cpu_seconds": recording.cpu_seconds[row["iteration"]]}
    tested = observe.test()
    for row in rows:
        if tested and row["validation_cross_entropy"] == observe.best:
            row |= tested
            break
    return rows
