"""Multinomial experts over C classes: m = C - 1 logits, those of the last class 0."""

import numpy as np

from emmoe.mixture.families.base import Array, Family


class Multinomial(Family):
    """y in 0..C-1; t(y) is the indicator of the class, without the last one."""

    name = "multinomial"

    def __init__(self, classes: int):
        self.rows = classes - 1

    def problem_with(self, y: Array) -> str:
        fits = np.isin(y, np.arange(self.rows + 1)).all()
        return "" if fits else f"needs classes 0..{self.rows} as y"

    def statistic(self, y: Array) -> Array:
        return (y == np.arange(self.rows)[:, None]).astype(float)

    def base(self, y: Array) -> Array:
        return np.zeros(len(y))

    def partition(self, eta: Array) -> Array:
        top = np.maximum(eta.max(-2), 0)
        return top + np.log(np.exp(-top) + np.exp(eta - top[..., None, :]).sum(-2))

    def mean(self, eta: Array) -> Array:
        return np.exp(eta - self.partition(eta)[..., None, :])

    def variance(self, mean: Array) -> Array:
        out = -mean[..., :, None, :] * mean[..., None, :, :]
        rows = np.arange(self.rows)
        out[..., rows, rows, :] += mean
        return out

    def draw(self, eta: Array, log_scale: Array, rng: np.random.Generator) -> Array:
        return (rng.random(eta.shape[-1]) > self.mean(eta).cumsum(0)).sum(0).astype(float)

    def divergence(self, eta: Array, other: Array, log_scale: Array, log_other: Array) -> Array:
        """Sum over classes, the last one too, of p (log p - log q)."""
        change = self.partition(other) - self.partition(eta)
        return (self.mean(eta) * (eta - other)).sum(-2) + change

    def ridge_kernel(self) -> Array:
        """The sum of squares of all C rows about their mean: no class is special."""
        return np.eye(self.rows) - 1 / (self.rows + 1)
