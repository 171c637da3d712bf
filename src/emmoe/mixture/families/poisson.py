"""Poisson experts: counts with mean exp(eta); an offset, the log of the exposure, may be in eta."""

import numpy as np
import scipy

from emmoe.mixture.families.base import Array, Family

LARGEST = 700.0  # exp of more overflows


class Poisson(Family):
    """t(y) = y, psi = e^eta, h(y) = -log y!"""

    name = "poisson"
    has_offset = True

    def problem_with(self, y: Array) -> str:
        counts = (y >= 0).all() and (y == np.floor(y)).all()
        return "" if counts else "needs counts 0, 1, 2, ... as y"

    def statistic(self, y: Array) -> Array:
        return y[None]

    def base(self, y: Array) -> Array:
        return -scipy.special.gammaln(y + 1)

    def partition(self, eta: Array) -> Array:
        return self.mean(eta)[..., 0, :]

    def mean(self, eta: Array) -> Array:
        return np.exp(np.minimum(eta, LARGEST))

    def variance(self, mean: Array) -> Array:
        return mean[..., None, :]

    def draw(self, eta: Array, log_scale: Array, rng: np.random.Generator) -> Array:
        return rng.poisson(self.mean(eta[0])).astype(float)

    def divergence(self, eta: Array, other: Array, log_scale: Array, log_other: Array) -> Array:
        """mean (e^change - 1 - change), change = other - eta; where mean e^change would be 0 times
        infinity, e^other in its place."""
        change = (other - eta)[..., 0, :]
        mean, far = self.mean(eta)[..., 0, :], change > LARGEST
        near = np.where(far, 0.0, change)
        beyond = self.mean(other)[..., 0, :] - mean * (1 + change)
        return np.where(far, beyond, mean * (np.expm1(near) - near))
