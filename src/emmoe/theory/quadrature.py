"""Observed and complete information of the two symmetric models, by exponentially exact rules.

Legend: x ~ N(0, I), a = x'w, b = x'beta, A = a/2, B = b/2, t = tanh, s = sech.

The functions return the *observed* information Hess L = Hess A - I_z rather than I_z: all its
terms are computed without subtracting nearly equal numbers, so 1 - rho keeps its relative
accuracy where rho is close to 1. Both matrices have the form E[K(x) (x) x x'] with K of size
2x2; x1, x2 span beta and w, and a result is the array, shape (4, 2, 2), of E[K x_i x_j] for
(i, j) in MOMENTS = (1, 1), (1, 2), (2, 2) and any direction orthogonal to the span.
"""

import math
from collections.abc import Callable

import numpy as np

# Rules aim at a relative error exp(-LOG_ACCURACY), up to the size of the integrand off the real
# axis; |x| <= RADIUS holds all but 1e-15 of E[x^4].
LOG_ACCURACY = 40.0
RADIUS = 9.0
# Below this slope an integrand is as good as constant on the Gaussian's scale.
SMALL_SLOPE = 1e-6


def trapezoid_step(pole: float) -> float:
    """Step h for the integral of exp(-z^2/2) f(z), with f analytic for |Im z| < pole.

    Moving the contour by q <= pole bounds the error by exp(q^2/2 - 2 pi q / h) (Trefethen and
    Weideman 2014); h makes that exp(-LOG_ACCURACY) at the best q.
    """
    shift = min(pole, math.sqrt(2 * LOG_ACCURACY))
    return 2 * math.pi * shift / (LOG_ACCURACY + shift**2 / 2)


def gaussian_rule(slope: float, half: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights, shape (n,), for E f(slope z), z ~ N(0, 1), f with poles at +-i pi/2.

    half=True keeps z >= 0 with doubled weights, for integrands even under the caller's symmetry.
    """
    h = trapezoid_step(math.pi / 2 / max(slope, SMALL_SLOPE))
    n = math.ceil(RADIUS / h)
    z = h * np.arange(0 if half else -n, n + 1)
    weights = h / math.sqrt(2 * math.pi) * np.exp(-(z**2) / 2)
    if half:
        weights[1:] *= 2
    return z, weights


def plane_wave_moments(f: Callable, norm: float, unit: np.ndarray) -> np.ndarray:
    """E[f(v'x / 2) x_i x_j] over MOMENTS, shape (4,), for v = norm * unit and an even f."""
    z, weights = gaussian_rule(norm / 2, half=True)
    values = weights * f(norm * z / 2)
    across, along = values.sum(), values @ z**2
    moments = np.array([across, 0.0, across, across])
    moments[:3] += (along - across) * np.array([unit[0] ** 2, unit[0] * unit[1], unit[1] ** 2])
    return moments


def sech2(u: np.ndarray) -> np.ndarray:
    return np.cosh(u) ** -2.0


def tanh2(u: np.ndarray) -> np.ndarray:
    return np.tanh(u) ** 2


def logistic_information(
    norm_beta: float, norm_w: float, angle: float
) -> tuple[np.ndarray, np.ndarray]:
    """(observed, complete) information of SymMoLogE, each (4, 2, 2); angle in [0, pi/2], norms > 0.

    With R^2 = sA^2 + tA^2 sB^2 the score's two factors are f_beta = tA sB^2 / R and
    f_w = tB sA^2 / R, and observed = E[f f' (x) x x'] / 4. Their sum and difference are
    R tanh(A + B) and R tanh(A - B). When the norms are alike, K refers to
    (beta + w, beta - w) / sqrt(2): the direction lost at beta = w is then a small entry instead
    of a cancellation. x1 runs along the bisector of beta and w, so A - B has no round-off.
    """
    c, s = math.cos(angle / 2), math.sin(angle / 2)
    total, excess = (norm_w + norm_beta) / 2, (norm_w - norm_beta) / 2
    x1, weight1 = gaussian_rule(total * c, half=True)
    x2, weight2 = gaussian_rule(total * s)
    plus = total * c * x1[:, None] + excess * s * x2
    minus = excess * c * x1[:, None] + total * s * x2
    alike = min(norm_beta, norm_w) > max(norm_beta, norm_w) / 2
    factors = _logistic_factors(plus, minus, alike)
    observed = _products(*factors, np.outer(weight1, weight2), x1, x2) / 4
    complete = np.zeros((4, 2, 2))
    complete[:, 0, 0] = plane_wave_moments(sech2, norm_beta, np.array([c, -s])) / 4
    complete[:, 1, 1] = plane_wave_moments(sech2, norm_w, np.array([c, s])) / 4
    if alike:
        turn = np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2)
        complete = turn @ complete @ turn
    return observed, complete


def _logistic_factors(
    plus: np.ndarray, minus: np.ndarray, alike: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Score factors at A + B = plus, A - B = minus: (sum, difference)/sqrt(2) or (beta, w)."""
    a, b = (plus + minus) / 2, (plus - minus) / 2
    ta, tb, sa2, sb2 = np.tanh(a), np.tanh(b), sech2(a), sech2(b)
    root = np.sqrt(sa2 + ta**2 * sb2)
    if alike:
        root /= math.sqrt(2)
        return root * np.tanh(plus), root * np.tanh(minus)
    return ta * sb2 / root, tb * sa2 / root


def _products(
    f: np.ndarray, g: np.ndarray, weights: np.ndarray, x1: np.ndarray, x2: np.ndarray
) -> np.ndarray:
    """E[(f, g)(f, g)' x_i x_j] over MOMENTS, shape (4, 2, 2), from values of shape (n1, n2)."""
    kernels = np.stack([f * f, f * g, g * g]) * weights
    powers1 = np.stack([x1**2, x1, np.ones_like(x1), np.ones_like(x1)])
    powers2 = np.stack([np.ones_like(x2), x2, x2**2, np.ones_like(x2)])
    moments = np.einsum("kmi,mi->mk", powers1 @ kernels, powers2)
    return moments[:, [[0, 1], [1, 2]]]


def linear_information(
    norm_beta: float, norm_w: float, angle: float
) -> tuple[np.ndarray, np.ndarray]:
    """(observed, complete) information of SymMoLinE, each (4, 2, 2); angle in [0, pi/2].

    K refers to (beta, w), noise sd 1, norm_beta > 0; x1 runs along beta. theory.md leaves a double
    integral over x of an integral over y. With sech(u) = (1/2) INT sech(pi v / 2) exp(i v u) dv
    for both sech factors, x and y integrate out in closed form and only the two frequencies are
    left: no peak gets sharper than exp(-|w|^2 p^2 / 8), whatever the angle.
    """
    unit = np.array([math.cos(angle), math.sin(angle)])
    gap, cross, square = _linear_moments(norm_beta, norm_w * unit)
    observed = np.empty((4, 2, 2))
    observed[:, 0, 0] = plane_wave_moments(tanh2, norm_w, unit) + gap + square
    observed[:, 0, 1] = observed[:, 1, 0] = -cross / 2
    observed[:, 1, 1] = gap / 4
    complete = np.zeros((4, 2, 2))
    complete[:, 0, 0] = 1.0, 0.0, 1.0, 1.0
    complete[:, 1, 1] = plane_wave_moments(sech2, norm_w, unit) / 4
    return observed, complete


def _linear_moments(norm_beta: float, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """E[K x_i x_j] over MOMENTS, each (4,), for K = sech^2(a/2) - W0, W1 and W0 - W2.

    Wk = E[y^k sech^2(phi/2) | x]. At frequencies v (of the sech holding y) and p - v, the factor
    of x is exp(i p a / 2 - (1 + v^2) b^2 / 2) times 1, i v b or 1 - v^2 b^2 for k = 0, 1, 2:
    a Gaussian with x1 ~ N(i m1, 1/D), x2 ~ N(i m2, 1), D = 1 + (1 + v^2) |beta|^2.
    """
    p, v, mass = _frequency_rule(math.hypot(*w))
    r1, m2 = p * w[0] / 2, p * w[1] / 2
    t = (1 + v**2) * norm_beta**2
    d, shrink = 1 + t, t / (1 + t)
    m1 = r1 / d
    z = mass * np.exp(-(r1 * m1 + m2**2) / 2) / np.sqrt(d)
    # mass at beta = 0 minus mass at beta: of order |beta|^2, so never formed as a difference
    drop = z * np.expm1(np.log1p(t) / 2 - r1**2 * shrink / 2)
    one, square1 = 1 - m2**2, m1**2
    first, third = 1 / d - square1, (3 / d - square1) * m1
    second = 3 / d**2 - (6 / d - square1) * square1
    gap = (
        drop * (1 - r1**2) + z * shrink * (1 - r1**2 * (1 + 1 / d)),
        -r1 * m2 * (drop + z * shrink),
        drop * one,
        drop,
    )
    odd = -norm_beta * v * z
    cross = (odd * third, odd * first * m2, odd * m1 * one, odd * m1)
    even = (norm_beta * v) ** 2 * z
    square = (even * second, -even * third * m2, even * first * one, even * first)
    return tuple(np.array([term.sum() for term in terms]) for terms in (gap, cross, square))


def _frequency_rule(norm_w: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """p (n, 1), v (1, m) and mass (n, m) for the double frequency integral; p >= 0 by symmetry.

    The mass is sech(pi v / 2) sech(pi (p - v) / 2) / 4 times steps: poles at distance 1.
    """
    scale = max(norm_w, SMALL_SLOPE) / 2
    step_p, step_v = trapezoid_step(scale) / scale, 2 * math.pi / LOG_ACCURACY
    reach = 2 / math.pi * (LOG_ACCURACY + 4)
    p = step_p * np.arange(math.ceil(reach / step_p) + 1)[:, None]
    n = math.ceil(reach / step_v)
    v = step_v * np.arange(-n, n + 1)[None, :]
    mass = step_p * step_v / 4 / (np.cosh(math.pi * v / 2) * np.cosh(math.pi * (p - v) / 2))
    mass[1:] *= 2
    return p, v, mass
