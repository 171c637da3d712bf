"""Gradient descent whose step size is found by backtracking (Armijo, 1966).

A trial that lowers the loss by too little is shrunk; an accepted step is grown for the next
iteration. A trial is a full evaluation, of which an accepted one's gradient serves the next step.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.fitters.base import Fitter, State, Step, check_step, step_vector
from emmoe.models.objective import Array, Objective

MAX_TRIALS = 60  # at round-off, where nothing lowers the loss


@dataclass(frozen=True)
class BacktrackingGradientDescent(Fitter):
    """step: the first size tried, one or one a block; shrink and growth: factors of a refused and
    of an accepted size; armijo: the share of the decrease along the tangent that a step must reach.

    Stacked replicates have a size each; all are evaluated until the last one's is accepted."""

    step: Step
    shrink: float = 0.5
    growth: float = 1.3  # 2 would make every other trial fail
    armijo: float = 1e-4

    @classmethod
    def example(cls) -> "BacktrackingGradientDescent":
        return cls(step=0.1)

    def __post_init__(self):
        check_step(self.step)
        for name in ("shrink", "armijo"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must be within (0, 1), got {getattr(self, name)}")
        if not 1 <= self.growth < np.inf:
            raise ValueError(f"growth must be at least 1, got {self.growth}")

    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        first = step_vector(self.step, model, theta)
        scale = np.ones((*theta.shape[:-1], 1), theta.dtype)
        state = State(theta, *model.loss_and_gradient(theta))
        while True:
            yield state
            state, scale = self._step(model, state, first, scale)

    def _step(
        self, model: Objective, state: State, first: Array, scale: Array
    ) -> tuple[State, Array]:
        """Return the next state and the scales (..., 1) of the first step to try after it.

        A replicate accepted early is evaluated again at the same point, with the same result; one
        without an acceptable step stays."""
        direction = first * state.gradient
        slope = (direction * state.gradient).sum(axis=-1)
        for _ in range(MAX_TRIALS):
            trial = state.theta - scale * direction
            new = State(trial, *model.loss_and_gradient(trial))
            bound = state.loss - self.armijo * scale[..., 0] * slope
            accepted = (new.loss <= bound) | ~np.isfinite(state.loss)
            if np.all(accepted):
                return new, scale * self.growth
            scale = np.where(accepted[..., None], scale, scale * self.shrink)
        masks = accepted[..., None], accepted, accepted[..., None]
        return State(*map(np.where, masks, new, state)), scale
