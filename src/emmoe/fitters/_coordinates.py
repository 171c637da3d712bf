"""Coordinates in which a descent is steepest: theta's own, or those that whiten the features."""

from typing import Protocol

from emmoe.models.objective import Array, Objective
from emmoe.models.regression import RegressionModel


class Coordinates(Protocol):
    """u for theta, linear in it, by a symmetric matrix for each row."""

    def into(self, theta: Array) -> Array:
        """Return u."""

    def out(self, u: Array) -> Array:
        """Return theta for u; of a gradient by theta, the one by u."""


class _Plain:
    """theta itself."""

    def into(self, theta: Array) -> Array:
        return theta

    def out(self, u: Array) -> Array:
        return u


def coordinates(model: Objective, whitened: bool) -> Coordinates:
    """Return a bound model's coordinates."""
    return model.whitening() if whitened else _Plain()


def steepest(own: Coordinates, gradient: Array) -> Array:
    """Return the direction by theta (or its transpose) of steepest ascent in the coordinates."""
    return own.out(own.out(gradient))


def needed(whitened: bool) -> type[Objective]:
    """Return what the coordinates ask of a model."""
    return RegressionModel if whitened else Objective
