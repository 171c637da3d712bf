"""The convex function f(v) = E[log(2 cosh(x'v/2))], the mirror map of a symmetric gate or expert.

E is the sample mean. Its gradient is E[x tanh(x'v/2)]/2 and its Hessian E[sech2(x'v/2) xx']/4.
"""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from emmoe.models.base import Array

MAX_NEWTON_STEPS = 200
MAX_HALVINGS = 40
UNSOLVED = 1e-10
FAR = 100.0  # a logit so large that Newton's method may not find back from it


def softplus_tail(v: Array) -> Array:
    """Return log(1 + exp(-|v|)) to absolute precision; log(1 + e^v) is this plus max(v, 0)."""
    return np.log(1 + np.exp(-np.abs(v)))


def log_2cosh(u: Array) -> Array:
    """Return log(2 cosh u) without overflow."""
    u = np.abs(u)
    return u + softplus_tail(2 * u)


def gradient(x: Array, tanh_half: Array) -> Array:
    """Return E[x tanh(x'v/2)]/2 from the values of tanh(x'v/2), shape (d,)."""
    return x.T @ tanh_half / (2 * len(x))


def sech2_half(v: Array) -> Array:
    """Return sech2(v/2), relatively accurate where tanh has rounded to one."""
    e = np.exp(-np.abs(v))
    return 4 * e / (1 + e) ** 2


def hessian(x: Array, logits: Array) -> Array:
    """Return E[sech2(x'v/2) xx']/4 from the logits x'v, shape (d, d)."""
    return (x * sech2_half(logits)[:, None]).T @ x / (4 * len(x))


def floored_inverse(hess: Array) -> Array:
    """Return H^-1 with H's eigenvalues floored: the floor changes the step, not the target."""
    values, vectors = np.linalg.eigh(hess)
    floor = max(1e-12 * values[-1], np.finfo(float).tiny)
    return vectors / np.maximum(values, floor) @ vectors.T


def solve(
    x: Array, target: Array, v: Array, residual: Array, tolerance: float, work: Counter
) -> Array:
    """Return v+ with E[x tanh(x'v+/2)]/2 = target, by damped Newton steps from v.

    residual is the left side less the target at v, and is carried along by its changes: summing
    differences of tanh, it keeps digits that a difference of two sums loses. Ends when its largest
    entry is at most `tolerance` or round-off stops its decrease; one left above UNSOLVED is counted
    in work["unsolved_m_steps"]. A step may change no logit by more than 2 max|x'v| + 5, because a
    saturated gate has almost no curvature.
    """
    logits = x @ v
    work["forward"] += 1
    if np.abs(logits).max() > FAR and _value(logits, target, v) > np.log(2):  # worse than v = 0
        v, logits, residual = np.zeros_like(v), np.zeros_like(logits), -target
    problem, inverse = _Problem(x, target, np.tanh(logits / 2), residual, work), None
    for _ in range(MAX_NEWTON_STEPS):
        size = np.abs(residual).max()
        if size <= tolerance:
            return v
        if inverse is None:
            inverse = floored_inverse(hessian(x, logits))
            work["gram"] += 1
        direction = -inverse @ residual
        change = x @ direction
        work["forward"] += 1
        cap = (2 * np.abs(logits).max() + 5) / max(np.abs(change).max(), np.finfo(float).tiny)
        step = _search(problem, (v, logits, residual), (direction, change), min(1.0, cap))
        if step is None:
            break
        v, logits, residual = step
        new_size = np.abs(residual).max()
        if new_size * (new_size / size) ** 2 > tolerance:  # two more steps would not do
            inverse = None
    work["unsolved_m_steps"] += int(np.abs(residual).max() > UNSOLVED)
    return v


class _Problem(NamedTuple):
    """A solve's data, and tanh(x'v/2) and the residual where it began."""

    x: Array
    target: Array
    first_tanh: Array
    first_residual: Array
    work: Counter

    def residual(self, logits: Array) -> Array:
        self.work["backward"] += 1
        return self.first_residual + gradient(self.x, np.tanh(logits / 2) - self.first_tanh)


def _search(problem: _Problem, point, direction, scale: float):
    """Return the next (v, logits, residual) along Newton's direction, or None if there is none.

    A step that halves the residual is taken at once; else Armijo's rule on f decides, or, where
    f's decrease would drown in round-off, any decrease of the residual."""
    (v, logits, residual), (change_v, change) = point, direction
    norm, slope, value = math.sqrt(residual @ residual), residual @ change_v, None
    for _ in range(MAX_HALVINGS):
        new_v, new_logits = v + scale * change_v, logits + scale * change
        new_residual = problem.residual(new_logits)
        new_norm = math.sqrt(new_residual @ new_residual)
        if new_norm <= norm / 2:
            return new_v, new_logits, new_residual
        value = _value(logits, problem.target, v) if value is None else value
        if -scale * slope < 1e-13 * (1 + abs(value)):
            return (new_v, new_logits, new_residual) if new_norm < norm else None
        if _value(new_logits, problem.target, new_v) <= value + 1e-4 * scale * slope:
            return new_v, new_logits, new_residual
        scale /= 2
    return None


def _value(logits: Array, target: Array, v: Array) -> float:
    """f(v) - target'v, which the solution minimises."""
    return log_2cosh(logits / 2).mean() - target @ v
