"""Gaussian experts, each with its own variance: y ~ N(eta, s^2)."""

import numpy as np

from emmoe.mixture.families.base import Array, Family

HALF_LOG_TWO_PI = np.log(2 * np.pi) / 2


class Gaussian(Family):
    """t(y) = y with psi = eta^2 / 2 where s is held fixed, as in the M-step for the coefficients.

    In natural coordinates (eta / s^2, 1 / s^2) the statistics are (y, -y^2 / 2)."""

    name = "gaussian"
    has_scale = True
    discrete = False

    def problem_with(self, y: Array) -> str:
        return ""

    def statistic(self, y: Array) -> Array:
        return y[None]

    def base(self, y: Array) -> Array:
        return np.full(len(y), -HALF_LOG_TWO_PI)

    def partition(self, eta: Array) -> Array:
        return (eta**2).sum(-2) / 2

    def mean(self, eta: Array) -> Array:
        return eta

    def variance(self, mean: Array) -> Array:
        return np.ones((*mean.shape[:-1], 1, mean.shape[-1]))

    def log_density(self, t: Array, base: Array, eta: Array, log_scale: Array) -> Array:
        e = (t - eta)[..., 0, :] * np.exp(-log_scale)[:, None]
        return base - log_scale[:, None] - e * e / 2

    def moments(self, eta: Array, log_scale: Array) -> tuple[Array, Array]:
        return eta, np.broadcast_to(np.exp(2 * log_scale)[:, None, None], eta.shape)

    def draw(self, eta: Array, log_scale: Array, rng: np.random.Generator) -> Array:
        return eta[0] + np.exp(log_scale) * rng.standard_normal(eta.shape[-1])

    def divergence(self, eta: Array, other: Array, log_scale: Array, log_other: Array) -> Array:
        """Half of (s / s')^2 - 1 - log (s / s')^2 + (eta - eta')^2 / s'^2, without cancellation."""
        change = 2 * (log_scale - log_other)[:, None]
        shift = (eta - other)[..., 0, :] * np.exp(-log_other)[:, None]
        return (np.expm1(change) - change + shift * shift) / 2
