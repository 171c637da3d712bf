"""Gradient descent on the negative log-likelihood, all blocks at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.fitters._coordinates import coordinates, needed, steepest
from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector
from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array, Objective


@dataclass(frozen=True)
class GradientDescent(Fitter):
    """step: one size, or one a block, in units of theta per unit of gradient of the mean loss;
    whitened: whether descent is steepest in coordinates that whiten the features: along
    E[xx']^-1 times the gradient."""

    step: Step
    whitened: bool = False

    @classmethod
    def example(cls) -> "GradientDescent":
        return cls(step=0.1)

    def __post_init__(self):
        check_step(self.step)

    @property
    def needs(self) -> type[Objective]:
        return needed(self.whitened)

    def jacobian(self, model: MirrorModel, theta: Array) -> Array:
        step = step_vector(self.step, model, theta)
        direction = steepest(coordinates(model, self.whitened), model.hessian(theta)).T
        return np.eye(len(theta)) - step[:, None] * direction

    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        step = step_vector(self.step, model, theta)
        own = coordinates(model, self.whitened)
        while True:
            loss, gradient = model.loss_and_gradient(theta)
            yield State(theta, loss, gradient)
            theta = theta - step * steepest(own, gradient)
