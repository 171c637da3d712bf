"""Standard errors, the delta method, contrasts and tables of a fit; Wald intervals.

kind is "observed", V = (n Hess L)^-1; "robust", the sandwich V (sum w ss') V for weights w that are
frequencies; or "sampling", V (sum w^2 ss') V for weights of a sample, inverse chances of selection.
"""

from collections.abc import Callable
from itertools import combinations
from typing import TypedDict

import numpy as np
from scipy.stats import norm

from emmoe.mixture import predict
from emmoe.mixture.families.base import Array
from emmoe.mixture.fitted import Fitted
from emmoe.store.errors import DataError

KINDS = ("observed", "robust", "sampling")
CONTRASTS = ("reference", "pairs", "centred")
Expert = int | tuple[int, int]  # from 0, or a pair of them
Named = tuple[str, Expert, int, str]  # block, expert, row, feature


class Estimate(TypedDict):
    """A parameter: its place, estimate, standard error, z, p-value and interval."""

    block: str
    expert: Expert
    row: int
    feature: str
    estimate: float
    se: float
    z: float
    p: float
    low: float
    high: float


def covariance(fitted: Fitted, kind: str = "observed") -> Array:
    """Return the covariance of `theta_given`, (D', D'): 0 for dropped columns, NaN if unknown."""
    inner = _inner(fitted, kind)
    known = np.isfinite(np.diag(inner))
    jacobian = fitted.jacobian
    out = jacobian[:, known] @ inner[np.ix_(known, known)] @ jacobian[:, known].T
    hidden = (jacobian[:, ~known] != 0).any(axis=1)
    out[hidden], out[:, hidden] = np.nan, np.nan
    return out


def _inner(fitted: Fitted, kind: str) -> Array:
    """Return the covariance of `theta`, (D, D)."""
    if kind not in KINDS:
        raise DataError(f"covariance must be one of {', '.join(KINDS)}, got {kind!r}")
    of = {"robust": fitted.covariance_robust, "sampling": fitted.covariance_sampling}
    return of.get(kind, fitted.covariance)


def errors(matrix: Array) -> Array:
    """Return standard errors: the roots of a covariance's diagonal, NaN below 0."""
    variance = np.diag(matrix)
    return np.sqrt(np.where(variance >= 0, variance, np.nan))


def delta(
    fitted: Fitted, function: Callable[[Array], Array], kind: str = "observed"
) -> tuple[Array, Array]:
    """Return a smooth function of `theta_given` and its covariance (delta method; derivatives by
    central differences)."""
    theta, matrix = fitted.theta_given, covariance(fitted, kind)
    size = errors(matrix)
    steps = np.cbrt(np.finfo(float).eps) * np.where(size > 0, size, np.maximum(np.abs(theta), 1))
    columns = []
    for j, step in enumerate(steps):
        shift = np.zeros_like(theta)
        shift[j] = step
        ends = np.atleast_1d(function(theta + shift)), np.atleast_1d(function(theta - shift))
        columns.append((ends[0] - ends[1]) / (2 * step))
    slope = np.array(columns).T
    return np.asarray(function(theta)), propagated(slope, matrix)


def propagated(slope: Array, matrix: Array) -> Array:
    """Return J V J' where parameters that J does not depend on may have no covariance."""
    used = (slope != 0).any(axis=0)
    return slope[:, used] @ matrix[np.ix_(used, used)] @ slope[:, used].T


def mean_with_error(
    fitted: Fitted, x: Array, kind: str = "observed", offset: Array | None = None
) -> tuple[Array, Array]:
    """Return m(x) = sum pi_k mu_k and its standard error, (n,) each; one-row families.

    dm/dw_j = pi_j (mu_j - m) z, dm/dbeta_k = pi_k mu_k' z."""
    if fitted.layout.rows > 1:
        raise DataError("mean_with_error takes families with one row: use delta")
    law, pi = fitted.law, predict.gate_proba(fitted, x)
    mu = law.mean(predict.predictor(fitted, x, offset))
    slope = law.variance(mu)[:, 0, 0].T * fitted.unit
    centre = mu[:, 0].T
    total = (pi * centre).sum(axis=1)
    gate, experts = fitted.gate_design.rows(x), fitted.expert_design.rows(x)
    lead = (pi * (centre - total[:, None]))[:, :-1]
    jacobian = np.concatenate([
        (lead[:, :, None] * gate[:, None]).reshape(len(x), -1),
        ((pi * slope)[:, :, None] * experts[:, None]).reshape(len(x), -1),
        np.zeros((len(x), fitted.n_experts * fitted.layout.scale)),
    ], axis=1)  # fmt: skip
    inner = _inner(fitted, kind)
    return total, np.sqrt(np.einsum("nd,de,ne->n", jacobian, inner, jacobian))


def gate_interval(
    fitted: Fitted, x: Array, level: float = 0.95, kind: str = "observed"
) -> tuple[Array, Array, Array]:
    """Return pi(x) and the ends of its interval, (n, K) each, made on the logit scale."""
    predict.check_level(level)
    pi = predict.gate_proba(fitted, x)
    if fitted.n_experts == 1:
        return pi, pi, pi
    z = fitted.gate_design.rows(x)
    size = fitted.layout.gate_size
    inner = _inner(fitted, kind)
    width = np.empty_like(pi)
    for k in range(fitted.n_experts):
        # d logit(pi_k) / d w_j = (delta_jk - pi_j (1 - delta_jk) / (1 - pi_k)) z
        share = -pi[:, :-1] / np.maximum(1 - pi[:, k : k + 1], np.finfo(float).tiny)
        if k < fitted.n_experts - 1:
            share[:, k] = 1
        slope = (share[:, :, None] * z[:, None]).reshape(len(x), -1)
        variance = np.einsum("nd,de,ne->n", slope, inner[:size, :size], slope)
        width[:, k] = norm.ppf((1 + level) / 2) * np.sqrt(variance)
    odds = np.exp(width) * (1 - pi), np.exp(-width) * (1 - pi)
    return pi, pi / (pi + odds[0]), pi / (pi + odds[1])


def summary(
    fitted: Fitted, kind: str = "observed", level: float = 0.95, contrast: str = "reference"
) -> list[Estimate]:
    """Return a row a parameter; all but the estimate, 0, is NaN for a column that was dropped.

    Gate rows are against the last expert ("reference"), for "pairs" between any two, "expert" then
    being a pair, or for "centred" less their mean. Experts count from 0."""
    if contrast not in CONTRASTS:
        raise DataError(f"contrast must be one of {', '.join(CONTRASTS)}, got {contrast!r}")
    predict.check_level(level)
    names, forms = _contrasts(fitted, contrast)
    estimates = forms @ fitted.theta_given
    size = errors_of(forms, covariance(fitted, kind))
    wide = norm.ppf((1 + level) / 2) * size
    with np.errstate(divide="ignore", invalid="ignore"):
        z = estimates / size
    return [
        {
            "block": block, "expert": expert, "row": row, "feature": feature,
            "estimate": estimates[i], "se": size[i], "z": z[i], "p": 2 * norm.sf(abs(z[i])),
            "low": estimates[i] - wide[i], "high": estimates[i] + wide[i],
        }
        for i, (block, expert, row, feature) in enumerate(names)
    ]  # fmt: skip


def errors_of(forms: Array, matrix: Array) -> Array:
    """Return the standard errors of linear forms; NaN for what is dropped or unknown."""
    found = np.array([errors(propagated(form[None], matrix))[0] for form in forms])
    return np.where(found > 0, found, np.nan)


def _contrasts(fitted: Fitted, contrast: str) -> tuple[list[Named], Array]:
    """Return names and linear forms (rows, D') of theta_given."""
    names: list[Named] = [*fitted.parameter_names]
    identity = np.eye(len(names))
    k, width = fitted.n_experts, len(fitted.gate_design.basis)
    if contrast == "reference" or k == 1:
        return names, identity
    if contrast == "pairs":
        pairs = list(combinations(range(k), 2))
        labels: list[Expert] = [*pairs]
        between = np.array([np.eye(k)[i] - np.eye(k)[j] for i, j in pairs])
    else:
        labels = [*range(k)]
        between = np.eye(k) - 1 / k
    size = (k - 1) * width
    gate = np.zeros((len(labels) * width, len(names)))
    gate[:, :size] = np.kron(between[:, :-1], np.eye(width))
    features = [name[3] for name in names[:width]]
    return (
        [("gate", label, 0, feature) for label in labels for feature in features] + names[size:],
        np.vstack([gate, identity[size:]]),
    )
