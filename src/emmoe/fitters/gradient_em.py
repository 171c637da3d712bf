"""Gradient EM: k gradient steps on -Q(. | theta_t) per iteration, all blocks at once.

With k = 1 and GD's steps it is gradient descent, by Fisher's identity (Balakrishnan, Wainwright
and Yu, 2017, study k = 1). With k large it tends to EM."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector
from emmoe.models.latent import LatentModel
from emmoe.models.objective import Array


@dataclass(frozen=True)
class GradientEM(Fitter):
    """step: one size, or one a block, in units of theta per unit of gradient of the mean loss."""

    step: Step
    inner_steps: int = 1

    needs = LatentModel

    @classmethod
    def example(cls) -> "GradientEM":
        return cls(step=0.1)

    def __post_init__(self):
        check_step(self.step)
        if self.inner_steps < 1:
            raise ValueError(f"inner_steps must be at least 1, got {self.inner_steps}")

    def iterate(self, model: LatentModel, theta: Array) -> Iterator[State]:
        step = step_vector(self.step, model, theta)
        while True:
            loss, gradient, statistic = model.e_step(theta)
            yield State(theta, loss, gradient)
            theta = theta - step * gradient
            for _ in range(self.inner_steps - 1):
                theta = theta - step * model.q_gradient(theta, statistic)
