"""Gradient descent on the negative log-likelihood, all blocks at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector, unknown_blocks
from emmoe.models.base import Array, Model


@dataclass(frozen=True)
class GradientDescent(Fitter):
    """step: one size, or one a block, in units of theta per unit of gradient of the mean loss."""

    step: Step

    def __post_init__(self):
        check_step(self.step)

    def refuses(self, model: Model) -> str | None:
        return unknown_blocks(self.step, model)

    def iterate(self, model: Model, theta: Array) -> Iterator[State]:
        step = step_vector(self.step, model, theta)
        while True:
            loss, gradient = model.loss_and_gradient(theta)
            yield State(theta, loss, gradient)
            theta = theta - step * gradient
