"""Lange's gradient EM (1995): one Newton step on -Q(. | theta_t) in place of the M-step.

At theta_t the Hessian of -Q is that of the mirror map A and its gradient is L's, so this is
gradient descent preconditioned by Hess A. Its Jacobian at a fixed point is EM's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector
from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array


@dataclass(frozen=True)
class PreconditionedGradientDescent(Fitter):
    """step: one size, or one a block, in units of the Newton step."""

    step: Step = 1.0

    needs = MirrorModel

    def __post_init__(self):
        check_step(self.step)

    def iterate(self, model: MirrorModel, theta: Array) -> Iterator[State]:
        step = step_vector(self.step, model, theta)
        while True:
            loss, gradient = model.loss_and_gradient(theta)
            yield State(theta, loss, gradient)
            inverse = np.linalg.pinv(model.mirror_hessian(theta), hermitian=True)
            theta = theta - step * (inverse @ gradient)
