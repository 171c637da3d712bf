"""SQUAREM: EM sped up by squared extrapolation (Varadhan and Roland, 2008, scheme S3).

Two EM steps give r = theta_1 - theta_0 and v = (theta_2 - theta_1) - r; EM goes on from
theta_0 - 2 a r + a^2 v with a = -|r| / |v|. At a = -1 that is theta_2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.fitters.base import Fitter, State
from emmoe.models.latent import LatentModel
from emmoe.models.objective import Array


@dataclass(frozen=True)
class Squarem(Fitter):
    """m_step_tolerance: as EM's. An iteration is a cycle of three EM steps.

    Each stacked replicate has its own a. One whose extrapolation raises the loss, or would fall
    short of theta_2, goes on from theta_2, so that no cycle raises the loss."""

    m_step_tolerance: float | None = None

    needs = LatentModel

    def __post_init__(self):
        if self.m_step_tolerance is not None and not 0 < self.m_step_tolerance < 1:
            raise ValueError(f"m_step_tolerance must be within (0, 1), got {self.m_step_tolerance}")

    def iterate(self, model: LatentModel, theta: Array) -> Iterator[State]:
        tolerance = self.m_step_tolerance or model.m_step_tolerance
        while True:
            loss, gradient, statistic = model.e_step(theta)
            yield State(theta, loss, gradient)
            one = model.m_step(theta, statistic, gradient, tolerance)
            _, gradient, statistic = model.e_step(one)
            two = model.m_step(one, statistic, gradient, tolerance)
            leap = _extrapolation(theta, one, two)
            expected = model.e_step(leap)
            lower = np.asarray(expected[0] <= loss)[..., None]
            if not lower.all():
                leap = np.where(lower, leap, two)
                expected = model.e_step(leap)
            _, gradient, statistic = expected
            theta = model.m_step(leap, statistic, gradient, tolerance)


def _extrapolation(theta: Array, one: Array, two: Array) -> Array:
    """Return theta_0 - 2 a r + a^2 v, or theta_2 where a > -1 or the steps tell no a."""
    r, v = one - theta, two - 2 * one + theta
    squares = [(u * u).sum(axis=-1, keepdims=True) for u in (r, v)]
    known = (squares[1] > 0) & (squares[0] > squares[1])
    a = -np.sqrt(np.divide(*squares, out=np.ones_like(squares[0]), where=known))
    return np.where(known, theta - 2 * a * r + a * a * v, two)
