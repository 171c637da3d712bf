"""Where the parameters are in theta: gate rows, expert rows, log scales, in whitened columns.

theta = (w (K-1, q), beta (K, m, p), log s (K,)), flat; the gate's last row is 0. A *row* is one of
w's, beta's or log s's, and belongs to one expert.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture.families.base import Array


@dataclass(frozen=True)
class Layout:
    """K experts of m rows; q gate columns, p expert columns; scale: whether there is log s."""

    experts: int
    rows: int
    gate_width: int
    expert_width: int
    scale: bool

    @property
    def gate_size(self) -> int:
        """Return (K-1) q."""
        return (self.experts - 1) * self.gate_width

    @property
    def expert_size(self) -> int:
        """Return K m p."""
        return self.experts * self.rows * self.expert_width

    @property
    def size(self) -> int:
        """Return D, the number of free parameters."""
        return self.gate_size + self.expert_size + self.experts * self.scale

    def split(self, theta: Array) -> tuple[Array, Array, Array]:
        """Return views w (K-1, q), beta (K, m, p), log s (K,) (zeros where there are none)."""
        gate, experts, scale = np.split(theta, [self.gate_size, self.gate_size + self.expert_size])
        return (
            gate.reshape(self.experts - 1, self.gate_width),
            experts.reshape(self.experts, self.rows, self.expert_width),
            scale if self.scale else np.zeros(self.experts),
        )

    def join(self, gate: Array, experts: Array, log_scale: Array) -> Array:
        """Return theta."""
        parts = [gate.ravel(), experts.ravel(), *([log_scale] if self.scale else [])]
        return np.concatenate(parts)

    @cached_property
    def owners(self) -> Array:
        """Return the expert of each row, (R,)."""
        every = np.arange(self.experts)
        scale = every if self.scale else every[:0]
        return np.concatenate([every[:-1], np.repeat(every, self.rows), scale])

    @cached_property
    def slices(self) -> list[slice]:
        """Return where each row is in theta."""
        widths = [self.gate_width] * (self.experts - 1)
        widths += [self.expert_width] * (self.experts * self.rows)
        widths += [1] * (self.experts * self.scale)
        ends = np.cumsum(widths)
        return [slice(int(e - w), int(e)) for e, w in zip(ends, widths, strict=True)]

    def permuted(self, theta: Array, order: NDArray[np.integer]) -> Array:
        """Return theta with the experts in another order, the gate relative to the new last one."""
        gate, experts, log_scale = self.split(theta)
        full = np.vstack([gate, np.zeros((1, self.gate_width))])[order]
        return self.join((full - full[-1])[:-1], experts[order], log_scale[order])
