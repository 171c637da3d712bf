"""Adam on the whole sample (Kingma and Ba, 2015)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from emmoe.fitters.base import (
    Fitter,
    State,
    Step,
    check_decay,
    check_step,
    decayed,
    step_vector,
)
from emmoe.models.objective import Array, Objective


@dataclass(frozen=True)
class Adam(Fitter):
    """step: one size, or one a block, in units of theta; beta1 and beta2: decay rates of the
    gradient's first and second moment; epsilon: added to the root of the second;
    decay: the iterations after which the step is half the first, constant where none is given."""

    step: Step
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decay: float | None = None

    @classmethod
    def example(cls) -> "Adam":
        return cls(step=0.1)

    def __post_init__(self):
        check_step(self.step)
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be within [0, 1), got {getattr(self, name)}")
        if not 0 < self.epsilon < np.inf:
            raise ValueError(f"epsilon must be positive, got {self.epsilon}")
        check_decay(self.decay)

    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        first = step_vector(self.step, model, theta)
        mean, square = np.zeros_like(theta), np.zeros_like(theta)
        for t in count(1):
            loss, gradient = model.loss_and_gradient(theta)
            yield State(theta, loss, gradient)
            mean = self.beta1 * mean + (1 - self.beta1) * gradient
            square = self.beta2 * square + (1 - self.beta2) * gradient**2
            root = np.sqrt(square / (1 - self.beta2**t))
            step = decayed(first, t - 1, self.decay)
            theta = theta - step * mean / (1 - self.beta1**t) / (root + self.epsilon)
