"""Logistic terms, one an observation, each relatively accurate however close its two points are.

Legend: l a logit, c its change, sigma(l) = 1 / (1 + exp(-l)). Compiled, since they cost most of a
certificate, in formulas of their own: only the exponential is that of the models. Probabilities
below exp(-SATURATED) are not resolved.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial.legendre import leggauss

from emmoe.models._compiled.exponential import decay, elementwise
from emmoe.models.objective import Array

SATURATED = 700.0
NEAR = 0.5  # a change up to which Gauss-Legendre's rule is exact to round-off
NODES, WEIGHTS = (values / 2 for values in leggauss(6))  # on [-1/2, 1/2]
SHARES = tuple(0.5 + NODES)
FACTORS = tuple(WEIGHTS * (0.5 - NODES))
SINH = tuple(1 / math.factorial(k) for k in range(17, 0, -2))  # of odd powers, the highest first


def log_sigmoid(logit: Array) -> tuple[Array, Array]:
    """Return log(sigma(l)) and its derivative sigma(-l), both of the logit's shape."""
    logit = np.ascontiguousarray(logit, dtype=float)
    decays, derivative = np.empty_like(logit), np.empty_like(logit)
    _sigmoid(logit.ravel(), decays.reshape(-1), derivative.reshape(-1))
    return np.minimum(logit, 0) - np.log1p(decays), derivative


@elementwise
def _sigmoid(logit, decays, derivative):
    """Set decays = exp(-|l|) and derivative = sigma(-l)."""
    for i in range(len(logit)):
        decays[i] = decay(logit[i])
        derivative[i] = (decays[i] if logit[i] >= 0 else 1.0) / (1 + decays[i])


def half_tanh_change(logit: Array, change: Array) -> Array:
    """Return [tanh((l + c)/2) - tanh(l/2)] / 2 = sigma(l + c) - sigma(l), of the change's shape
    (..., n), for logits (n,); ValueError for other shapes."""
    return _each(_half_tanh_change, logit, change)


def bernoulli_divergence(logit: Array, change: Array) -> Array:
    """Return KL(Bernoulli(sigma(l)) || Bernoulli(sigma(l + c))), of the change's shape (..., n),
    for logits (n,); ValueError for other shapes. It is D_f(l + c, l) for f(l) = log(1 + exp l),
    and for f(l) = log(2 cosh(l/2)), which differs by a linear term."""
    return _each(_bernoulli_divergence, logit, change)


def _each(compiled: Callable[..., None], logit: Array, change: Array) -> Array:
    """Return a compiled term: compiled code itself checks no shape."""
    logit, change = np.asarray(logit, dtype=float), np.asarray(change, dtype=float)
    if logit.shape != change.shape[-1:]:
        raise ValueError(f"logits {logit.shape} and changes {change.shape} must agree in n")
    found = np.empty(change.shape)
    for row in np.ndindex(change.shape[:-1]):
        compiled(logit, change[row], found[row])
    return found


@elementwise
def _half_tanh_change(logit, change, found):
    """The change is +-(1 - exp(-|c|)), without cancellation, over (1 + exp(-|l|))(1 + exp(-|l+c|)),
    times the larger of the two exponentials where no sign changes."""
    for i in range(len(logit)):
        new, half, series = logit[i] + change[i], change[i] / 2, 0.0
        for k in range(len(SINH)):
            series = series * (half * half) + SINH[k]
        near = 2 * half * series * decay(half)
        gap = near if abs(half) < 1 else math.copysign(1 - decay(change[i]), half)
        before, after = decay(logit[i]), decay(new)
        larger = max(before, after) if (logit[i] >= 0) == (new >= 0) else 1.0
        found[i] = gap * larger / ((1 + before) * (1 + after))


@elementwise
def _bernoulli_divergence(logit, change, found):
    _near_divergence(logit, change, found)
    _far_divergence(logit, change, found)


@elementwise
def _near_divergence(logit, change, found):
    """c^2 times the integral of (1 - s) f''(l + s c) over s in (0, 1): all terms are positive."""
    for i in range(len(logit)):
        integral = 0.0
        for k in range(len(SHARES)):
            e = decay(logit[i] + SHARES[k] * change[i])
            integral += FACTORS[k] * e / ((1 + e) * (1 + e))
        found[i] = change[i] * change[i] * integral if abs(logit[i]) < SATURATED else 0.0


@elementwise
def _far_divergence(logit, change, found):
    """The definition, as accurate for large changes once signs make the logit negative."""
    for i in range(len(logit)):
        if abs(change[i]) > NEAR:
            sign = -1.0 if logit[i] > 0 else 1.0
            new, before = sign * (logit[i] + change[i]), decay(logit[i])
            logarithm = math.log1p((decay(new) - before) / (1 + before))
            slope = before / (1 + before) if abs(logit[i]) < SATURATED else 0.0
            found[i] = max(new, 0.0) + logarithm - slope * sign * change[i]
