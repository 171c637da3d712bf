"""One EM iteration of two symmetric linear experts on much data, from a warm start."""

import numpy as np

from benchmarks.inputs import SEED
from benchmarks.measure import interleave
from benchmarks.peers import mixture_loop
from benchmarks.table import Case, Outcome
from emmoe.datasets.synthetic import Synthetic
from emmoe.models.latent import LatentModel
from emmoe.models.objective import Array
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.store.seeds import generator

WARM = 5  # iterations before the one that is timed


def run(n: int = 100_000, d: int = 50, rounds: int = 15) -> Outcome:
    """Time E-step and solved M-step against BLAS's weighted Gram of the same data."""
    model, theta = warm_start(n, d)
    x, y = model.sample.x, model.sample.y
    weights, gram = np.random.default_rng(0).random(n), x.T @ x / n
    calls = {
        "ours": lambda: em_step(model, theta),
        "weighted Gram by BLAS": lambda: (x * weights[:, None]).T @ x,
        "reading x once": lambda: x @ theta[:d],
        "plain numpy": lambda: mixture_loop.em_step(np, x, y, theta, gram),
    }
    timed = interleave(calls, rounds)
    case = Case(f"EM iteration, symmetric linear, n = {n}, d = {d}", timed.pop("ours"))
    case.limit("weighted Gram by BLAS", timed["weighted Gram by BLAS"], 3)
    case.limit("reading x once", timed["reading x once"])
    case.peer("plain numpy", timed["plain numpy"])
    return Outcome(case.rows)


def warm_start(n: int, d: int) -> tuple[LatentModel, Array]:
    """Return the model bound to Figure 1's law of data, and theta after a few EM iterations from
    half way between the truth and a random point."""
    dataset = Synthetic(n, d, norm_beta=1.25, norm_w=1.25, angle="random")
    uses = ("truth", "sample", "start")
    rngs = [generator(SEED, f"em iteration {n} {d}", 0, use) for use in uses]
    model = SymmetricLinear()
    truth = dataset.truth(model.blocks(d), rngs[0])
    [(_, sample)] = dataset.samples(model, [truth], rngs[1:2], rngs[1], {})
    model = model.bind(sample)
    theta = truth + rngs[2].standard_normal(2 * d) / np.sqrt(2 * d)
    for _ in range(WARM):
        theta = em_step(model, theta)
    return model, theta


def em_step(model: LatentModel, theta: Array) -> Array:
    """Return EM's next theta."""
    _, gradient, statistic = model.e_step(theta)
    return model.m_step(theta, statistic, gradient, model.m_step_tolerance)
