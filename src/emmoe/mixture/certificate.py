"""EM as mirror descent, certified on one step of a fit (the paper's main theorem, for any family).

With the map that moves, A_t(u) = E[lse(x'w) + sum_k r_k(theta_t) psi(eta_k)], an EM step solves
grad A_t(theta+) - grad A_t(theta_t) + grad L(theta_t) = 0. With the fixed map of the full family
of (z, y) given x, A_x = log sum_k exp(nu_k + psi(eta_k)), it solves the same within the curved set
that the model is: J(theta+)' [grad A(theta+) - grad A(theta_t) + grad L(theta_t)] = 0. Experts are
in natural parameters; a gaussian's are (beta / s^2, 1 / s^2).
"""

import math
from typing import NamedTuple

import numpy as np

from emmoe.mixture import em
from emmoe.mixture.families.base import Array
from emmoe.mixture.model import Mixture, Parts

TINY = 1e-7  # |grad L| below which a relative residual says nothing
VISIBLE = 1e-6  # of L: what gains less is compared with this instead, since round-off is of L


class Residuals(NamedTuple):
    """Relative to |grad L(theta_t)|: of the moving map, of the projection, and of neither."""

    moving: float
    projected: float
    unprojected: float


def natural_gradient(model: Mixture, theta: Array, gradient: Array) -> Array:
    """Return a gradient in (w, beta, log s) as one in (w, natural parameters).

    For gaussian experts g_gamma = s^2 g_beta, g_tau = -s^2 beta'g_beta - (s^2 / 2) g_log s."""
    if not model.layout.scale:
        return gradient
    _, experts, log_scale = model.layout.split(theta)
    gate, slopes, scales = model.layout.split(gradient)
    square = np.exp(2 * log_scale)
    tau = -square * (experts * slopes).sum(axis=(1, 2)) - square / 2 * scales
    return model.layout.join(gate, square[:, None, None] * slopes, tau)


def residuals(model: Mixture, theta: Array, target: Array) -> Residuals:
    """Return by how much `target` misses being the EM step from theta, in three ways."""
    gradient = natural_gradient(model, theta, model.loss_and_gradient(theta)[1])
    moved = np.zeros_like(gradient)
    projected, gap, size = np.zeros_like(gradient), 0.0, 0.0
    for now, then in zip(model.parts(theta), model.parts(target), strict=True):
        moved += _rows(model, now, _map_change(now, then))
        bracket, full = _bracket(model, now, then), _bracket(model, now, now)
        projected += _rows(model, now, _pulled_back(model, then, bracket))
        gap = math.hypot(gap, *(_length(b, now.data.weight) for b in bracket))
        size = math.hypot(size, *(_length(b, now.data.weight) for b in full))
    scale = np.linalg.norm(gradient)
    return Residuals(
        float(np.linalg.norm(moved + gradient) / scale),
        float(np.linalg.norm(projected) / scale),
        gap / size,
    )


def _length(factors: Array, weight: Array) -> float:
    """Return sqrt(E |factors|^2) of some rows, (..., c), whose squares may leave the range."""
    largest = float(np.abs(factors).max(initial=0)) or 1.0
    return largest * float(np.sqrt(((factors / largest) ** 2 * weight).sum()))


def _square(part: Parts) -> Array:
    return 1 / part.precision[:, None]


def _map_change(now: Parts, then: Parts) -> tuple[Array, Array, Array]:
    """Return grad A_t(then) - grad A_t(now) by rows of theta: gate (K-1, c), experts (K, m, c), the
    precisions (K, c)."""
    r = now.posterior
    tau = -(then.eta[:, 0] ** 2 - now.eta[:, 0] ** 2 + _square(then) - _square(now)) / 2
    return (then.gate - now.gate)[:-1], r[:, None] * (then.mean - now.mean), r * tau


def _bracket(model: Mixture, now: Parts, then: Parts) -> tuple[Array, Array, Array]:
    """Return grad A(then) - grad A(now) + grad L(now) in the full family, for each row of x: of nu
    (K, 1, c), of eta (K, m, c), and of a gaussian's 1/s^2 (K, 1, c)."""
    pi, r, t = then.gate, now.posterior, now.data.statistic
    nu, eta = (pi - r)[:, None], pi[:, None] * then.mean - r[:, None] * t
    if not model.layout.scale:
        return nu, eta, np.zeros_like(nu)
    second = -(pi * (then.mean[:, 0] ** 2 + _square(then)) - r * t[0] ** 2) / 2
    return nu, eta, second[:, None]


def _pulled_back(
    model: Mixture, then: Parts, bracket: tuple[Array, Array, Array]
) -> tuple[Array, Array, Array]:
    """Return J(then)' of a bracket by rows: nu_k = x'w_k - psi(eta_k), so its part in an expert is
    that of eta less psi' times that of nu."""
    nu, eta, second = bracket
    tau = second[:, 0]
    if model.layout.scale:
        tau = tau + (then.mean[:, 0] ** 2 + _square(then)) / 2 * nu[:, 0]
    return nu[:-1, 0], eta - then.mean * nu, tau


def _rows(model: Mixture, part: Parts, factors: tuple[Array, Array, Array]) -> Array:
    """Return E[factor x] over some rows, in theta's order."""
    gate, experts, scale = factors
    k, m, c = experts.shape
    weight = part.data.weight
    found = [
        ((gate * weight) @ part.data.gate).ravel(),
        ((experts.reshape(k * m, c) * weight) @ part.data.experts).ravel(),
    ]
    return np.concatenate(found + [scale @ weight] * model.layout.scale)


def divergence(model: Mixture, at: Array, u: Array, t: Array) -> float:
    """Return D_{A_at}(u, t) = E[KL(pi_t || pi_u) + sum_k r_k(at) KL(f_k(t) || f_k(u))]."""
    scales = model.layout.split(u)[2], model.layout.split(t)[2]
    total = 0.0
    for here, first, second in zip(model.parts(at), model.parts(u), model.parts(t), strict=True):
        apart = model.sample.family.divergence(second.eta, first.eta, scales[1], scales[0])
        apart = np.where(here.posterior > 0, apart, 0.0)  # which may be infinite
        kl = (second.gate * _log_ratio(second.gate, first.gate)).sum(axis=0)
        total += float(here.data.weight @ (kl + (here.posterior * apart).sum(axis=0)))
    return total


def posterior_divergence(model: Mixture, t: Array, u: Array) -> float:
    """Return E KL(posterior at t || posterior at u)."""
    total = 0.0
    for first, second in zip(model.parts(t), model.parts(u), strict=True):
        r = first.posterior
        total += float(first.data.weight @ (r * _log_ratio(r, second.posterior)).sum(axis=0))
    return total


def _log_ratio(p: Array, q: Array) -> Array:
    """Return log(p / q); 0 where p is 0."""
    tiny = np.finfo(float).tiny
    return np.where(p > 0, np.log(np.maximum(p, tiny)) - np.log(np.maximum(q, tiny)), 0.0)


def first_identity(model: Mixture, t: Array, following: Array) -> tuple[float, float]:
    """Return both sides of L(t) - L(t+) = D_{A_t}(t, t+) + E KL(post_t || post_t+)."""
    gain = model.loss(t) - model.loss(following)
    return gain, divergence(model, t, t, following) + posterior_divergence(model, t, following)


def second_identity(model: Mixture, t: Array, following: Array, u: Array) -> tuple[float, float]:
    """Return both sides of D(u, t+) = D(u, t) - D_L(u, t) - [L(t+) - L(u)] - E KL(post_t ||
    post_t+), D that of A_t and D_L(u, t) = L(u) - L(t) - <grad L(t), u - t>, natural."""
    right = divergence(model, t, u, t) - (
        divergence(model, t, u, t) - posterior_divergence(model, t, u)
    )
    right += model.loss(u) - model.loss(following) - posterior_divergence(model, t, following)
    return divergence(model, t, u, following), right


def certify(model: Mixture, theta: Array) -> dict[str, float]:
    """Return the residuals of the solved EM step from theta, those of a control, half the step, and
    I1's relative error. Only the unpenalised loss is mirror descent's."""
    loss, slope = model.loss_and_gradient(theta)
    gradient = np.linalg.norm(slope)
    if not gradient > TINY or not model.penalty.absent:
        return {}
    target = em.solved_em_step(model, theta)[1]
    step, half = residuals(model, theta, target), residuals(model, theta, (theta + target) / 2)
    gain, divergences = first_identity(model, theta, target)
    return {
        "gradient": float(gradient),
        "moving": step.moving,
        "projected": step.projected,
        "unprojected": step.unprojected,
        "half_step": half.moving,
        "first_identity": abs(gain - divergences) / max(abs(gain), VISIBLE * (1 + abs(loss))),
    }
