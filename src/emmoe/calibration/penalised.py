"""Figure 3's model with what the paper may have run: ridge, intercept, another cross entropy."""

from dataclasses import dataclass, replace

import numpy as np

from emmoe.models._shared import softmax
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.models.objective import Array
from emmoe.models.regression import Sample

HALVES = 4  # pixels of 1/2 that stand for a constant 1


@dataclass(eq=False)
class Penalised(LogisticExperts):
    """Its steps are those on L + ridge/2 |theta|^2, or on -Q plus the same; its loss stays L."""

    ridge: float = 0.0

    def e_step(self, theta: Array):
        loss, gradient, posterior = super().e_step(theta)
        return loss, gradient + self.ridge * theta, posterior

    def q_gradient(self, theta: Array, statistic: Array) -> Array:
        return super().q_gradient(theta, statistic) + self.ridge * theta

    def measures(self, theta: Array) -> dict[str, Array]:
        """Return what else may be called the cross entropy of the training set, in nats, (R,) each.

        complete_data: mean -E[log P(y, k | x)] under the responsibilities; top_expert: mean
        -log P(y | x, k) of the k that the gate favours; average_expert: of every k, averaged."""
        weights, n = self._weights(theta), len(self.sample.x)
        totals: dict[str, Array] = {}
        for rows in softmax.chunks(n):
            joint = softmax.log_joint(softmax.logits(weights, self.sample, rows), self.experts)
            for name, values in _entropies(joint, self.sample.y[rows]).items():
                totals[name] = totals.get(name, 0.0) + values.sum(axis=1, dtype=float)
        return {name: total / n for name, total in totals.items()}


def _entropies(joint: Array, y: np.ndarray) -> dict[str, Array]:
    """The terms of m rows, (R, m) each, from log P(k, c | x), shape (R, K, C, m)."""
    of_target = joint[:, :, y, np.arange(len(y))]
    gate = softmax.logsumexp(joint, 2)[:, :, 0]
    expert = of_target - gate
    posterior = np.exp(of_target - softmax.logsumexp(of_target, 1))
    top = gate.argmax(axis=1)[:, None]
    return {
        "complete_data": -(posterior * of_target).sum(axis=1),
        "top_expert": -np.take_along_axis(expert, top, axis=1)[:, 0],
        "average_expert": -expert.mean(axis=1),
    }


def with_intercept(sample: Sample) -> Sample:
    """Return a sample with four more pixels of 1/2, which an inversion leaves as they are.

    (1/2, 1/2, 1/2, 1/2) is a unit vector. So half the sum of their four weights is an intercept: it
    starts with the law of a single weight, and gradients, steps and ridge act on it as on one."""
    halves = np.full((len(sample.x), HALVES), 0.5, sample.x.dtype)
    test = None if sample.test is None else with_intercept(sample.test)
    return replace(sample, x=np.concatenate([sample.x, halves], axis=1), test=test)


def first(sample: Sample, count: int) -> Sample:
    """Return a sample with its first `count` training images alone."""
    signs = None if sample.signs is None else sample.signs[:, :count]
    return replace(sample, x=sample.x[:count], y=sample.y[:count], signs=signs)
