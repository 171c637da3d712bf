"""The protocol of Figure 3, 25 replicates x 100 iterations x 3 algorithms, from a few iterations.

An iteration costs the same however often it is done, so a few of each algorithm, timed by the
recorder that the fit jobs use, give the whole: first pass + 100 x an iteration. The limit is the
bare products of as many data passes, each as wide as a block.
"""

import math
import time
from typing import NamedTuple

import numpy as np

from benchmarks.inputs import PAPER, PIXELS, experiment_of, random_images, random_weights
from benchmarks.measure import Timing, interleave
from benchmarks.peers.gemm import bare
from benchmarks.table import Case, Outcome
from emmoe.lab.recorder import record
from emmoe.models._shared.softmax import chunks
from emmoe.models.objective import Array, Objective
from emmoe.models.regression import Sample
from emmoe.record.components import build_fitter, build_model
from emmoe.record.entries import Experiment, Fitter

PASSES = 4  # of the bare products, to time together


class Cost(NamedTuple):
    """Of one algorithm on one block: the protocol's data passes, CPU seconds of the algorithm, and
    with what is measured of its states."""

    passes: float
    algorithm: float
    all: float


def run(
    n: int = 60000,
    test: int = 10000,
    d: int = PIXELS,
    rounds: int = 2,
    iterations: tuple[int, int] = (1, 5),
) -> Outcome:
    """Project the protocol in config.yaml's blocks, and with all replicates in one block.

    iterations: how many to time, of an algorithm with inner steps and of one without."""
    experiment = experiment_of("fashion_mnist")
    rows, total = [], experiment.replicates
    for size in (experiment.replicates_per_block, total):
        sample, theta = random_images(n, size, test, d), random_weights(size, d)
        products = bare(sample.x, theta.reshape(-1, d), chunks(n))
        calls = {name: _call(experiment, name, sample, theta, iterations) for name in PAPER}
        calls["products"] = lambda products=products: [products() for _ in range(PASSES)]
        timed = interleave(calls, rounds)
        costs = [[timed[name].returned[r] for name in PAPER] for r in range(rounds)]
        one_pass = timed["products"].seconds / PASSES
        rows += _rows(f"blocks of {size}", math.ceil(total / size), costs, one_pass)
    return Outcome(rows)


def _call(
    experiment: Experiment, name: str, sample: Sample, theta: Array, iterations: tuple[int, int]
):
    model = build_model(experiment.model).bind(sample)
    entry = experiment.fitters[name]
    few = iterations[entry.settings.get("inner_steps", 1) == 1]
    return lambda: _project(model, entry, theta, few, experiment.iterations)


def _project(model: Objective, entry: Fitter, theta: Array, few: int, many: int) -> Cost:
    """Run a few iterations and return what many would cost."""
    observing: list[float] = []

    def observe(state):
        started = time.process_time()
        measured = model.held_out(state.theta)
        observing.append(time.process_time() - started)
        return measured

    found = record(build_fitter(entry), model, theta, iterations=few, observe=observe)
    passes = [row["passes"] for row in found.rows if row["replicate"] == 0]
    whole = [line[0] + many * (line[-1] - line[0]) / few for line in (passes, found.cpu_seconds)]
    return Cost(*whole, whole[1] + (many + 1) * float(np.mean(observing)))


def _rows(blocks: str, jobs: int, costs: list[list[Cost]], one_pass: np.ndarray) -> list:
    """Two rows: the algorithms alone, and with the held-out measurements, against the limit."""
    sums = jobs * np.array(costs).sum(axis=1)  # (rounds, 3)
    limit = Timing(sums[:, 0] * one_pass)
    name = f"Fashion-MNIST protocol projected, {blocks}"
    alone = Case(name, Timing(sums[:, 1]))
    whole = Case(f"{name}, test set included", Timing(sums[:, 2]))
    alone.limit(f"bare GEMMs of {sums[0, 0] / jobs:.0f} passes a block", limit, 1.2)
    whole.limit("the same", limit, 1.2)
    return alone.rows + whole.rows
