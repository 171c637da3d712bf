"""Simulated problems with known best maxima, and what the tests of `emmoe.mixture` share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax

from emmoe.mixture import Problem, certificate, penalty, sample
from emmoe.mixture.layout import Layout
from emmoe.mixture.model import Mixture


@dataclass(frozen=True)
class Case:
    """Gate rows without the last, expert rows (K, m, 3), what is drawn and what is best."""

    family: str
    n: int
    seed: int
    gate: list
    experts: list
    total: float  # of y
    best: float
    rho: float
    extra: dict[str, Any] = field(default_factory=dict)


CASES = {
    "gaussian": Case(
        "gaussian", 600, 101, [(0.5, 1, 0), (-0.5, 0, 1)],
        [[(2, 1, 0)], [(-2, 0, 1)], [(0, -1, -1)]],
        650.4449469932, -870.05452166, 0.80813020, {"s": (0.5, 0.8, 0.6)},
    ),
    "logistic": Case(
        "logistic", 4000, 102, [(0.3, 2, -0.7)], [[(1, 3, -1.5)], [(-1, 0.5, 3)]],
        2571, -1824.45222300, 0.98513220,
    ),
    "multinomial": Case(
        "multinomial", 3000, 103, [(0.3, 1.5, -0.7)],
        [[(1, 2, -1), (-1, 1, 2)], [(-1, -2, 0), (1, -1, -2)]],
        2089, -2592.46329969, 0.98280090,
    ),
    "poisson": Case(
        "poisson", 800, 104, [(0.3, 1, -0.7)], [[(2, 0.5, -0.3)], [(0.3, 0.3, 0.5)]],
        5396, -1976.75939717, 0.79509068,
    ),
}  # fmt: skip


def draw(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Draw x (n, 2) and y (n,), in the order in which the reference was drawn."""
    rng = np.random.default_rng(case.seed)
    x = rng.standard_normal((case.n, 2))
    full = np.column_stack([np.ones(case.n), x])
    p = softmax(full @ np.vstack([case.gate, np.zeros(3)]).T, axis=1)
    z = (rng.random(case.n)[:, None] > p.cumsum(1)).sum(1)
    eta = np.einsum("nd,nmd->nm", full, np.array(case.experts, float)[z])
    if case.family == "gaussian":
        return x, eta[:, 0] + np.array(case.extra["s"])[z] * rng.standard_normal(case.n)
    if case.family == "poisson":
        return x, rng.poisson(np.exp(eta[:, 0])).astype(float)
    q = softmax(np.column_stack([eta, np.zeros(case.n)]), axis=1)
    y = (rng.random(case.n)[:, None] > q.cumsum(1)).sum(1).astype(float)
    return x, 1 - y if case.family == "logistic" else y


def problem(name: str, **settings: Any) -> Problem:
    """Return the problem of a case."""
    x, y = draw(CASES[name])
    return Problem(x, y, name, **settings)


def bound(family: str, n: int, experts: int, alpha: float = 0.0, variance_penalty: float = 0.0):
    """Return a model on random weighted rows, the gate on its own columns, and a random theta."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((n, 3)) + [0, 3, 0]
    y = {
        "gaussian": rng.standard_normal(n) * 3 + x[:, 0],
        "logistic": rng.integers(2, size=n),
        "multinomial": rng.integers(3, size=n),
        "poisson": rng.poisson(2, size=n),
    }[family].astype(float)
    offset = rng.random(n) if family == "poisson" else None
    given = Problem(
        x, y, family, expert_columns=(0, 1), gate_columns=(2,), weights=rng.random(n) + 0.5,
        offset=offset,
    )  # fmt: skip
    model = model_of(given, experts, alpha, variance_penalty)
    return model, 0.5 * rng.standard_normal(model.layout.size)


def sorted_rows(n: int, d: int):
    """Return a model of three gaussian experts on weighted rows that are sorted by their expert,
    gate and experts on all d columns, and the theta that the experts are at."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal((n, d))
    x = x[np.argsort(x[:, 0])]
    own = np.searchsorted([n // 50, n // 2], np.arange(n))
    y = rng.standard_normal((3, d))[own] @ np.eye(d)[0] + x[:, 1] * own + rng.standard_normal(n)
    model = model_of(Problem(x, y, weights=rng.random(n) + 0.5), 3)
    theta = 0.2 * rng.standard_normal(model.layout.size)
    model.layout.split(theta)[0][:, :2] = [[-2.5, -3.0], [-0.5, -1.5]]
    return model, theta


def model_of(
    given: Problem, experts: int, alpha: float = 0.0, variance_penalty: float = 0.0
) -> Mixture:
    """Return the model of a problem."""
    data = sample.make(given.checked())
    shape = Layout(
        experts, data.family.rows, data.gate.design.width, data.experts.design.width,
        data.family.has_scale,
    )  # fmt: skip
    return Mixture(data, shape, penalty.make(shape, data, alpha, variance_penalty, 0.8))


def differences(function: Callable, theta: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """Return the derivatives of a function by central differences of order six."""
    weights = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
    columns = []
    for j in range(theta.size):
        unit = step * np.eye(theta.size)[j]
        columns.append(
            sum(
                w * (function(theta + i * unit) - function(theta - i * unit))
                for i, w in weights.items()
            )
            / step
        )
    return np.array(columns).T


def moving_map(model, theta):
    """Return functions: A_t, its gradient in natural parameters, and these, of a theta."""
    posterior = model.responsibilities(theta)
    data = [chunk for _, chunk in model.sample.chunks()]
    (chunk,) = data  # the tests' samples are small

    def natural(point):
        gate, experts, log_scale = model.layout.split(point)
        tau = np.exp(-2 * log_scale)
        return model.layout.join(gate, experts * tau[:, None, None], tau)

    def of_natural(u):
        gate, experts, tau = model.layout.split(u)
        logits = np.vstack([gate @ chunk.gate.T, np.zeros((1, len(chunk.weight)))])
        total = logsumexp(logits, axis=0)
        eta = np.einsum("kmp,np->kmn", experts, chunk.experts)
        if model.layout.scale:
            psi = eta[:, 0] ** 2 / (2 * tau[:, None]) - np.log(tau)[:, None] / 2
        elif model.sample.family.name == "poisson":
            psi = np.exp(eta[:, 0] + chunk.offset)
        else:
            psi = logsumexp(np.concatenate([eta, np.zeros_like(eta[:, :1])], axis=1), axis=1)
        return chunk.weight @ (total + (posterior * psi).sum(axis=0))

    return (
        lambda point: of_natural(natural(point)),
        lambda point: differences(of_natural, natural(point)),
        natural,
    )


def fixed_map_gain(model, t, following):
    """Return D_A(t, t+) + E KL of posteriors with the fixed map: pi of t+ weighs the experts."""
    scales = model.layout.split(t)[2], model.layout.split(following)[2]
    total = certificate.posterior_divergence(model, t, following)
    for first, second in zip(model.parts(t), model.parts(following), strict=True):
        apart = model.sample.family.divergence(second.eta, first.eta, scales[1], scales[0])
        kl = (second.gate * np.log(second.gate / first.gate)).sum(axis=0)
        total += first.data.weight @ (kl + (second.gate * apart).sum(axis=0))
    return total
