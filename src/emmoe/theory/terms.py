"""Logistic terms, one an observation, each relatively accurate however close its two points are.

Legend: l a logit, c its change, sigma(l) = 1 / (1 + exp(-l)). Compiled in our own formulas, since
the general ones cost most of a certificate: of the models these terms share the exponential alone.
"""

import math

import numpy as np
from numpy.polynomial.legendre import leggauss

from emmoe.models.base import Array
from emmoe.models.jit import decay, elementwise

NEAR = 0.5  # a change up to which Gauss-Legendre's rule is exact to round-off
LARGE = 100.0  # a change from which the difference of two tanh(logit / 2) loses nothing
NODES, WEIGHTS = (values / 2 for values in leggauss(6))  # on [-1/2, 1/2]
SHARES = tuple(0.5 + NODES)
FACTORS = tuple(WEIGHTS * (0.5 - NODES))
SINH = tuple(1 / math.factorial(k) for k in range(17, 0, -2))  # of odd powers, the highest first


def log_sigmoid(logit: Array) -> tuple[Array, Array]:
    """Return log(sigma(l)) and its derivative sigma(-l), both of the logit's shape."""
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
    (..., n), for logits (n,)."""
    found = np.empty_like(change)
    for row in np.ndindex(change.shape[:-1]):
        _half_tanh_change(logit, change[row], found[row])
    return found


@elementwise
def _half_tanh_change(logit, change, found):
    """Set found = sinh(c/2) sech((l + c)/2) sech(l/2) / 2."""
    for i in range(len(logit)):
        half, new = change[i] / 2, logit[i] + change[i]
        old_decay, new_decay = decay(logit[i]), decay(new)
        scale = 1 / ((1 + old_decay) * (1 + new_decay))
        series = 0.0
        for k in range(len(SINH)):
            series = series * (half * half) + SINH[k]
        far = decay(half)
        sinh = (1 / far - far) / 2
        sinh = series * half if abs(half) < 1 else (sinh if half > 0 else -sinh)
        near = 2 * sinh * math.sqrt(old_decay * new_decay) * scale
        old_sign, new_sign = (1.0 if logit[i] >= 0 else -1.0), (1.0 if new >= 0 else -1.0)
        ends = new_sign * (1 - new_decay) * (1 + old_decay)
        ends -= old_sign * (1 - old_decay) * (1 + new_decay)
        found[i] = near if abs(change[i]) < LARGE else ends * scale / 2


def bernoulli_divergence(logit: Array, change: Array) -> Array:
    """Return KL(Bernoulli(sigma(l)) || Bernoulli(sigma(l + c))), (n,): D_f(l + c, l) for
    f(l) = log(1 + exp l), and for f(l) = log(2 cosh(l/2)), which differs by a linear term.

    It is c^2 times the integral of (1 - s) f''(l + s c) over s in (0, 1), all terms positive; where
    the change is large, the definition is as accurate once signs make the logit negative."""
    found = np.empty_like(logit)
    _near_divergence(logit, change, found)
    _far_divergence(logit, change, found)
    return found


@elementwise
def _near_divergence(logit, change, found):
    for i in range(len(logit)):
        integral = 0.0
        for k in range(len(SHARES)):
            e = decay(logit[i] + SHARES[k] * change[i])
            integral += FACTORS[k] * e / ((1 + e) * (1 + e))
        found[i] = change[i] * change[i] * integral


@elementwise
def _far_divergence(logit, change, found):
    """Set what the rule of `_near_divergence` is too coarse for."""
    for i in range(len(logit)):
        if abs(change[i]) > NEAR:
            sign = -1.0 if logit[i] > 0 else 1.0
            new, old_decay = sign * (logit[i] + change[i]), decay(logit[i])
            logarithm = math.log1p((decay(new) - old_decay) / (1 + old_decay))
            slope = old_decay / (1 + old_decay)
            found[i] = max(new, 0.0) + logarithm - slope * sign * change[i]
