"""Simulated problems with known best maxima, and what the tests of `emmoe.mixture` share."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import softmax

from emmoe.mixture import Problem


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
