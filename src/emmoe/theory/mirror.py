"""EM as mirror descent on the mirror map A of a symmetric mixture: residuals and identities.

Legend: theta = (beta, w), b = x'beta, a = x'w, L the mean negative log-likelihood, t+ the EM step
from t, post_t the posterior of z at t, D_F(u, t) = F(u) - F(t) - <grad F(t), u - t>.

EM solves grad A(t+) = grad A(t) - grad L(t), so (the paper's main theorem, and two identities)
  mirror: grad A(t+) - grad A(t) + grad L(t) = 0;
  I1: L(t) - L(t+) = D_A(t, t+) + E KL(post_t || post_t+);
  I2: D_A(u, t+) = D_A(u, t) - D_L(u, t) - [L(t+) - L(u)] - E KL(post_t || post_t+), any u.
L and grad L are computed here from the component densities and Bayes' rule, not from the model's
E-step: otherwise these checks would be tautologies. Divergences are sums of nonnegative terms, one
an observation, and keep their relative accuracy when the points are close.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emmoe.models.objective import Array
from emmoe.models.symmetric import SymmetricModel

SIGNS = np.array([[1.0], [-1.0]])


def halves(theta: Array) -> tuple[Array, Array]:
    """Return beta and w, each (..., d), of theta, (..., p)."""
    d = theta.shape[-1] // 2
    return theta[..., :d], theta[..., d:]


def independent_loss_and_gradient(model: SymmetricModel, theta: Array) -> tuple[float, Array]:
    """Return L(theta) and its gradient (p,): the mean over z ~ post_theta of the component
    scores, from log p(y, z | x) and Bayes' rule."""
    from emmoe.models._compiled.terms import log_sigmoid  # not to plan: numba

    x, (beta, w) = model.sample.x, halves(theta)
    density, score = model.law.log_density_and_score(model.sample.y, SIGNS * (x @ beta))
    log_gate, gate_score = log_sigmoid(SIGNS * (x @ w))
    joint = log_gate + density
    weights = SIGNS * log_sigmoid(SIGNS * (joint[1] - joint[0]))[1]
    slopes = np.stack([(weights * score).sum(axis=0), (weights * gate_score).sum(axis=0)])
    return -float(np.logaddexp(*joint).mean()), -(slopes @ x / len(x)).ravel()


def independent_gradient(model: SymmetricModel, theta: Array) -> Array:
    """Return grad L(theta), shape (p,), sharing but the exponential with the model's E-step."""
    return independent_loss_and_gradient(model, theta)[1]


def mirror_gradient_change(model: SymmetricModel, new: Array, old: Array) -> Array:
    """Return grad A(new) - grad A(old), accurate relative to |new - old|, for one new point (p,) or
    several (k, p): of new's shape."""
    from emmoe.models._compiled.terms import half_tanh_change

    x, (beta, w) = model.sample.x, halves(old)
    change_b, change_a = (part @ x.T for part in halves(new - old))
    slopes = model.law.slope_change(x @ beta, change_b), half_tanh_change(x @ w, change_a)
    return np.concatenate([slope @ x for slope in slopes], axis=-1) / len(x)


def mirror_residual(
    model: SymmetricModel, old: Array, new: Array, gradient: Array | None = None
) -> float:
    """Return |grad A(new) - grad A(old) + grad L(old)| / |grad L(old)|: 0 for an EM step, 1 for no
    step. gradient: `independent_gradient` at old, where it is known."""
    gradient = independent_gradient(model, old) if gradient is None else gradient
    residual = mirror_gradient_change(model, new, old) + gradient
    return float(np.linalg.norm(residual) / np.linalg.norm(gradient))


def bregman(model: SymmetricModel, u: Array, t: Array) -> float:
    """Return D_A(u, t), the mean KL divergence of the complete-data model at t from that at u."""
    from emmoe.models._compiled.terms import bernoulli_divergence

    x, (beta, w) = model.sample.x, halves(t)
    change_b, change_a = (x @ part for part in halves(u - t))
    of_gate = bernoulli_divergence(x @ w, change_a)
    return float(np.mean(model.law.divergence(x @ beta, change_b) + of_gate))


def posterior_divergence(model: SymmetricModel, t: Array, t_plus: Array) -> float:
    """Return E KL(post_t || post_t+); the posterior's logit is linear in theta."""
    from emmoe.models._compiled.terms import bernoulli_divergence

    logit, change = model.logits(t)[2], model.logits(t_plus - t)[2]
    return float(np.mean(bernoulli_divergence(logit, change)))


def loss_bregman(model: SymmetricModel, u: Array, t: Array) -> float:
    """Return D_L(u, t) = D_A(u, t) - E KL(post_t || post_u), because L = const + A - B with B the
    mean log-partition function of the posterior. L is not convex: it may be negative."""
    return bregman(model, u, t) - posterior_divergence(model, t, u)


def secant_alpha(model: SymmetricModel, optimum: Array, theta: Array) -> float:
    """Return D_L(theta_hat, theta) / D_A(theta_hat, theta), NaN at theta = theta_hat: L's
    strong convexity relative to A between a point and the optimum theta_hat."""
    size = bregman(model, optimum, theta)
    return loss_bregman(model, optimum, theta) / size if size > 0 else np.nan


@dataclass(frozen=True, eq=False)
class Point:
    """A parameter theta (p,) with what the identities need of it, each computed once."""

    model: SymmetricModel
    theta: Array

    @cached_property
    def loss_and_gradient(self) -> tuple[float, Array]:
        """L and its gradient (p,), independent of the model's E-step."""
        return independent_loss_and_gradient(self.model, self.theta)

    @cached_property
    def mirror(self) -> tuple[float, Array]:
        """A and its gradient (p,)."""
        return self.model.mirror_map(self.theta), self.model.mirror_gradient(self.theta)


def identities(t: Point, t_plus: Point, u: Point | None = None) -> tuple[float, float]:
    """Return |left - right| of I1 and of I2 (NaN without u) over the absolute sizes of their terms.

    A Bregman divergence counts as the terms of its definition, e.g. |A(t)| + |A(t+)| +
    |<grad A(t+), t - t+>|, whose round-off the definition would have: a coordinate rounded to its
    own precision changes the identities by as much. D_L is computed from its definition here."""
    model, (before, gradient), (after, _) = t.model, t.loss_and_gradient, t_plus.loss_and_gradient
    lost = posterior_divergence(model, t.theta, t_plus.theta)
    first = before - after - bregman(model, t.theta, t_plus.theta) - lost
    first_size = abs(before) + abs(after) + _bregman_size(t, t_plus) + lost
    if u is None:
        return abs(first) / first_size, np.nan
    at_u, slope = u.loss_and_gradient[0], float(gradient @ (u.theta - t.theta))
    right = bregman(model, u.theta, t.theta) - (at_u - before - slope) - (after - at_u) - lost
    second = bregman(model, u.theta, t_plus.theta) - right
    size = 2 * abs(at_u) + abs(before) + abs(slope) + abs(after) + lost
    size += _bregman_size(u, t) + _bregman_size(u, t_plus)
    return abs(first) / first_size, abs(second) / size


def _bregman_size(u: Point, t: Point) -> float:
    """Return |A(u)| + |A(t)| + |<grad A(t), u - t>|."""
    return abs(u.mirror[0]) + abs(t.mirror[0]) + abs(t.mirror[1] @ (u.theta - t.theta))
