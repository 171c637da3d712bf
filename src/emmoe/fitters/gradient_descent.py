"""Gradient descent on the negative log-likelihood, all blocks at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector
from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array, Objective


@dataclass(frozen=True)
class GradientDescent(Fitter):
    """step: one size, or one a block, in units of theta per unit of gradient of the mean loss."""

    step: Step

    @classmethod
    def example(cls) -> "GradientDescent":
        return cls(step=0.1)

    def __post_init__(self):
        check_step(self.step)

    def jacobian(self, model: MirrorModel, theta: Array) -> Array:
        step = step_vector(self.step, model, theta)
        return np.eye(len(theta)) - step[:, None] * model.hessian(theta)

    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        step = step_vector(self.step, model, theta)
        while True:
            loss, gradient = model.loss_and_gradient(theta)
            yield State(theta, loss, gradient)
            theta = theta - step * gradient
