"""Online EM: a fit that goes on with new rows, which are then forgotten.

Cappé and Moulines (2009) average the statistics of the E-step with a step gamma that falls, and
take the M-step from the average. Gaussian experts have statistics: E r xx', E r x y, E r y^2. The
gate and other families have none of finite size: here they are those of the expansion of -Q about
the theta at which rows came in, its Hessian H and c = H theta - gradient, of which the former are
the exact case. Nguyen, Forbes, Fort and Cappé (2023) do so with a bound in place of H. Where the
averages rest, so does EM. Parameters are averaged in turn (Polyak and Juditsky, 1992).

Rows that come at once are one step: their order does not matter.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from emmoe.mixture import blocks, em, penalty, predict
from emmoe.mixture.families.base import Array
from emmoe.mixture.fitted import Fitted
from emmoe.mixture.model import Mixture
from emmoe.mixture.problem import LARGEST
from emmoe.mixture.sample import Columns, Sample
from emmoe.store.errors import DataError

STATUS = "online"
WARNING = "online: parameters follow the rows of partial_fit; no maximum, no standard errors"
DECAY = 0.6  # of gamma = (share of the new rows)^DECAY; Cappé and Moulines's choice
FARTHEST = 1.0  # root mean square of the logits that a step of theta may add


class Statistics(NamedTuple):
    """Means over rows: H and c of the gate, (g, g) and (g,), and of each expert, (K, b, b) and
    (K, b); for gaussian experts E r y^2, (K,); mass E r, (K,)."""

    gate_curvature: Array
    gate_target: Array
    curvature: Array
    target: Array
    squares: Array
    mass: Array

    def toward(self, new: "Statistics", step: float) -> "Statistics":
        """Return these, moved by a step towards new ones."""
        return Statistics(*(a + step * (b - a) for a, b in zip(self, new, strict=True)))


@dataclass(frozen=True, eq=False)
class Online:
    """theta (D,) is where the next rows' E-step is taken, its average is that of `fitted`; floor is
    that of log s."""

    fitted: Fitted
    statistics: Statistics
    theta: Array
    floor: float


def begin(fitted: Fitted, x: Array, y: Array, weights: Array, variance_floor: float) -> Online:
    """Return what goes on from a fit, whose own rows need not be at hand: it is stationary, which
    tells c once H is known, and H is measured on x (n, d), y (n,) of weights (n,).

    Raises DataError for rows that the fit's family or columns cannot have."""
    sample = _sample(fitted, x, y, weights)
    model = _model(fitted, sample, fitted.total_weight)
    theta, share = fitted.theta, model.penalty
    found = _statistics(model, theta)
    gate, experts, log_scale = fitted.layout.split(theta)
    b = experts.reshape(len(experts), -1)
    square = np.exp(2 * log_scale)
    ridges = [hessian + square[k] * share.expert for k, hessian in enumerate(found.curvature)]
    mass = fitted.effective_rows / fitted.total_weight
    target = np.einsum("kij,kj->ki", ridges, b)
    errors = square * (mass + 2 * share.rows) - 2 * share.rows * share.pooled
    stationary = found._replace(
        gate_target=(found.gate_curvature + share.gate) @ gate.ravel(), target=target, mass=mass,
        squares=errors + _explained(found.curvature, target, b),
    )  # fmt: skip
    floor = float(np.log(variance_floor) + np.log(fitted.pooled) / 2)
    return Online(fitted, stationary, theta, floor)


def step(online: Online, x: Array, y: Array, weights: Array) -> Online:
    """Return the state after new rows x (n, d), y (n,) of weights (n,); raises as `begin` does."""
    old, sample = online.fitted, _sample(online.fitted, x, y, weights)
    seen = old.total_weight + sample.total
    model, share = _model(old, sample, seen), sample.total / seen
    statistics = online.statistics.toward(_statistics(model, online.theta), share**DECAY)
    theta = _m_step(model, online.theta, statistics, online.floor)
    # As many rows again count for the average: it forgets where it began (Shamir and Zhang, 2013).
    mean = old.theta + 2 * share / (1 + share) * (theta - old.theta)
    nothing = np.full((theta.size, theta.size), np.nan)
    fitted = replace(
        old, theta=mean, covariance=nothing, covariance_robust=nothing, status=STATUS,
        separable=(), loglik=np.nan, supremum=np.nan, rate=np.nan, entropy=np.nan,
        n_rows=old.n_rows + len(sample), total_weight=seen,
        effective_rows=seen * statistics.mass, n_iter=old.n_iter + 1, loglik_path=(),
        certificate={}, warnings=(WARNING,),
    )  # fmt: skip
    return Online(fitted, statistics, theta, online.floor)


def _sample(fitted: Fitted, x: Array, y: Array, weights: Array) -> Sample:
    """Return new rows in the coordinates of the fit; raises DataError."""
    x, law = predict.covariates(fitted, x), fitted.law
    if (weights < 0).any() or not weights.any():
        raise DataError("weights must not be negative, and some must be positive")
    if trouble := law.problem_with(y):
        raise DataError(f"family {law.name} {trouble}")
    if max(np.abs(x).max(initial=0), np.abs(y).max()) > LARGEST:
        raise DataError(f"x or y has values beyond {LARGEST:g}: rescale it")
    t = law.statistic((y - fitted.centre) / fitted.unit if law.has_scale else y)
    experts = gate = Columns(fitted.expert_design, x, None)
    if fitted.gate_design.columns != fitted.expert_design.columns:
        gate = Columns(fitted.gate_design, x, None)
    return Sample(
        family=law, gate=gate, experts=experts, statistic=t,
        base=law.base(y) - law.has_scale * np.log(fitted.unit), weight=weights / weights.sum(),
        offset=np.full(len(y), 0.0 if law.has_scale else fitted.centre),
        total=float(weights.sum()), centre=fitted.centre, unit=fitted.unit, reach=0.0,
    )  # fmt: skip


def _model(fitted: Fitted, sample: Sample, weight: float) -> Mixture:
    """Return the model on rows; the penalty, in nats, is that of a sample of some weight."""
    known = replace(sample, total=weight)
    share = penalty.make(fitted.layout, known, fitted.alpha, fitted.variance_penalty, fitted.pooled)
    return Mixture(sample, fitted.layout, share)


def _statistics(model: Mixture, theta: Array) -> Statistics:
    """Return the statistics of rows at theta."""
    found = em.moments(model, theta)
    gate, experts, _ = model.layout.split(theta)
    b = experts.reshape(len(experts), -1)
    target = np.einsum("kij,kj->ki", found.hessians, b) - found.experts
    return Statistics(
        found.gate_hessian, found.gate_hessian @ gate.ravel() - found.gate, found.hessians, target,
        found.squares + _explained(found.hessians, target, b), found.mass,
    )  # fmt: skip


def _explained(hessian: Array, target: Array, b: Array) -> Array:
    """Return E r y^2 - E r (y - x'b)^2, (K,), of gaussian experts."""
    return np.einsum("ki,ki->k", b, 2 * target - np.einsum("kij,kj->ki", hessian, b))


def _m_step(model: Mixture, theta: Array, mean: Statistics, floor: float) -> Array:
    """Return the maximiser of the averaged -Q; logits move by at most `FARTHEST` on average."""
    gate, experts, log_scale = (part.copy() for part in model.layout.split(theta))
    if gate.size:
        ridge = mean.gate_curvature + model.penalty.gate
        gate += _moved(ridge, mean.gate_target, gate, FARTHEST)
    square, farthest = np.exp(2 * log_scale), np.inf if model.layout.scale else FARTHEST
    for k, b in enumerate(experts):
        ridge = mean.curvature[k] + square[k] * model.penalty.expert
        b += _moved(ridge, mean.target[k], b, farthest)
    if model.layout.scale:
        flat = experts.reshape(len(experts), -1)
        errors = mean.squares - _explained(mean.curvature, mean.target, flat)
        scales = model.penalty.scales(errors, mean.mass)
        log_scale = np.log(np.maximum(scales, np.exp(2 * floor))) / 2
    return model.layout.join(gate, experts, log_scale)


def _moved(hessian: Array, target: Array, b: Array, farthest: float) -> Array:
    """Return what takes rows b to the solution of H b = c, shortened where it is too long: whitened
    columns have unit mean squares."""
    change = blocks.newton_step(hessian @ b.ravel() - target, hessian).reshape(b.shape)
    longest = np.sqrt((change**2).sum(axis=-1).max())
    return change * min(1.0, farthest / max(longest, np.finfo(float).tiny))
