"""A mixture of two gaussian experts fitted to much data, with standard errors and certificate."""

import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from unittest import mock

import numpy as np

from benchmarks.inputs import SEED
from benchmarks.measure import Timing, interleave
from benchmarks.peers import flexmix, pytorch
from benchmarks.table import Case, Outcome, Row
from emmoe.mixture import Problem, em, fit, penalty, sample, starts
from emmoe.mixture.describe import describe
from emmoe.mixture.design import chunks
from emmoe.mixture.layout import Layout
from emmoe.mixture.model import Mixture
from emmoe.models.objective import Array
from emmoe.store.seeds import generator

FIT, INFERENCE, RACE = 45, 12, 80  # Grams: from one start; what is said of it; twenty starts
FASTER = 2  # than PyTorch's L-BFGS, from one start, standard errors and certificate included
FASTER_THAN_EM = 100  # than flexmix, from one start, both without standard errors
CLOSE = 1e-8  # of the likelihood, relative: to the maximum, where L-BFGS may stop; of an
# iteration of flexmix, where it stops
EVALUATIONS = 1000  # of L-BFGS, and iterations of flexmix, at most
SAME = 1.0  # nats between two ends of one optimum: flexmix's variances cost it hundredths
TITLE = "mixture of two gaussian experts"
PEER = "PyTorch's L-BFGS from one start, float64"
PEER_EM = "R's flexmix, EM from the same start"


def run(n: int = 100_000, d: int = 50, rounds: int = 5) -> Outcome:
    """Time fits from one start and from twenty against BLAS's weighted Gram of the same data."""
    problem = two_lines(n, d)
    weights = np.random.default_rng(0).random(n)
    calls = {
        "one start": lambda: fit(problem, 2, n_init=1),
        "fit alone": lambda: found(problem),
        "twenty starts": lambda: fit(problem, 2, n_init=20),
        "errors, rate and certificate": partial(describe, *found(problem)),
        "gram": lambda: weighted_gram(problem.x, weights),
    }
    torch = pytorch.torch()
    if torch is not None:
        calls["L-BFGS"] = lbfgs(torch, problem)
    timed, rows = interleave(calls, rounds), []
    limits = {"one start": FIT + INFERENCE, "twenty starts": RACE + INFERENCE}
    limits["errors, rate and certificate"] = INFERENCE
    for count, most in limits.items():
        case = Case(f"{TITLE}, {count}, {_size(problem)}", timed[count])
        case.limit("weighted Gram by BLAS, in chunks", timed["gram"], most)
        if count == "one start" and torch is None:
            case.skipped(PEER, pytorch.MISSING)
        elif count == "one start":
            needed = timed["L-BFGS"].returned[0]
            if needed is None:
                case.skipped(PEER, f"not at our maximum after {EVALUATIONS} evaluations")
            else:
                case.peer(f"{PEER}, {needed} evaluations", timed["L-BFGS"], FASTER)
        rows += case.rows
    case = Case(
        f"{TITLE}, one start, without standard errors, {_size(problem)}", timed["fit alone"]
    )
    case.limit("weighted Gram by BLAS, in chunks", timed["gram"], FIT)
    return Outcome(rows + case.rows + beside_flexmix(problem, timed["fit alone"], rounds))


def found(problem: Problem) -> tuple:
    """Return what a fit from one start ends at, before errors, rate and certificate are made of it:
    flexmix has none of these in its fit."""
    with mock.patch.object(sys.modules["emmoe.mixture.fit"], "describe", lambda *ended: ended):
        return fit(problem, 2, n_init=1)


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


def beside_flexmix(problem: Problem, ours: Timing, rounds: int) -> list[Row]:
    """Return rows against flexmix, run once: our fit from one start beside its EM to CLOSE, and our
    own EM on all rows, from the posterior that flexmix is given, to the log-likelihood that it ends
    at. Ours is the higher one in the first."""
    case = Case(f"{TITLE}, one start, without standard errors, {_size(problem)}", ours)
    if not flexmix.installed():
        case.skipped(PEER_EM, flexmix.MISSING)
        return case.rows
    model = bound(problem)
    theta = starts.start(model, 0, 0, starts.pooled(model))
    posterior = model.responsibilities(theta).T
    end = flexmix.fit(problem.x, problem.y, posterior, CLOSE, EVALUATIONS)
    ahead = ours.returned[0][2].log_likelihood - end.log_likelihood
    if abs(ahead) > SAME:
        case.skipped(PEER_EM, f"ends at another optimum, {ahead:.3g} nats below ours")
        return case.rows
    theirs, name = Timing(np.array([end.seconds])), f"{end.version}, {end.iterations} iterations"
    case.peer(f"{name}, ends {ahead:.2g} nats below ours", theirs, FASTER_THAN_EM)
    calls = {"EM": partial(em_to, model, theta, end.log_likelihood)}
    alone = interleave(calls, rounds)["EM"]
    title = f"EM of the same on all rows, to flexmix's log-likelihood, {_size(problem)}"
    again = Case(f"{title}: {alone.returned[0]} iterations", alone)
    again.peer(name, theirs)
    return case.rows + again.rows


def _size(problem: Problem) -> str:
    return f"n = {problem.x.shape[0]}, d = {problem.x.shape[1]}"


def bound(problem: Problem) -> Mixture:
    """Return the model of two gaussian experts on the problem's rows."""
    data = sample.make(problem.checked())
    shape = Layout(2, 1, data.gate.design.width, data.experts.design.width, True)
    return Mixture(data, shape, penalty.make(shape, data, 0.0, 0.0, 1.0))


def em_to(model: Mixture, theta: Array, log_likelihood: float) -> int:
    """Return after how many iterations of EM, its M-steps solved, the log-likelihood is reached."""
    for done in range(EVALUATIONS):
        loss, theta = em.solved_em_step(model, theta)
        if -loss * model.sample.total >= log_likelihood:
            return done
    raise RuntimeError(f"EM is not there after {EVALUATIONS} iterations")


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
