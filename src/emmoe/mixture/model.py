"""The mixture on a sample: loss, gradient, responsibilities, each from one pass over the rows.

log p(y, z=k | x) = log pi_k + log f_k, pi = softmax(x'w), and L = -E log sum_k p(y, z=k | x). E is
the weighted mean. The posterior r = P(z | x, y) is the responsibilities.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture.families.base import Array
from emmoe.mixture.layout import Layout
from emmoe.mixture.penalty import Penalty
from emmoe.mixture.sample import Chunk, Sample


class Parts(NamedTuple):
    """What a pass knows of some rows: gate pi (K, c), eta (K, m, c), residual t - mean (K, m, c),
    posterior r (K, c), log_likelihood (c,), and the precision 1/s^2 of each expert (K,)."""

    rows: slice
    data: Chunk
    gate: Array
    eta: Array
    mean: Array
    residual: Array
    posterior: Array
    log_likelihood: Array
    precision: Array

    def some(self, which: NDArray[np.integer]) -> "Parts":
        """Return some of the rows, by their numbers here; `rows` stays as it is."""
        return self._replace(
            data=self.data.some(which), gate=self.gate.take(which, axis=-1),
            eta=self.eta.take(which, axis=-1), mean=self.mean.take(which, axis=-1),
            residual=self.residual.take(which, axis=-1),
            posterior=self.posterior.take(which, axis=-1),
            log_likelihood=self.log_likelihood.take(which),
        )  # fmt: skip


def log_sum_exp(a: Array) -> Array:
    """Return log sum exp over the first axis, (1, c)."""
    return _normalised(a)[0]


def _normalised(a: Array) -> tuple[Array, Array]:
    """Return log sum exp over the first axis, (1, c), and exp(a) over the sum of exp(a)."""
    top = a.max(axis=0, keepdims=True)
    share = np.exp(a - top)
    total = share.sum(axis=0, keepdims=True)
    share /= total
    return top + np.log(total), share


def soft_max(logits: Array) -> tuple[Array, Array]:
    """Return log pi and pi, (K, c) each, for logits (K-1, c) against the last one's, 0."""
    full = np.zeros((len(logits) + 1, logits.shape[1]))
    full[:-1] = logits
    total, pi = _normalised(full)
    full -= total
    return full, pi


@dataclass(frozen=True, eq=False)
class Mixture:
    """K experts bound to a sample. Losses are nats per unit of weight, the penalty included."""

    sample: Sample
    layout: Layout
    penalty: Penalty

    def on(self, sample: Sample) -> "Mixture":
        """Return the same model on other rows; the penalty keeps its size in nats."""
        share = self.sample.total / sample.total
        penalty = replace(
            self.penalty, gate=self.penalty.gate * share, expert=self.penalty.expert * share,
            rows=self.penalty.rows * share,
        )  # fmt: skip
        return replace(self, sample=sample, penalty=penalty)

    def parts(self, theta: Array) -> Iterator[Parts]:
        """Return the E-step, some rows at a time."""
        gate, experts, log_scale = self.layout.split(theta)
        family, precision = self.sample.family, np.exp(-2 * log_scale)
        k, m, p = experts.shape
        for rows, data in self.sample.chunks():
            logits, eta = data.products(gate, experts.reshape(k * m, p))
            log_pi, pi = soft_max(logits)
            eta = eta.reshape(k, m, -1) + data.offset
            joint = log_pi + family.log_density(data.statistic, data.base, eta, log_scale)
            total, posterior = _normalised(joint)
            mean = family.mean(eta)
            yield Parts(
                rows, data, pi, eta, mean, data.statistic - mean, posterior, total[0], precision
            )

    def loss(self, theta: Array) -> float:
        """Return L(theta), penalised."""
        total = -sum(part.data.weight @ part.log_likelihood for part in self.parts(theta))
        return float(total + self.penalty.value(theta))

    def loss_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """Return L(theta) and its gradient (D,), penalised."""
        loss, total = 0.0, np.zeros(self.layout.size)
        for part in self.parts(theta):
            loss -= float(part.data.weight @ part.log_likelihood)
            total += self.weighted_scores(part)
        return float(loss + self.penalty.value(theta)), self.penalty.gradient(theta) - total

    def scores(self, part: Parts) -> Array:
        """Return what multiplies each row's columns in the score of log p(y | x), (R, c)."""
        factors = part.posterior[self.layout.owners] * self.factors(part)
        size = self.layout.experts - 1
        factors[:size] = (part.posterior - part.gate)[:size]
        return factors

    def factors(self, part: Parts) -> Array:
        """Return what multiplies z_k and each row's columns in the complete-data score, (R, c):
        1 for the gate, (t - mean) / s^2 for an expert, e^2 / s^2 - 1 for its log s."""
        k, m, c = part.residual.shape
        scaled = part.residual * part.precision[:, None, None]
        rows = [np.ones((k - 1, c)), scaled.reshape(k * m, c)]
        if self.layout.scale:
            rows.append((scaled * part.residual)[:, 0] - 1)
        return np.concatenate(rows)

    def weighted_scores(self, part: Parts) -> Array:
        """Return the sum of weight times score, (D,)."""
        scores = self.scores(part) * part.data.weight
        gate, experts = self.layout.experts - 1, self.layout.experts * self.layout.rows
        sums = part.data.sums(scores[:gate], scores[gate : gate + experts])
        return np.concatenate([*map(np.ravel, sums), scores[gate + experts :].sum(axis=1)])

    def q_gradient(self, theta: Array, posterior: Array) -> Array:
        """Return the gradient (D,) of -Q at theta for given responsibilities (K, n)."""
        total = np.zeros(self.layout.size)
        for part in self.parts(theta):
            total += self.weighted_scores(part._replace(posterior=posterior[:, part.rows]))
        return self.penalty.gradient(theta) - total

    def responsibilities(self, theta: Array) -> Array:
        """Return r (K, n)."""
        out = np.empty((self.layout.experts, len(self.sample)))
        for part in self.parts(theta):
            out[:, part.rows] = part.posterior
        return out

    def log_likelihood(self, theta: Array) -> float:
        """Return the log-likelihood of the sample, in nats, without the penalty."""
        return -self.sample.total * (self.loss(theta) - self.penalty.value(theta))

    def longest_row(self, theta: Array) -> float:
        """Return the length of the longest row whose product with the columns is a logit or a log
        mean (not a gaussian mean)."""
        gate, experts, _ = self.layout.split(theta)
        rows = [gate, *([] if self.layout.scale else experts)]
        return float(np.sqrt(max((part**2).sum(axis=-1).max(initial=0) for part in rows)))
