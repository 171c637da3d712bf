"""What every fitter offers: an endless iteration over states. A fitter only iterates.

It evaluates theta_t, yields it, and moves on when asked for more; the recorder decides when to
stop. The loss and the gradient of a state come out of the one pass that the next step needs; where
it needs none, a state computes them on demand (see `stochastic_gradient_descent`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from emmoe.models.base import Array, Model

Step = float | Mapping[str, float]


class State(NamedTuple):
    """theta_t (p,) or (R, p), L(theta_t) and grad L(theta_t) (of theta's shape)."""

    theta: Array
    loss: Any
    gradient: Array


class Fitter(ABC):
    """An algorithm with its settings, the fields of a dataclass."""

    def refuses(self, model: Model) -> str | None:
        """Return why the algorithm cannot run on a bound model, or None if it can."""
        return None

    @abstractmethod
    def iterate(self, model: Model, theta: Array) -> Iterator[State]:
        """Yield the states t = 0, 1, ... from the start theta."""


def check_step(step: Step) -> None:
    """Raise ValueError unless a step size, or every block's, is a positive number."""
    for name, value in step.items() if isinstance(step, Mapping) else [("all blocks", step)]:
        if not 0 < value < np.inf:
            raise ValueError(f"step: the size for {name} must be positive, got {value!r}")


def unknown_blocks(step: Step, model: Model) -> str | None:
    """Return why a step size a block does not fit the model's blocks, or None."""
    blocks = model.blocks(model.sample.x.shape[1])
    if isinstance(step, Mapping) and set(step) != set(blocks):
        return f"step names the blocks {sorted(step)}, the model has {sorted(blocks)}"
    return None


def step_vector(step: Step, model: Model, theta: Array) -> Array:
    """Return the step size of every parameter, shape (p,), in theta's dtype."""
    vector = np.empty(theta.shape[-1], theta.dtype)
    for name, part in model.blocks(model.sample.x.shape[1]).items():
        vector[part] = step[name] if isinstance(step, Mapping) else step
    return vector
