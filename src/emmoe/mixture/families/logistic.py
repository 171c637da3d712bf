"""Logistic experts: y in {0, 1}, P(y = 1) = sigmoid(eta)."""

import numpy as np
import scipy

from emmoe.mixture.families.base import Array, Family


class Logistic(Family):
    """t(y) = y, psi = log(1 + e^eta)."""

    name = "logistic"

    def problem_with(self, y: Array) -> str:
        return "" if np.isin(y, (0, 1)).all() else "needs 0 and 1 as y"

    def statistic(self, y: Array) -> Array:
        return y[None]

    def base(self, y: Array) -> Array:
        return np.zeros(len(y))

    def partition(self, eta: Array) -> Array:
        eta = eta[..., 0, :]
        return np.maximum(eta, 0) + np.log1p(np.exp(-np.abs(eta)))

    def mean(self, eta: Array) -> Array:
        return scipy.special.expit(eta)

    def variance(self, mean: Array) -> Array:
        return (mean * (1 - mean))[..., None, :]

    def draw(self, eta: Array, log_scale: Array, rng: np.random.Generator) -> Array:
        return (rng.random(eta.shape[-1]) < scipy.special.expit(eta[0])).astype(float)

    def divergence(self, eta: Array, other: Array, log_scale: Array, log_other: Array) -> Array:
        change = self.partition(other) - self.partition(eta)
        return (scipy.special.expit(eta) * (eta - other))[..., 0, :] + change
