"""Second derivatives of logistic experts under a soft-max gate, as products with a vector.

p (R, K, n) are the gate's probabilities, q (R, K, C, n) the experts', r (R, K, n) the
responsibilities; the loss's derivatives by the logits are p - r and r (q - 1[y]). Along a change of
the logits log p changes by itself less its mean under p, log q likewise, and log r by that of
log p + log q[y] less its mean under r. Of -Q the responsibilities are fixed.
"""

import numpy as np

from emmoe.models._shared import softmax
from emmoe.models.objective import Array
from emmoe.models.regression import Sample


class Point:
    """The probabilities at weights (R, J, d) of K experts."""

    def __init__(self, weights: Array, sample: Sample, experts: int):
        self.sample, self.experts = sample, experts
        self.chunks = [self._at(weights, rows) for rows in softmax.chunks(len(sample.x))]

    def _at(self, weights: Array, rows: slice) -> tuple[slice, Array, Array, Array]:
        z = softmax.logits(weights, self.sample, rows)
        log_joint = softmax.log_joint(z, self.experts)
        log_p = z[:, : self.experts]
        of_target = self._of_target(log_joint, rows)
        r = np.exp(of_target - softmax.logsumexp(of_target, 1))
        return rows, np.exp(log_p), np.exp(log_joint - log_p[:, :, None]), r

    def _of_target(self, values: Array, rows: slice) -> Array:
        """Return of values (R, K, C, m) those of the targets' classes, (R, K, m)."""
        return values[:, :, self.sample.y[rows], np.arange(values.shape[3])]

    def product(self, change: Array, of_q: bool) -> Array:
        """Return Hess L, or Hess -Q, times a change (R, J, d) of the weights."""
        total, offset = np.zeros(change.shape), np.zeros(change.shape[:2])
        for rows, p, q, r in self.chunks:
            z = softmax.logits(change, self.sample, rows)
            derivative = self._derivative(z, rows, p, q, r, of_q)
            if self.sample.signs is not None:
                s = self.sample.signs[:, None, rows].astype(z.dtype)
                offset += ((1 - s) / 2 * derivative).sum(axis=2)
                derivative = derivative * s
            total += softmax.backward(derivative, self.sample, rows)
        return ((total + offset[:, :, None]) / len(self.sample.x)).astype(change.dtype)

    def _derivative(self, z: Array, rows: slice, p: Array, q: Array, r: Array, of_q: bool) -> Array:
        """Return the change (R, J, m) of the loss's derivatives by the logits, z theirs."""
        of_gate = z[:, : self.experts]
        of_experts = z[:, self.experts :].reshape(q.shape)
        log_p = of_gate - (p * of_gate).sum(axis=1, keepdims=True)
        log_q = of_experts - (q * of_experts).sum(axis=2, keepdims=True)
        gate, experts = p * log_p, r[:, :, None] * q * log_q
        if not of_q:
            log_joint = log_p + self._of_target(log_q, rows)
            change = r * (log_joint - (r * log_joint).sum(axis=1, keepdims=True))
            gate = gate - change
            experts += change[:, :, None] * q
            experts[:, :, self.sample.y[rows], np.arange(z.shape[2])] -= change
        return np.concatenate([gate, experts.reshape(len(z), -1, z.shape[2])], axis=1)
