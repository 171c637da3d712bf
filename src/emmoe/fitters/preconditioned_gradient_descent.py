"""Lange's gradient EM (1995): one Newton step on -Q(. | theta_t) in place of the M-step.

At theta_t the gradient of -Q is L's, so this is gradient descent preconditioned by the Hessian of
-Q there, which is the mirror map's where there is one. Its Jacobian at a fixed point is EM's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector
from emmoe.models.curved import CurvedModel
from emmoe.models.objective import Array


@dataclass(frozen=True)
class PreconditionedGradientDescent(Fitter):
    """step: one size, or one a block, in units of the Newton step."""

    step: Step = 1.0

    needs = CurvedModel

    def __post_init__(self):
        check_step(self.step)

    def iterate(self, model: CurvedModel, theta: Array) -> Iterator[State]:
        step = step_vector(self.step, model, theta)
        while True:
            loss, gradient = model.loss_and_gradient(theta)
            yield State(theta, loss, gradient)
            theta = theta - step * model.newton_step(theta, gradient)
