"""Accelerated gradient descent (Nesterov, 1983), with FISTA's momentum (Beck and Teboulle, 2009).

From y_0 = x_0 and t_0 = 1: x_{k+1} = y_k - step grad L(y_k), t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2,
y_{k+1} = x_{k+1} + (t_k - 1) / t_{k+1} (x_{k+1} - x_k). The states are the y_k, where the gradients
are taken: to evaluate the x_k would cost passes that the algorithm has no use for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.fitters._coordinates import coordinates, needed, steepest
from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector
from emmoe.models.objective import Array, Objective


@dataclass(frozen=True)
class Nesterov(Fitter):
    """step: one size, or one a block, in units of theta per unit of gradient of the mean loss;
    restart: whether to drop the momentum when it points uphill, by the gradient rule of O'Donoghue
    and Candes (2015), for each stacked replicate by itself; whitened: whether descent
    is steepest in coordinates that whiten the features: along E[xx']^-1 times the gradient."""

    step: Step
    restart: bool = True
    whitened: bool = False

    @classmethod
    def example(cls) -> "Nesterov":
        return cls(step=0.1)

    def __post_init__(self):
        check_step(self.step)

    @property
    def needs(self) -> type[Objective]:
        return needed(self.whitened)

    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        step = step_vector(self.step, model, theta)
        own = coordinates(model, self.whitened)
        x, y, t = theta, theta, np.ones((*theta.shape[:-1], 1), theta.dtype)
        while True:
            loss, gradient = model.loss_and_gradient(y)
            yield State(y, loss, gradient)
            new_x = y - step * steepest(own, gradient)
            change = new_x - x
            if self.restart:
                uphill = (gradient * change).sum(axis=-1, keepdims=True) > 0
                t = np.where(uphill, 1, t)
            new_t = (1 + np.sqrt(1 + 4 * t**2)) / 2
            x, y, t = new_x, new_x + (t - 1) / new_t * change, new_t
