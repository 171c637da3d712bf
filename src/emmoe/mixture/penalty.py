"""What may be added to -L so that a maximum exists: a ridge, and Chen, Tan and Zhang's (2008) term.

In nats of the whole sample: alpha/2 times the squares of the gate's rows less their mean and of the
experts' slopes, in standardised columns, plus a sum over experts of s_0^2/s^2 + log(s^2/s_0^2), a
rows of weight. Here all is per unit of weight, like the loss.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emmoe.mixture.families.base import Array
from emmoe.mixture.layout import Layout
from emmoe.mixture.sample import Sample


@dataclass(frozen=True, eq=False)
class Penalty:
    """gate ((K-1) q squared) and expert (m p squared) are quadratic forms; a and s_0^2 the rest."""

    layout: Layout
    gate: Array
    expert: Array
    alpha: float  # in nats, for the record: the forms hold it
    rows: float  # a over the sample's weight
    pooled: float  # s_0^2

    @cached_property
    def absent(self) -> bool:
        """Whether nothing is added."""
        return self.rows == 0 and not self.expert.any() and not self.gate.any()

    def value(self, theta: Array) -> float:
        """Return the term, per unit of weight."""
        if self.absent:
            return 0.0
        scale = self.layout.split(theta)[2]
        ratio = self.pooled * np.exp(-2 * scale)
        return float(theta @ self._ridge(theta) / 2 + self.rows * (ratio - np.log(ratio)).sum())

    def gradient(self, theta: Array) -> Array:
        """Return its gradient (D,)."""
        if self.absent:
            return np.zeros_like(theta)
        out, scale = self._ridge(theta), self.layout.split(theta)[2]
        if self.layout.scale:
            out[-len(scale) :] = 2 * self.rows * (1 - self.pooled * np.exp(-2 * scale))
        return out

    def hessian(self, theta: Array) -> Array:
        """Return its Hessian (D, D)."""
        out = np.zeros((theta.size, theta.size))
        if self.absent:
            return out
        begin, size = self.layout.gate_size, len(self.expert)
        out[:begin, :begin] = self.gate
        for k in range(self.layout.experts):
            at = slice(begin + k * size, begin + (k + 1) * size)
            out[at, at] = self.expert
        if self.layout.scale:
            scale = np.arange(theta.size)[-self.layout.experts :]
            curvature = 4 * self.rows * self.pooled * np.exp(-2 * self.layout.split(theta)[2])
            out[scale, scale] = curvature
        return out

    def _ridge(self, theta: Array) -> Array:
        """Return the quadratic forms times theta; 0 for log s."""
        gate, experts, scale = self.layout.split(theta)
        slopes = experts.reshape(len(experts), -1) @ self.expert
        return self.layout.join(self.gate @ gate.ravel(), slopes, np.zeros_like(scale))

    def scales(self, squares: Array, mass: Array) -> Array:
        """Return s^2 (K,) that maximises -Q's penalised counterpart: (E r e^2 + 2a s_0^2) / (E r +
        2a), for squares E r e^2 and mass E r."""
        return (squares + 2 * self.rows * self.pooled) / np.maximum(
            mass + 2 * self.rows, np.finfo(float).tiny
        )


def make(
    layout: Layout, sample: Sample, alpha: float, variance_penalty: float, pooled: float
) -> Penalty:
    """Return the penalty for a sample; alpha in nats, variance_penalty in rows of weight one."""
    share = alpha / sample.total
    gate = sample.gate.design.basis.T @ sample.gate.design.basis
    basis = sample.experts.design.basis[1 if sample.family.has_scale else 0 :]
    between = np.eye(layout.experts - 1) - 1 / layout.experts
    return Penalty(
        layout, share * np.kron(between, gate),
        share * np.kron(sample.family.ridge_kernel(), basis.T @ basis), alpha,
        variance_penalty / sample.total * layout.scale, pooled,
    )  # fmt: skip
