"""The convex function f(v) = E[log(2 cosh(x'v/2))], the mirror map of a symmetric gate or expert.

E is the sample mean. Its gradient is E[x tanh(x'v/2)]/2 and its Hessian E[sech2(x'v/2) xx']/4.
"""

from collections import Counter
from functools import cache
from types import ModuleType

import numpy as np

from emmoe.models.objective import EIGEN, Array


@cache
def _newton() -> ModuleType:
    """Return the compiled solver, loaded when it is first used: planning needs no numba."""
    from emmoe.models._compiled import newton

    return newton


def log_2cosh(u: Array) -> Array:
    """Return log(2 cosh u) without overflow."""
    u = np.abs(u)
    return u + np.log(1 + np.exp(-2 * u))


def sech2_half(v: Array) -> Array:
    """Return sech2(v/2), relatively accurate where tanh has rounded to one."""
    e = np.exp(-np.abs(v))
    return 4 * e / (1 + e) ** 2


def hessian(xt: Array, logits: Array) -> Array:
    """Return E[sech2(x'v/2) xx']/4, shape (d, d), from x transposed (d, n) and the logits x'v."""
    return _newton().gram(xt, sech2_half(logits) / 4)


def solve(
    xt: Array, target: Array, v: Array, residual: Array, tolerance: float, work: Counter
) -> Array:
    """Return v+ with E[x tanh(x'v+/2)]/2 = target, from v; see `newton.solve`.

    The work counts in units of both blocks: a product with v alone is half a forward product."""
    found = _newton().solve(xt, target, v, residual, tolerance)
    solution, forward, backward, grams, unsolved = found
    work["forward"] += forward / 2
    work["backward"] += backward / 2
    work["gram"] += grams
    steps, d = forward - 1, len(v)
    work["dense"] += grams * (EIGEN + 2) * d**3 + steps * 2 * d**2
    work["unsolved_m_steps"] += unsolved
    return solution
