"""What a family of experts offers: an exponential family of y given natural parameters eta.

log f(y | eta) = <t(y), eta> - psi(eta) + h(y), mean psi'(eta), variance V = psi''(eta). eta has m
rows, one for each free entry of t(y); arrays are (..., m, n), the cases last. A family with a scale
(gaussian) has mean eta and its own variance s^2 in each expert, `log_scale` = log s.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


class Family(ABC):
    """An exponential family; its subclasses are the kinds of experts."""

    name: ClassVar[str]
    has_scale: ClassVar[bool] = False
    has_offset: ClassVar[bool] = False  # whether log-exposures may be added to eta
    discrete: ClassVar[bool] = True
    rows: int = 1  # m

    @abstractmethod
    def problem_with(self, y: Array) -> str:
        """Return what is wrong with targets of this family, or an empty text."""

    @abstractmethod
    def statistic(self, y: Array) -> Array:
        """Return t(y), (m, n)."""

    @abstractmethod
    def base(self, y: Array) -> Array:
        """Return h(y), (n,), the part of log f that no parameter changes."""

    @abstractmethod
    def partition(self, eta: Array) -> Array:
        """Return psi(eta), (..., n)."""

    @abstractmethod
    def mean(self, eta: Array) -> Array:
        """Return psi'(eta), (..., m, n)."""

    @abstractmethod
    def variance(self, mean: Array) -> Array:
        """Return psi''(eta) as a function of the mean, (..., m, m, n)."""

    @abstractmethod
    def draw(self, eta: Array, log_scale: Array, rng: np.random.Generator) -> Array:
        """Draw y, (n,), for eta (m, n) and log_scale (n,)."""

    @abstractmethod
    def divergence(self, eta: Array, other: Array, log_scale: Array, log_other: Array) -> Array:
        """Return KL(f(. | eta) || f(. | other)), (K, n), of experts (K, m, n) and (K,): the Bregman
        divergence of psi from the natural parameters of the second to those of the first."""

    def ridge_kernel(self) -> Array:
        """Return (m, m), the quadratic form in an expert's rows that a ridge has a column."""
        return np.eye(self.rows)

    def log_density(self, t: Array, base: Array, eta: Array, log_scale: Array) -> Array:
        """Return log f, (K, n), for experts eta (K, m, n) and log_scale (K,)."""
        return (t * eta).sum(-2) - self.partition(eta) + base

    def moments(self, eta: Array, log_scale: Array) -> tuple[Array, Array]:
        """Return mean and variance of each row of t(y), both (K, m, n)."""
        mean = self.mean(eta)
        return mean, np.einsum("...iin->...in", self.variance(mean))
