"""The convex function f(v) = E[log(2 cosh(x'v/2))], the mirror map of a symmetric gate or expert.

E is the sample mean. Its gradient is E[x tanh(x'v/2)]/2 and its Hessian E[sech2(x'v/2) xx']/4.
"""

from collections import Counter

import numpy as np

from emmoe.models.base import Array

MAX_NEWTON_STEPS = 200
MAX_HALVINGS = 40
UNSOLVED = 1e-10


def log_2cosh(u: Array) -> Array:
    """Return log(2 cosh u) without overflow."""
    u = np.abs(u)
    return u + np.log1p(np.exp(-2 * u))


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


def newton_direction(hess: Array, grad: Array) -> Array:
    """Return -H^-1 g with H's eigenvalues floored: the floor changes the step, not the target."""
    values, vectors = np.linalg.eigh(hess)
    floor = max(1e-12 * values[-1], np.finfo(float).tiny)
    return -vectors @ (vectors.T @ grad / np.maximum(values, floor))


def solve(x: Array, target: Array, v: Array, tolerance: float, work: Counter) -> Array:
    """Return v with E[x tanh(x'v/2)]/2 = target, by damped Newton steps from v.

    Ends when the residual's largest entry is at most `tolerance` or round-off stops its decrease;
    a residual left above UNSOLVED is counted in work["unsolved_m_steps"]. A step may change no
    logit by more than 2 max|x'v| + 5, because a saturated gate has almost no curvature.
    """
    logits = x @ v
    if _value(logits, target, v) > np.log(2):  # worse than v = 0
        v, logits = np.zeros_like(v), np.zeros_like(logits)
    residual = gradient(x, np.tanh(logits / 2)) - target
    work.update(forward=1, backward=1)
    for _ in range(MAX_NEWTON_STEPS):
        if np.abs(residual).max() <= tolerance:
            return v
        direction = newton_direction(hessian(x, logits), residual)
        change = x @ direction
        work.update(gram=1, forward=1)
        cap = (2 * np.abs(logits).max() + 5) / max(np.abs(change).max(), np.finfo(float).tiny)
        step = _search(x, target, (v, logits, residual), (direction, change), min(1.0, cap), work)
        if step is None:
            break
        v, logits, residual = step
    work.update(unsolved_m_steps=int(np.abs(residual).max() > UNSOLVED))
    return v


def _search(x: Array, target: Array, point, direction, scale: float, work: Counter):
    """Return the next (v, logits, residual) along Newton's direction, or None if there is none.

    A step that halves the residual is taken at once; else Armijo's rule on f decides, or, where
    f's decrease would drown in round-off, any decrease of the residual."""
    (v, logits, residual), (change_v, change) = point, direction
    norm, slope, value = np.linalg.norm(residual), residual @ change_v, None
    for _ in range(MAX_HALVINGS):
        new_v, new_logits = v + scale * change_v, logits + scale * change
        new_residual = gradient(x, np.tanh(new_logits / 2)) - target
        work.update(backward=1)
        new_norm = np.linalg.norm(new_residual)
        if new_norm <= norm / 2:
            return new_v, new_logits, new_residual
        value = _value(logits, target, v) if value is None else value
        if -scale * slope < 1e-13 * (1 + abs(value)):
            return (new_v, new_logits, new_residual) if new_norm < norm else None
        if _value(new_logits, target, new_v) <= value + 1e-4 * scale * slope:
            return new_v, new_logits, new_residual
        scale /= 2
    return None


def _value(logits: Array, target: Array, v: Array) -> float:
    """f(v) - target'v, which the solution minimises."""
    return log_2cosh(logits / 2).mean() - target @ v
