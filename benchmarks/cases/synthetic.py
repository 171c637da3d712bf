"""The paper's protocol on synthetic data: 50 instances x 3 algorithms x 100 iterations.

Whole protocol: data are drawn, all iterations done, and excess loss and recovery errors measured of
each, by us through `emmoe.lab.fit.fit_block` (its jobs' work; files are not written). The
algorithms alone are timed within the same runs, by a clock that stands still meanwhile. The peers
draw each instance's data once; we draw them again for every algorithm, which is a job of its own.
"""

import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.inputs import PAPER, experiment_of
from benchmarks.measure import Timing, interleave
from benchmarks.peers import mixture_loop
from benchmarks.peers.pytorch import MISSING, torch
from benchmarks.table import Case, Outcome, number
from emmoe.lab.fit import fit_block
from emmoe.lab.scene import scenes
from emmoe.models.objective import Array
from emmoe.record import cells, plan
from emmoe.record.entries import Experiment

NAME = "symmetric_linear"


def run(rounds: int = 3, **changes: Any) -> Outcome:
    """Time the whole and the algorithms alone; changes: of the experiment in config.yaml."""
    own = experiment_of(NAME, **changes)
    peers: dict[str, ModuleType | None] = {"plain numpy loop": np, "PyTorch loop": torch()}
    calls = {"ours": lambda: ours(own)}
    calls |= {name: loop(own, xp) for name, xp in peers.items() if xp}
    timed = interleave(calls, rounds)
    whole = timed["ours"]
    rows = [
        number("synthetic protocol, whole", "CPU s", whole.seconds, 1.5, mb=whole.memory,
               headline="synthetic_cpu_s"),
    ]  # fmt: skip
    for name, pick in (("whole", lambda t: t), ("algorithms alone", _alone)):
        case = Case(f"synthetic protocol, {name}", pick(whole))
        for (peer, xp), target in zip(peers.items(), (3, 5), strict=True):
            if xp:
                case.peer(peer, pick(timed[peer]), target)
            else:
                case.skipped(peer, MISSING)
        rows += case.rows
    return Outcome(rows)


def _alone(timing: Timing) -> Timing:
    return Timing(np.array(timing.returned))


def ours(own: Experiment) -> float:
    """Do all fit jobs of the paper's algorithms; return the algorithms' own CPU seconds."""
    seconds = 0.0
    for fitter in PAPER:
        for block in cells.grid(own).names:
            fits = fit_block(plan.fit_task(own, [fitter], block), {}, lambda line: None)
            seconds += sum(record["cpu_seconds"][-1] for record in fits.records)
    return seconds


def loop(own: Experiment, xp: ModuleType) -> Callable[[], float]:
    """Return a call that does the protocol with the plain loop of a library, and returns the
    algorithms' own CPU seconds."""
    return lambda: sum(_fit_all(own, xp, *instance) for instance in instances(own))


def instances(own: Experiment) -> Iterator[tuple[Array, ...]]:
    """Yield x, y, truth and start of every instance, as the pipeline draws them."""
    for name in cells.grid(own).names:
        block = cells.grid(own).block(name)
        given = own.seed, own.model, own.start, block.cells[0], list(block.replicates)
        for scene in scenes(*given, {}):
            yield scene.sample.x, scene.sample.y, scene.truth, scene.start


def _fit_all(own: Experiment, xp: ModuleType, *arrays: Array) -> float:
    x, y, truth, start = (xp.asarray(array) for array in arrays)
    floor, seconds = mixture_loop.e_step(xp, x, y, truth)[0], 0.0
    for fitter in PAPER:
        states = mixture_loop.iterate(xp, x, y, start, _settings(own, fitter))
        for _ in range(own.iterations + 1):
            started = time.process_time()
            theta, loss, _ = next(states)
            seconds += time.process_time() - started
            (loss - floor, *mixture_loop.errors(xp, theta, truth))
    return seconds


def _settings(own: Experiment, fitter: str) -> dict[str, Any]:
    """A fitter's settings as the plain loops take them."""
    entry = own.fitters[fitter]
    return {"algorithm": entry.algorithm, **entry.settings}
