"""A mixture of two gaussian experts fitted to much data, with standard errors and certificate."""

from collections.abc import Callable
from functools import partial
from types import ModuleType

import numpy as np

from benchmarks.inputs import SEED
from benchmarks.measure import interleave
from benchmarks.peers import pytorch
from benchmarks.table import Case, Outcome
from emmoe.mixture import Problem, fit
from emmoe.mixture.design import chunks
from emmoe.models.objective import Array
from emmoe.store.seeds import generator

FIT, INFERENCE, RACE = 45, 12, 80  # Grams: from one start; what is said of it; twenty starts
FASTER = 2  # than PyTorch's L-BFGS, from one start, standard errors and certificate included
CLOSE = 1e-8  # of the maximum, relative: where L-BFGS may stop
EVALUATIONS = 1000  # of L-BFGS, at most
PEER = "PyTorch's L-BFGS from one start, float64"


def run(n: int = 100_000, d: int = 50, rounds: int = 5) -> Outcome:
    """Time fits from one start and from twenty against BLAS's weighted Gram of the same data."""
    problem = two_lines(n, d)
    weights = np.random.default_rng(0).random(n)
    calls = {
        "one start": lambda: fit(problem, 2, n_init=1),
        "twenty starts": lambda: fit(problem, 2, n_init=20),
        "gram": lambda: weighted_gram(problem.x, weights),
    }
    torch = pytorch.torch()
    if torch is not None:
        calls["L-BFGS"] = lbfgs(torch, problem)
    timed, rows = interleave(calls, rounds), []
    for starts, most in (("one start", FIT + INFERENCE), ("twenty starts", RACE + INFERENCE)):
        case = Case(f"mixture of two gaussian experts, {starts}, n = {n}, d = {d}", timed[starts])
        case.limit("weighted Gram by BLAS, in chunks", timed["gram"], most)
        if starts == "one start" and torch is None:
            case.skipped(PEER, pytorch.MISSING)
        elif starts == "one start":
            needed = timed["L-BFGS"].returned[0]
            if needed is None:
                case.skipped(PEER, f"not at our maximum after {EVALUATIONS} evaluations")
            else:
                case.peer(f"{PEER}, {needed} evaluations", timed["L-BFGS"], FASTER)
        rows += case.rows
    return Outcome(rows)


def lbfgs(torch: ModuleType, problem: Problem) -> Callable[[], int | None]:
    """Return a call of L-BFGS from a start near the one-expert fit to CLOSE of the maximum, or to
    EVALUATIONS, which returns how many it took."""
    from benchmarks.peers.mixture_torch import descend

    x = np.column_stack([np.ones(len(problem.y)), problem.x])
    pooled, (rest,), *_ = np.linalg.lstsq(x, problem.y, rcond=None)
    noise = 0.05 * np.random.default_rng(0).standard_normal((3, x.shape[1]))
    rows = np.stack([np.zeros_like(pooled), pooled, pooled]) + noise
    start = np.concatenate([rows.ravel(), np.full(2, np.log(rest / len(x)) / 2)])
    best = -fit(problem, 2, n_init=1).loglik / len(x)
    arrays = (torch.from_numpy(array) for array in (x, problem.y, start))
    return partial(descend, *arrays, best + CLOSE * abs(best), EVALUATIONS)


def two_lines(n: int, d: int) -> Problem:
    """Return a problem whose experts overlap: N(0, 1) covariates, coefficients N(0, 1)."""
    rng = generator(SEED, f"mixture {n} {d}", 0, "sample")
    x = rng.standard_normal((n, d))
    gate, experts = 1.5 * rng.standard_normal(d) / np.sqrt(d), rng.standard_normal((2, d))
    z = (rng.random(n) > 1 / (1 + np.exp(-x @ gate))).astype(int)
    noise = np.array([0.7, 0.5])[z] * rng.standard_normal(n)
    return Problem(x, (x @ experts.T)[np.arange(n), z] + noise)


def weighted_gram(x: Array, weights: Array) -> Array:
    """Return x' diag(weights) x."""
    return sum((x[rows] * weights[rows, None]).T @ x[rows] for rows in chunks(len(x)))
