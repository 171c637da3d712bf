"""Gradient descent on mini-batches (Robbins and Monro, 1951), reshuffled every epoch.

An iteration is an epoch: every row is used once, in batches of a random order that stacked
replicates share. The cost is that of the batches' gradients. The algorithm itself needs neither
L(theta_t) nor grad L(theta_t) over the whole sample: a state computes them when asked for them, and
neither their work nor, in the recorder, their time is charged to the algorithm.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np

from emmoe.fitters.base import Fitter, Step, check_decay, check_step, decayed, step_vector
from emmoe.models.objective import Array, Objective
from emmoe.models.regression import RegressionModel


@dataclass(frozen=True)
class Unevaluated:
    """A `State` whose loss and gradient are computed when first asked for, outside the model's
    count of work. The recorder asks with its clock off."""

    model: Objective
    theta: Array

    @cached_property
    def _values(self) -> tuple[Any, Array]:
        model = copy.copy(self.model)
        model.work = Counter()
        with np.errstate(all="ignore"):
            return model.loss_and_gradient(self.theta)

    @property
    def loss(self) -> Any:
        """L(theta)."""
        return self._values[0]

    @property
    def gradient(self) -> Array:
        """grad L(theta), of theta's shape."""
        return self._values[1]


@dataclass(frozen=True)
class StochasticGradientDescent(Fitter):
    """step: one size, or one a block, in units of theta per unit of gradient of the mean loss;
    batch_size: rows a step (the last batch of an epoch holds the rest); decay: the epochs after
    which the step is half the first, by step / (1 + epoch / decay), constant where none is given;
    seed: of the order of the rows."""

    step: Step
    batch_size: int
    decay: float | None = None
    seed: int = 0

    needs = RegressionModel

    @classmethod
    def example(cls) -> "StochasticGradientDescent":
        return cls(step=0.1, batch_size=30)

    def __post_init__(self):
        check_step(self.step)
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        check_decay(self.decay)
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")

    def iterate(self, model: RegressionModel, theta: Array) -> Iterator[Unevaluated]:
        first = step_vector(self.step, model, theta)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed))
        for epoch in count():
            yield Unevaluated(model, theta)
            step = decayed(first, epoch, self.decay)
            order = rng.permutation(len(model.sample.x))
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                theta = theta - step * model.batch_gradient(theta, batch)
