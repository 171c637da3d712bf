"""Prediction from a fit and new covariates x (n, d), whose columns are those of the fit.

offset (n,), poisson only, is the log of the new rows' exposure. Raises DataError for x that does
not fit. Means are probabilities of class 1 (logistic) or of all C classes (multinomial).
"""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import elementwise
from scipy.stats import norm, poisson

from emmoe.mixture.families.base import Array
from emmoe.mixture.fitted import Fitted
from emmoe.mixture.model import log_sum_exp
from emmoe.mixture.problem import LARGEST, as_numbers, check_finite
from emmoe.store.errors import DataError

DRAWN = 9e18  # the largest mean of counts that numpy draws, as 64-bit integers


def covariates(fitted: Fitted, x: ArrayLike) -> Array:
    """Return x as numbers, checked."""
    found = as_numbers("x", x)
    if found.ndim != 2 or found.shape[1] != len(fitted.names):
        raise DataError(f"x must be (n, {len(fitted.names)}), got shape {found.shape}")
    check_finite(found, np.zeros(len(found)), fitted.names)
    if np.abs(found).max(initial=0) > LARGEST:
        name = fitted.names[int(np.abs(found).max(axis=0).argmax())]
        raise DataError(f"column {name} has values beyond {LARGEST:g}: rescale it")
    return found


def check_level(level: float) -> None:
    """Raise DataError for what is no probability of an interval."""
    if not isinstance(level, Real) or not 0 < level < 1:
        raise DataError(f"level must lie between 0 and 1, got {level!r}")


def log_gate(fitted: Fitted, x: Array) -> Array:
    """Return log pi, (K, n)."""
    gate, _, _ = fitted.layout.split(fitted.theta)
    logits = np.zeros((fitted.n_experts, len(x)))
    logits[:-1] = gate @ fitted.gate_design.rows(covariates(fitted, x)).T
    return logits - log_sum_exp(logits)


def gate_proba(fitted: Fitted, x: Array) -> Array:
    """Return pi(x), (n, K)."""
    return np.exp(log_gate(fitted, x)).T


def predictor(fitted: Fitted, x: Array, offset: Array | None = None) -> Array:
    """Return eta, (K, m, n): each expert's linear predictor, in y's unit."""
    _, experts, _ = fitted.layout.split(fitted.theta)
    if offset is not None and not fitted.law.has_offset:
        raise DataError(f"family {fitted.family} takes no offset")
    rows = fitted.expert_design.rows(covariates(fitted, x))
    eta = fitted.centre + fitted.unit * np.einsum("kmp,np->kmn", experts, rows)
    return eta if offset is None else eta + offset


def log_scale(fitted: Fitted) -> Array:
    """Return log s, (K,), in y's unit; zeros for a family without a scale."""
    sigma = fitted.sigma
    return np.zeros(fitted.n_experts) if sigma is None else np.log(sigma)


def expert_mean(fitted: Fitted, x: Array, offset: Array | None = None) -> Array:
    """Return each expert's mean, (n, K), or its C class probabilities, (n, K, C)."""
    mean = fitted.law.mean(predictor(fitted, x, offset))
    if fitted.classes is None:
        return mean[:, 0].T
    last = 1 - mean.sum(axis=1, keepdims=True)
    return np.concatenate([mean, np.maximum(last, 0)], axis=1).transpose(2, 0, 1)


def mean(fitted: Fitted, x: Array, offset: Array | None = None) -> Array:
    """Return E[y | x], (n,), or the class probabilities, (n, C)."""
    pi, experts = gate_proba(fitted, x), expert_mean(fitted, x, offset)
    return np.einsum("nk,nk...->n...", pi, experts)


def variance(fitted: Fitted, x: Array, offset: Array | None = None) -> Array:
    """Return Var[y | x], (n,): sum pi_k (v_k + mu_k^2) - m^2."""
    _one_number(fitted)
    centre, spread = _moments(fitted, x, offset)
    pi = gate_proba(fitted, x)
    total = (pi * centre).sum(axis=1, keepdims=True)
    return (pi * (spread + (centre - total) ** 2)).sum(axis=1)


def _moments(fitted: Fitted, x: Array, offset: Array | None) -> tuple[Array, Array]:
    """Return the experts' means and variances, (n, K) each."""
    centre, spread = fitted.law.moments(predictor(fitted, x, offset), log_scale(fitted))
    return centre[:, 0].T, spread[:, 0].T


def _one_number(fitted: Fitted) -> None:
    if fitted.classes is not None:
        raise DataError("family multinomial: a class has no variance and no quantiles")


def log_joint(fitted: Fitted, x: Array, y: Array, offset: Array | None = None) -> Array:
    """Return log p(y, z=k | x), (K, n)."""
    y, law = as_numbers("y", y), fitted.law
    if y.shape != (len(x),) or not np.isfinite(y).all():
        raise DataError(f"y must be {len(x)} finite numbers, one a row of x")
    if trouble := law.problem_with(y):
        raise DataError(f"family {law.name} {trouble}")
    eta = predictor(fitted, x, offset)
    density = law.log_density(law.statistic(y), law.base(y), eta, log_scale(fitted))
    return log_gate(fitted, x) + density


def responsibilities(fitted: Fitted, x: Array, y: Array, offset: Array | None = None) -> Array:
    """Return P(z = k | x, y), (n, K)."""
    joint = log_joint(fitted, x, y, offset)
    return np.exp(joint - log_sum_exp(joint)).T


def log_density(fitted: Fitted, x: Array, y: Array, offset: Array | None = None) -> Array:
    """Return log p(y | x), (n,), in nats."""
    return log_sum_exp(log_joint(fitted, x, y, offset))[0]


def draw(fitted: Fitted, x: Array, seed: int, offset: Array | None = None) -> tuple[Array, Array]:
    """Return targets drawn from the fit, (n,), and the experts that they are from, (n,)."""
    rng = np.random.default_rng(seed)
    pi, eta = gate_proba(fitted, x), predictor(fitted, x, offset)
    expert = (rng.random(len(pi))[:, None] > pi.cumsum(axis=1)[:, :-1]).sum(axis=1)
    own = eta[expert, :, np.arange(len(pi))].T
    if fitted.family == "poisson" and own.max(initial=-np.inf) > np.log(DRAWN):
        raise DataError(f"a mean is beyond {DRAWN:g}: counts cannot be drawn from it")
    return fitted.law.draw(own, log_scale(fitted)[expert], rng), expert


def interval(
    fitted: Fitted, x: Array, level: float = 0.95, offset: Array | None = None
) -> tuple[Array, Array]:
    """Return the predictive interval's ends, (n,) each: quantiles (1 -+ level) / 2 of the mixture,
    at the estimated parameters."""
    check_level(level)
    low = quantile(fitted, x, (1 - level) / 2, offset)
    return low, quantile(fitted, x, (1 + level) / 2, offset)


def quantile(fitted: Fitted, x: Array, q: float, offset: Array | None = None) -> Array:
    """Return the smallest y with P(Y <= y | x) >= q, (n,)."""
    _one_number(fitted)
    pi, (centre, spread) = gate_proba(fitted, x), _moments(fitted, x, offset)
    if fitted.family == "gaussian":
        return _gaussian_quantile(pi, centre, np.sqrt(spread), q)
    if fitted.family == "poisson":
        return _count_quantile(pi, centre, q)
    return ((pi * (1 - centre)).sum(axis=1) < q).astype(float)


def _gaussian_quantile(pi: Array, centre: Array, sigma: Array, q: float) -> Array:
    """Return the root of the mixture's distribution function; the experts' quantiles hold it."""
    each = centre + sigma * norm.ppf(q)
    low, high = each.min(axis=1), each.max(axis=1)
    digits = 4 * np.finfo(float).eps * np.abs(each).max(axis=1)
    slack = np.maximum(1e-9 * sigma.max(axis=1), digits)

    def excess(y: Array, *parts: Array) -> Array:
        shares, means, deviations = np.split(np.array(parts), 3)
        return (shares * norm.cdf((y - means) / deviations)).sum(axis=0) - q

    arguments = tuple(np.concatenate([pi, centre, sigma], axis=1).T)
    return elementwise.find_root(excess, (low - slack, high + slack), args=arguments).x


def _count_quantile(pi: Array, centre: Array, q: float) -> Array:
    """Return the quantile of a mixture of counts, by bisection between the experts' own."""
    each = _poisson_quantile(centre, q)
    low, high = each.min(axis=1) - 1, each.max(axis=1)
    while ((low < (middle := np.floor((low + high) / 2))) & (middle < high)).any():
        enough = (pi * poisson.cdf(middle[:, None], centre)).sum(axis=1) >= q
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _poisson_quantile(mean: Array, q: float) -> Array:
    """Return each law's quantile; the normal one where scipy has none, at means of 1e11 and more,
    of which it is the first eleven digits."""
    found = poisson.ppf(q, mean)
    return np.where(np.isnan(found), np.floor(mean + np.sqrt(mean) * norm.ppf(q)), found)
