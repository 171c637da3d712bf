"""Newton's method for a mirror map's inverse: E[x tanh(x'v/2)]/2 = target, the M-step's equation.

Legend: xt is x transposed, (d, n).
"""

import math

import numpy as np

from emmoe.models._compiled.exponential import decay, elementwise, plain
from emmoe.models._compiled.sums import (
    CHUNK,
    combine,
    half_tanh_difference,
    inner,
    product_of,
    sum_of,
)
from emmoe.models._compiled.symmetric_pass import gram

LANES = 64
MAX_NEWTON_STEPS = 200
MAX_HALVINGS = 40
UNSOLVED = 1e-10
FAR = 100.0  # a logit so large that Newton's method may not find back from it
TINY = 1e-300


@elementwise
def _raise(lanes, values):
    """lanes = max(lanes, |values|)."""
    for i in range(len(values)):
        size = abs(values[i])
        lanes[i] = size if size > lanes[i] else lanes[i]


@plain
def _largest(values):
    """Return the largest |value|; in lanes, since the compiler takes a maximum one by one."""
    lanes = np.zeros(LANES)
    for start in range(0, len(values), LANES):
        _raise(lanes, values[start : start + LANES])
    largest = 0.0
    for i in range(LANES):
        largest = max(largest, lanes[i])
    return largest


@plain
def _logits(xt, v):
    """Return x'v, (n,)."""
    out = np.empty(xt.shape[1])
    for start in range(0, len(out), CHUNK):
        stop = min(start + CHUNK, len(out))
        combine(xt, start, stop, v, out[start:stop])
    return out


@elementwise
def _prepare(v, decays, scales, curvature):
    """Set decays = exp(-|v|), scales = 1 / (1 + decays) and curvature = sech2(v/2) / 4."""
    for i in range(len(v)):
        decays[i] = decay(v[i])
        scales[i] = 1 / (1 + decays[i])
        curvature[i] = decays[i] * scales[i] * scales[i]


@elementwise
def _half_log_cosh(v, half, factor):
    """Set half = |v| / 2 and factor = 1 + exp(-|v|), the parts of log(2 cosh(v/2))."""
    for i in range(len(v)):
        half[i] = abs(v[i]) / 2
        factor[i] = 1 + decay(v[i])


@plain
def _value(logits, target, v):
    """Return f(v) - target'v, which the solution minimises, for f(v) = E[log(2 cosh(x'v/2))]."""
    total, half, factor = 0.0, np.empty(CHUNK), np.empty(CHUNK)
    for start in range(0, len(logits), CHUNK):
        part = logits[start : start + CHUNK]
        _half_log_cosh(part, half, factor)
        total += sum_of(half[: len(part)]) + math.log(product_of(factor[: len(part)]))
    return total / len(logits) - inner(target, v)


@elementwise
def _move_chunk(old, change, step, first, decays, scales, new, curvature, column):
    """Set new = old + step * change, its curvature, and column, [tanh(new/2) - tanh(first/2)]/2."""
    for i in range(len(old)):
        v = old[i] + step * change[i]
        decay_v = decay(v)
        scale = 1 / (1 + decay_v)
        both = scale * scales[i]
        column[i] = half_tanh_difference(v, decay_v, first[i], decays[i], both)
        new[i] = v
        curvature[i] = decay_v * scale * scale


@plain
def _move(xt, old, change, step, origin, new, curvature):
    """Set new, the logits old + step * change, and their curvature; return by how much
    E[x tanh(logit/2)]/2 changed since the origin (3, n): logits, their decays and scales."""
    d, n = xt.shape
    sums, column = np.zeros(d), np.empty(CHUNK)
    for start in range(0, n, CHUNK):
        at = slice(start, min(start + CHUNK, n))
        first, decays, scales = origin[0, at], origin[1, at], origin[2, at]
        part = column[: len(first)]
        _move_chunk(old[at], change[at], step, first, decays, scales, new[at], curvature[at], part)
        for j in range(d):
            sums[j] += inner(xt[j, at], part)
    return sums / n


@plain
def _norm(vector):
    return math.sqrt(inner(vector, vector))


@plain
def _floored_inverse(hess):
    """Return H^-1 with H's eigenvalues floored: the floor changes the step, not the target."""
    values, vectors = np.linalg.eigh(hess)
    floor = max(1e-12 * values[-1], TINY)
    return (vectors / np.maximum(values, floor)) @ vectors.T


@plain
def _acceptable(new_norm, norm, step, slope, logits, new, target, v, direction):
    """Whether to take a step: see `solve`."""
    if new_norm <= norm / 2:
        return True, True
    value = _value(logits, target, v)
    if -step * slope < 1e-13 * (1 + abs(value)):
        return new_norm < norm, True
    new_value = _value(new, target, v + step * direction)
    return new_value <= value + 1e-4 * step * slope, False


@plain
def solve(xt, target, v, residual, tolerance):
    """Return v+ with E[x tanh(x'v+/2)]/2 = target, by damped Newton steps from v; the forward,
    backward and Gram products that took; and 1 if it was left unsolved, else 0.

    residual is the left side less the target at v, and is carried along by its changes: summing
    differences of tanh, it keeps digits that a difference of two sums loses. Ends when its largest
    entry is at most `tolerance` or round-off stops its decrease; one left above UNSOLVED counts as
    unsolved. A step may change no logit by more than 2 max|x'v| + 5, because a saturated gate has
    almost no curvature. A step that halves the residual is taken at once; else Armijo's rule on f
    decides, or, where f's decrease would drown in round-off, any decrease of the residual."""
    logits, forward, backward, grams = _logits(xt, v), 1, 0, 0
    if _largest(logits) > FAR and _value(logits, target, v) > math.log(2):  # worse than v = 0
        v, logits, residual = np.zeros_like(v), np.zeros_like(logits), -target
    origin, curvature = np.empty((3, len(logits))), np.empty_like(logits)
    origin[0], first_residual = logits, residual
    _prepare(logits, origin[1], origin[2], curvature)
    new, new_curvature = np.empty_like(logits), np.empty_like(logits)
    inverse, stale = np.eye(1), True
    for _ in range(MAX_NEWTON_STEPS):
        size = _largest(residual)
        if size <= tolerance:
            break
        if stale:
            inverse, grams = _floored_inverse(gram(xt, curvature)), grams + 1
        direction = -(inverse @ residual)
        change, forward = _logits(xt, direction), forward + 1
        step = min(1.0, (2 * _largest(logits) + 5) / max(_largest(change), TINY))
        norm, slope, taken, decided = _norm(residual), inner(residual, direction), False, False
        new_residual, halvings = residual, 0
        while not (taken or decided or halvings > MAX_HALVINGS):
            step = step / 2 if halvings else step
            moved = _move(xt, logits, change, step, origin, new, new_curvature)
            new_residual, backward, halvings = first_residual + moved, backward + 1, halvings + 1
            taken, decided = _acceptable(
                _norm(new_residual), norm, step, slope, logits, new, target, v, direction
            )
        if not taken:
            break
        v, residual = v + step * direction, new_residual
        logits, new, curvature, new_curvature = new, logits, new_curvature, curvature
        new_size = _largest(residual)
        stale = new_size * (new_size / size) ** 2 > tolerance  # two more steps would not do
    return v, forward, backward, grams, int(_largest(residual) > max(UNSOLVED, tolerance))
