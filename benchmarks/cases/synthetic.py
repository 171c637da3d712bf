"""The paper's protocol on synthetic data: 50 instances x 3 algorithms x 100 iterations.

Whole protocol: data are drawn, all iterations done, and excess loss and recovery errors measured of
each, by us through `emmoe.lab.fit.fit_block` (its jobs' work; files are not written). The
algorithms alone are timed within the same runs, by a clock that stands still meanwhile. The peers
draw each instance's data once; we draw them again for every algorithm, which is a job of its own.
"""

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from emmoe.lab.draw import draw_block

from benchmarks.inputs import PAPER, config_of
from benchmarks.measure import Timing, interleave
from benchmarks.peers import mixture_loop
from benchmarks.peers.pytorch import MISSING, torch
from benchmarks.table import Case, Outcome, number
from emmoe.lab.fit import fit_block
from emmoe.record import cells as grid
from emmoe.record.components import build_dataset, build_model
from emmoe.store.seeds import generator

NAME = "symmetric_linear"


def run(rounds: int = 3, **changes: Any) -> Outcome:
    """Time the whole and the algorithms alone; changes: of the experiment in config.yaml."""
    config = config_of(NAME, **changes)
    draws = {
        block: draw_block(grid.draw_task(config, NAME, block))
        for block in grid.blocks(config["experiments"][NAME])
    }
    peers: dict[str, ModuleType | None] = {"plain numpy loop": np, "PyTorch loop": torch()}
    calls = {"ours": lambda: ours(config, draws)}
    calls |= {name: loop(config, draws, xp) for name, xp in peers.items() if xp}
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


def ours(config: dict, draws: dict[str, dict[str, np.ndarray]]) -> float:
    """Do all fit jobs of the paper's algorithms; return the algorithms' own CPU seconds."""
    seconds = 0.0
    for fitter in PAPER:
        for block, draw in draws.items():
            task = grid.fit_task(config, NAME, fitter, block)
            fits = fit_block(task, draw, {}, lambda line: None)
            seconds += sum(record["cpu_seconds"][-1] for record in fits.records)
    return seconds


def loop(config: dict, draws: dict, xp: ModuleType) -> Callable[[], float]:
    """Return a call that does the protocol with the plain loop of a library, and returns the
    algorithms' own CPU seconds."""

    def protocol() -> float:
        seconds = 0.0
        for x, y, truth, start in instances(config, draws):
            seconds += _fit_all(config["experiments"][NAME], xp, x, y, truth, start)
        return seconds

    return protocol


def instances(config: dict, draws: dict):
    """Yield x, y, truth and start of every instance, as the pipeline draws them."""
    for block, draw in draws.items():
        task = grid.draw_task(config, NAME, block)
        cell, model = task["cells"][0], build_model(task["model"])
        rngs = [generator(task["seed"], cell["key"], r, "sample") for r in task["replicates"]]
        truths = draw["truth"][0]
        samples = build_dataset(cell["data"]).samples(model, truths, rngs, rngs[0], {})
        for [position], sample in samples:
            yield sample.x, sample.y, truths[position], draw["start"][0, position]


def _fit_all(experiment: dict, xp: ModuleType, *arrays: np.ndarray) -> float:
    x, y, truth, start = (xp.asarray(array) for array in arrays)
    floor, seconds = mixture_loop.e_step(xp, x, y, truth)[0], 0.0
    for fitter in PAPER:
        states = mixture_loop.iterate(xp, x, y, start, experiment["fitters"][fitter])
        for _ in range(experiment["iterations"] + 1):
            started = time.process_time()
            theta, loss, _ = next(states)
            seconds += time.process_time() - started
            (loss - floor, *mixture_loop.errors(xp, theta, truth))
    return seconds
