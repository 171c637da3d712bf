"""What every fitter offers: an endless iteration over states. A fitter only iterates.

It evaluates theta_t, yields it, and moves on when asked for more; the recorder decides when to
stop. The loss and the gradient of a state come out of the one pass that the next step needs; where
it needs none, a state computes them on demand (see `stochastic_gradient_descent`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, ClassVar, NamedTuple

import numpy as np

from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array, Blocks, Objective

Step = float | Mapping[str, float]


class State(NamedTuple):
    """theta_t (p,) or (R, p), L(theta_t) and grad L(theta_t) (of theta's shape)."""

    theta: Array
    loss: Any
    gradient: Array


class Fitter(ABC):
    """An algorithm with its settings, the fields of a dataclass.

    A setting that is a mapping is by block of the model. needs: the contract that it asks of a
    model (a property where a setting decides); mirror_step: whether its step is EM's, and so a
    unit step of mirror descent."""

    needs: ClassVar[type[Objective]] = Objective
    mirror_step: ClassVar[bool] = False

    @classmethod
    def example(cls) -> "Fitter":
        """Return the algorithm with settings that suit a small problem, for tests."""
        return cls()

    def refuses(self, model: Objective) -> str | None:
        """Return why the algorithm cannot run on a bound model, or None if it can."""
        if not isinstance(model, self.needs):
            return f"{type(self).__name__} needs {self.needs.described}"
        return unknown_blocks(self, model.layout)

    @abstractmethod
    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        """Yield the states t = 0, 1, ... from the start theta."""

    def jacobian(self, model: MirrorModel, theta: Array) -> Array | None:
        """Return the Jacobian (p, p) of a step at a stationary point, None if it is not known."""
        return None


def check_step(step: Step) -> None:
    """Raise ValueError unless a step size, or every block's, is a positive number."""
    for name, value in step.items() if isinstance(step, Mapping) else [("all blocks", step)]:
        if not 0 < value < np.inf:
            raise ValueError(f"step: the size for {name} must be positive, got {value!r}")


def check_decay(decay: float | None) -> None:
    """Raise ValueError unless a decay is a positive number, or none."""
    if decay is not None and not 0 < decay < np.inf:
        raise ValueError(f"decay must be positive, got {decay}")


def decayed(first: Array, t: int, decay: float | None) -> Array:
    """Return the step sizes first / (1 + t / decay) of iteration t, without a decay the first."""
    return first if decay is None else first / (1 + t / decay)


def by_block(part: Any) -> dict[str, Mapping[str, Any]]:
    """Return the settings of a component that are given by block of a model."""
    settings = {field.name: getattr(part, field.name) for field in fields(part)}
    return {name: value for name, value in settings.items() if isinstance(value, Mapping)}


def unknown_blocks(part: Any, blocks: Blocks) -> str | None:
    """Return why a component's settings by block do not fit a model's blocks, or None."""
    for name, value in by_block(part).items():
        if set(value) != set(blocks):
            return f"{name} names the blocks {sorted(value)}, the model has {sorted(blocks)}"
    return None


def step_vector(step: Step, model: Objective, theta: Array) -> Array:
    """Return the step size of every parameter, shape (p,), in theta's dtype."""
    vector = np.empty(theta.shape[-1], theta.dtype)
    for name, part in model.layout.items():
        vector[part] = step[name] if isinstance(step, Mapping) else step
    return vector
