"""Laws of a target given z = 1 and b = x'beta, in formulas of their own.

The theory's checks take them from here and not from a model's E-step, with which they share the
exponential alone: otherwise the checks would be tautologies. A symmetric model names its law.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from emmoe.models.objective import Array


class Law(Protocol):
    """What the theory needs of a law, in terms of b; y and b broadcast."""

    def log_density_and_score(self, y: Array, b: Array) -> tuple[Array, Array]:
        """Return log p(y; b) and its derivative in b."""

    def divergence(self, b: Array, change: Array) -> Array:
        """Return KL(p(.; b) || p(.; b + change))."""

    def slope_change(self, b: Array, change: Array) -> Array:
        """Return the change of the log-partition function's derivative from b to b + change."""


@dataclass(frozen=True)
class Gaussian:
    """N(b, sd^2), in terms of b; y and b broadcast."""

    sd: float

    def log_density_and_score(self, y: Array, b: Array) -> tuple[Array, Array]:
        """Return log p(y; b) and its derivative in b."""
        standard = (y - b) / self.sd
        return -(standard**2 + np.log(2 * np.pi)) / 2 - np.log(self.sd), standard / self.sd

    def divergence(self, b: Array, change: Array) -> Array:
        """Return KL(p(.; b) || p(.; b + change))."""
        return (change / self.sd) ** 2 / 2

    def slope_change(self, b: Array, change: Array) -> Array:
        """Return the change of the log-partition function's derivative from b to b + change."""
        return change / self.sd**2


class Logistic:
    """P(y) = sigmoid(y b) on {-1, 1}; the methods are Gaussian's."""

    def log_density_and_score(self, y: Array, b: Array) -> tuple[Array, Array]:
        from emmoe.models._compiled.terms import log_sigmoid

        log_density, derivative = log_sigmoid(y * b)
        return log_density, y * derivative

    def divergence(self, b: Array, change: Array) -> Array:
        from emmoe.models._compiled.terms import bernoulli_divergence

        return bernoulli_divergence(b, change)

    def slope_change(self, b: Array, change: Array) -> Array:
        from emmoe.models._compiled.terms import half_tanh_change

        return half_tanh_change(b, change)
