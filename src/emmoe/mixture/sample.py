"""A checked problem as the numerics see it: whitened rows, statistics, weights that sum to 1.

y's location and unit are taken out: eta = centre + unit * (internal eta) + offset.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from emmoe.mixture import design
from emmoe.mixture.design import Design, weighted_gram
from emmoe.mixture.families import Family
from emmoe.mixture.families.base import Array
from emmoe.mixture.problem import CheckedProblem

STORED = 160e6  # bytes of whitened rows that are kept; more are made anew in each pass
CONSTANT = 1e-13  # a deviation of y, relative to its size, that is round-off


class Chunk(NamedTuple):
    """Some rows: whitened gate (c, q) and expert (c, p) columns, t (m, c), h (c,), weight (c,) and
    offset (c,)."""

    gate: Array
    experts: Array
    statistic: Array
    base: Array
    weight: Array
    offset: Array

    def some(self, which: NDArray[np.integer]) -> "Chunk":
        """Return some of the rows, by their numbers here."""
        gate = self.gate.take(which, axis=0)
        experts = gate if self.experts is self.gate else self.experts.take(which, axis=0)
        return Chunk(gate, experts, *(a.take(which, axis=-1) for a in self[2:]))

    def products(self, gate: Array, experts: Array) -> tuple[Array, Array]:
        """Return rows of parameters, (a, q) and (b, p), times the columns, (a, c) and (b, c): in
        one product, where gate and experts have the same columns."""
        if self.experts is not self.gate:
            return gate @ self.gate.T, experts @ self.experts.T
        both = np.concatenate([gate, experts]) @ self.gate.T
        return both[: len(gate)], both[len(gate) :]

    def sums(self, gate: Array, experts: Array) -> tuple[Array, Array]:
        """Return the sums over rows of factors, (a, c) and (b, c), times the columns, (a, q) and
        (b, p): in one product, where gate and experts have the same columns."""
        if self.experts is not self.gate:
            return gate @ self.gate, experts @ self.experts
        both = np.concatenate([gate, experts]) @ self.gate
        return both[: len(gate)], both[len(gate) :]


@dataclass(frozen=True, eq=False)
class Columns:
    """Whitened rows of one design, kept or made from x when asked for."""

    design: Design
    x: Array
    stored: Array | None

    def rows(self, rows: slice) -> Array:
        """Return (c, p)."""
        return self.design.rows(self.x[rows]) if self.stored is None else self.stored[rows]

    def __len__(self) -> int:
        return len(self.x if self.stored is None else self.stored)

    def take(self, rows: NDArray[np.integer]) -> "Columns":
        """Return some rows, kept."""
        some = self.design.rows(self.x[rows]) if self.stored is None else self.stored[rows]
        return replace(self, x=self.x[:0], stored=some)

    def gram(self, weight: Array) -> Array:
        """Return E[zz'], (p, p)."""
        total = np.zeros((self.design.width,) * 2)
        for rows in design.chunks(len(self)):
            total += weighted_gram(self.rows(rows), weight[rows])
        return total

    def along(self, direction: Array) -> Array:
        """Return each row's product with a direction (p,), (n,)."""
        parts = [self.rows(rows) @ direction for rows in design.chunks(len(self))]
        return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class Sample:
    """What a fit looks at; `total` is the weight of all rows, `centre` and `unit` are y's."""

    family: Family
    gate: Columns
    experts: Columns
    statistic: Array
    base: Array
    weight: Array
    offset: Array
    total: float
    centre: float
    unit: float
    reach: float  # the largest |z|, of gate or expert columns

    def __len__(self) -> int:
        return len(self.weight)

    def chunks(self) -> Iterator[tuple[slice, Chunk]]:
        """Return the rows, some at a time."""
        for rows in design.chunks(len(self)):
            gate = self.gate.rows(rows)
            experts = gate if self.experts is self.gate else self.experts.rows(rows)
            yield rows, Chunk(
                gate, experts, self.statistic[:, rows], self.base[rows], self.weight[rows],
                self.offset[rows],
            )  # fmt: skip

    @cached_property
    def gram(self) -> Array:
        """Return E[zz'] of the expert columns, (p, p)."""
        return self.experts.gram(self.weight)

    def take(self, rows: NDArray[np.integer], stands: Array | float = 1.0) -> "Sample":
        """Return some rows as a sample of its own, in the same coordinates; each `stands` for so
        many like it."""
        gate = self.gate.take(rows)
        weight = self.weight[rows] * stands
        return replace(
            self, gate=gate, experts=gate if self.experts is self.gate else self.experts.take(rows),
            statistic=self.statistic[:, rows], base=self.base[rows], offset=self.offset[rows],
            weight=weight / weight.sum(), total=self.total * weight.sum(),
        )  # fmt: skip


def make(problem: CheckedProblem) -> Sample:
    """Return the sample of a checked problem."""
    family, total = problem.law(), float(problem.weights.sum())
    weight = np.asarray(problem.weights / total)
    centre, unit = location(problem, weight)
    y = (problem.y - centre) / unit if family.has_scale else problem.y
    given = np.zeros(len(y)) if problem.offset is None else problem.offset
    gate, experts = _columns(problem, weight)
    base = family.base(y) - family.has_scale * np.log(unit)
    return Sample(
        family=family,
        gate=gate,
        experts=experts,
        statistic=family.statistic(y),
        base=base,
        weight=weight,
        offset=given + (0 if family.has_scale else centre),
        total=total,
        centre=centre,
        unit=unit,
        reach=max(_reach(gate), _reach(experts)),
    )


def location(problem: CheckedProblem, weight: Array) -> tuple[float, float]:
    """Return y's centre and unit on the scale of eta."""
    y = problem.y
    if problem.family == "gaussian":
        size = np.abs(y).max() or 1.0
        mean = float(weight @ y)
        deviation = float(np.sqrt(weight @ ((y - mean) / size) ** 2))
        return mean, float(size * (deviation if deviation > CONSTANT else 1.0))
    if problem.family == "poisson":
        exposure = (
            0.0 if problem.offset is None else scipy.special.logsumexp(problem.offset, b=weight)
        )
        seen = float(weight @ y) or 0.5 / float(problem.weights.sum())
        return float(np.log(seen) - exposure), 1.0
    return 0.0, 1.0


def _columns(problem: CheckedProblem, weight: Array) -> tuple[Columns, Columns]:
    """Return the gate's and the experts' columns: one object, where they are the same."""
    sets = (problem.gate_columns, problem.expert_columns)
    made = [
        design.make(problem.x, weight, columns, problem.names) for columns in dict.fromkeys(sets)
    ]
    keep = len(weight) * sum(d.width for d in made) * 8 <= STORED
    found = [Columns(d, problem.x, _whitened(d, problem.x) if keep else None) for d in made]
    return found[0], found[-1]


def _whitened(made: Design, x: Array) -> Array:
    """Return all whitened rows (n, p)."""
    out = np.empty((len(x), made.width))
    for rows in design.chunks(len(x)):
        out[rows] = made.rows(x[rows])
    return out


def _reach(columns: Columns) -> float:
    """Return the largest |z|."""
    chunks = (columns.rows(rows) for rows in design.chunks(len(columns)))
    return float(np.sqrt(max(np.einsum("ij,ij->i", z, z).max() for z in chunks)))
