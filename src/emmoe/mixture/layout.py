"""Where the parameters are in theta: gate rows, expert rows, log scales, in whitened columns.

theta = (w (K-1, q), beta (K, m, p), log s (K,)), flat; the gate's last row is 0. A *row* is one of
w's, beta's or log s's, and belongs to one expert.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture.families.base import Array


class Group(NamedTuple):
    """Rows that multiply the same columns: which of the R they are, where they are in theta, and
    how many columns there are."""

    rows: slice
    theta: slice
    width: int


@dataclass(frozen=True)
class Layout:
    """K experts of m rows; q gate columns, p expert columns; scale: whether there is log s."""

    experts: int
    rows: int
    gate_width: int
    expert_width: int
    scale: bool

    @cached_property
    def gate_size(self) -> int:
        """Return (K-1) q."""
        return (self.experts - 1) * self.gate_width

    @cached_property
    def expert_size(self) -> int:
        """Return K m p."""
        return self.experts * self.rows * self.expert_width

    @cached_property
    def size(self) -> int:
        """Return D, the number of free parameters."""
        return self.gate_size + self.expert_size + self.experts * self.scale

    def split(self, theta: Array) -> tuple[Array, Array, Array]:
        """Return views w (K-1, q), beta (K, m, p), log s (K,) (zeros where there are none)."""
        begin, end = self.gate_size, self.gate_size + self.expert_size
        return (
            theta[:begin].reshape(self.experts - 1, self.gate_width),
            theta[begin:end].reshape(self.experts, self.rows, self.expert_width),
            theta[end:] if self.scale else np.zeros(self.experts),
        )

    def join(self, gate: Array, experts: Array, log_scale: Array) -> Array:
        """Return theta."""
        parts = [gate.ravel(), experts.ravel(), *([log_scale] if self.scale else [])]
        return np.concatenate(parts)

    @cached_property
    def owners(self) -> NDArray[np.integer]:
        """Return the expert of each row, (R,)."""
        every = np.arange(self.experts)
        scale = every if self.scale else every[:0]
        return np.concatenate([every[:-1], np.repeat(every, self.rows), scale])

    @cached_property
    def widths(self) -> NDArray[np.integer]:
        """Return how many columns each row multiplies, (R,)."""
        counts = self.experts - 1, self.experts * self.rows, self.experts * self.scale
        return np.repeat([self.gate_width, self.expert_width, 1], counts)

    @cached_property
    def blocks(self) -> NDArray[np.integer]:
        """Return the expert of each row, -1 of the gate's, (R,)."""
        gate = self.experts - 1
        return np.concatenate([np.full(gate, -1), self.owners[gate:]])

    def groups(self, shared: bool) -> list[Group]:
        """Return the rows by the columns that they multiply: the gate's and the experts' (one
        group, if these are `shared`), and the ones of log s."""
        gate, experts = self.experts - 1, self.experts * self.rows
        sizes = [(gate, self.gate_width), (experts, self.expert_width)]
        if shared:
            sizes = [(gate + experts, self.gate_width)]
        if self.scale:
            sizes.append((self.experts, 1))
        groups, row, begin = [], 0, 0
        for count, width in sizes:
            end = begin + count * width
            groups.append(Group(slice(row, row + count), slice(begin, end), width))
            row, begin = row + count, end
        return groups

    def permuted(self, theta: Array, order: NDArray[np.integer]) -> Array:
        """Return theta with the experts in another order, the gate relative to the new last one."""
        gate, experts, log_scale = self.split(theta)
        full = np.vstack([gate, np.zeros((1, self.gate_width))])[order]
        return self.join((full - full[-1])[:-1], experts[order], log_scale[order])

    def permuted_form(self, matrix: Array, order: NDArray[np.integer]) -> Array:
        """Return a quadratic form in theta, (D, D), as one in theta with the experts in another
        order."""
        back, begin = np.argsort(order), self.gate_size
        full = np.eye(self.experts)[back, :-1]
        gate = np.kron((full - full[-1])[:-1], np.eye(self.gate_width))
        places = self.permuted(np.arange(self.size, dtype=float), order).astype(int)
        places[:begin] = np.arange(begin)
        out = matrix[np.ix_(places, places)]
        out[:begin] = gate.T @ out[:begin]
        out[:, :begin] = out[:, :begin] @ gate
        return out
