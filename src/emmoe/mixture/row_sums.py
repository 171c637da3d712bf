"""Sums over data rows of weight, a coefficient and two rows' columns, for pairs of rows of theta.

Data rows that one expert has to itself have a part in that expert's and the gate's rows only: they
are summed apart. What is multiplied is a chunk's columns, one after the other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture.families.base import Array
from emmoe.mixture.layout import Group, Layout
from emmoe.mixture.model import Mixture, Parts

WIDE = 32  # columns from which a matrix times itself takes less than the product of two
NOTHING = 1e-30  # a responsibility that is 0 beside what makes up a sum
SOME = 256  # rows of a chunk from which those that one expert has to itself are summed apart
CACHED = 1 << 18  # numbers at a time that are made of a coefficient and a column
Indices = NDArray[np.integer]
Mask = NDArray[np.bool]
Coefficients = Callable[[Mixture, Parts, Indices, Indices], Array]
Visit = Callable[[Parts], None]


@dataclass(frozen=True)
class Term:
    """A sum: its coefficients (P, c) for P pairs of rows of theta, what they are for data rows that
    one expert has to itself (None: 0), which pairs there are, (R, R), and whether coefficients of a
    row with itself are >= 0, but for round-off."""

    coefficients: Coefficients
    alone: Coefficients | None
    pairs: Callable[[Layout], Mask]
    positive: bool = True


class Block(NamedTuple):
    """Pairs of rows of two groups: which groups; which of the term's pairs; the rows, (P,) each, as
    numbers in their groups; which are of wide columns with themselves, coefficients >= 0; the sums,
    (P, p, q)."""

    groups: tuple[int, int]
    at: slice
    first: Indices
    second: Indices
    squares: Mask
    sums: Array

    def add(self, columns: list[Array], coefficients: Array) -> None:
        """Add some data rows' part; the coefficients (P', c) are those of the whole term."""
        x, other = (columns[group] for group in self.groups)
        its = coefficients[self.at]
        for pair in np.flatnonzero(self.squares):
            scaled = x * np.sqrt(np.maximum(its[pair], 0))
            self.sums[pair] += scaled @ scaled.T
        if not self.squares.all():
            self.sums[~self.squares] += _products(x, its[~self.squares], other)

    def place(self, total: Array, groups: list[Group]) -> None:
        """Add the sums where they belong in total, (D, D)."""
        left, right = (groups[group] for group in self.groups)
        part = total[left.theta, right.theta]
        part = part.reshape(-1, left.width, right.rows.stop - right.rows.start, right.width)
        part[self.first, :, self.second] += self.sums


class Share(NamedTuple):
    """What data rows of one expert, or those of several, have a part in: of each term the
    coefficients, the pairs (2, P) and their blocks; the rows of theta with a score, (R,), how many
    of each group, and where they are in theta; for each power of the weights the sum of ss'."""

    terms: list[tuple[Coefficients, Indices, list[Block]] | None]
    rows: Mask
    counts: list[int]
    theta: Indices
    meats: list[Array]


def row_sums(
    model: Mixture,
    theta: Array,
    terms: list[Term],
    powers: tuple[int, ...] = (),
    visit: Visit = lambda part: None,
) -> tuple[list[Array], list[Array]]:
    """Return each term's sum and, for each power, the sum of weight^power ss', s the score of
    log p(y | x), (D, D): all from one pass, whose parts `visit` is told."""
    layout, size = model.layout, (theta.size, theta.size)
    groups = layout.groups(model.sample.experts is model.sample.gate)
    totals: list[Array] = [np.zeros(size) for _ in terms]
    meats: list[Array] = [np.zeros(size) for _ in powers]
    shares: dict[int | None, Share] = {}
    for part in model.parts(theta):
        visit(part)
        for owner, some in _by_owner(part):
            if owner not in shares:
                shares[owner] = _share(layout, groups, terms, owner, len(powers))
            _add(shares[owner], model, some, powers)
    for share in shares.values():
        for total, its in zip(totals, share.terms, strict=True):
            for block in its[2] if its else []:
                block.place(total, groups)
        for total, meat in zip(meats, share.meats, strict=True):
            total[np.ix_(share.theta, share.theta)] += meat
    return [_symmetric(total) for total in totals], meats


def _by_owner(part: Parts) -> Iterator[tuple[int | None, Parts]]:
    """Return the data rows that an expert has to itself, where they are not few, by expert; and
    under None the others."""
    much = part.posterior > NOTHING
    alone = much.sum(axis=0) == 1
    rest = np.ones_like(alone)
    for owner, own in enumerate(much & alone):
        if np.count_nonzero(own) >= SOME:
            rest &= ~own
            yield owner, _some(part, own)
    if rest.any():
        yield None, _some(part, rest)


def _some(part: Parts, which: Mask) -> Parts:
    """Return the rows for which `which`, (c,), holds."""
    return part if which.all() else part.some(np.flatnonzero(which))


def _share(
    layout: Layout, groups: list[Group], terms: list[Term], owner: int | None, powers: int
) -> Share:
    """Return what an expert's own data rows have a part in, or those of several (None)."""
    every, blocks = owner is None, layout.blocks
    rows = np.ones(len(blocks), bool) if every else (blocks < 0) | (blocks == owner)
    parts: list[tuple[Coefficients, Indices, list[Block]] | None] = []
    for term in terms:
        wanted = term.pairs(layout) if every else within(layout) & rows & rows[:, None]
        coefficients = term.coefficients if every else term.alone
        made = _blocks(groups, wanted, not every or term.positive)
        parts.append(None if coefficients is None else (coefficients, *made))
    theta = np.flatnonzero(np.repeat(rows, layout.widths))
    counts = [int(rows[group.rows].sum()) for group in groups]
    meats: list[Array] = [np.zeros((theta.size, theta.size)) for _ in range(powers)]
    return Share(parts, rows, counts, theta, meats)


def within(layout: Layout) -> Mask:
    """Return the pairs of one block, (R, R)."""
    return layout.blocks[:, None] == layout.blocks


def _blocks(groups: list[Group], wanted: Mask, positive: bool) -> tuple[Indices, list[Block]]:
    """Return the wanted pairs on and above the diagonal, (2, P), and their blocks."""
    wanted, pairs, blocks, begin = np.triu(wanted), [], [], 0
    for i, left in enumerate(groups):
        for j, right in enumerate(groups[i:], start=i):
            first, second = np.nonzero(wanted[left.rows, right.rows])
            squares = (first == second) & (i == j) & positive & (left.width >= WIDE)
            sums = np.zeros((first.size, left.width, right.width))
            end = begin + first.size
            blocks.append(Block((i, j), slice(begin, end), first, second, squares, sums))
            pairs.append((first + left.rows.start, second + right.rows.start))
            begin = end
    return np.concatenate(pairs, axis=1), [block for block in blocks if block.first.size]


def _add(share: Share, model: Mixture, part: Parts, powers: tuple[int, ...]) -> None:
    """Add some data rows' part in all that they have one in."""
    columns, weight = _columns(part, model.layout.scale), part.data.weight
    for coefficients, pairs, blocks in filter(None, share.terms):
        found = coefficients(model, part, *pairs) * weight
        for block in blocks:
            block.add(columns, found)
    scores = model.scores(part)[share.rows] if powers else np.empty(0)
    for meat, power in zip(share.meats, powers, strict=True):
        _add_squares(meat, share.counts, columns, scores * np.sqrt(weight) ** power)


def _columns(part: Parts, scale: bool) -> list[Array]:
    """Return the columns that each group of rows multiplies, (p, c), one after the other."""
    data = part.data
    found = [data.gate] if data.experts is data.gate else [data.gate, data.experts]
    return [np.ascontiguousarray(x.T) for x in found] + [np.ones((1, len(data.weight)))] * scale


def _products(x: Array, coefficients: Array, other: Array) -> Array:
    """Return the sums of c x x' over rows, (P, p, q), for coefficients (P, c): they multiply what
    has fewer columns."""
    if len(other) < len(x):
        return _products(other, coefficients, x).swapaxes(1, 2)
    step = max(1, CACHED // x.size)
    parts = [
        (coefficients[begin : begin + step, None] * x).reshape(-1, x.shape[1]) @ other.T
        for begin in range(0, len(coefficients), step)
    ]
    return np.concatenate(parts).reshape(len(coefficients), len(x), len(other))


def _add_squares(meat: Array, counts: list[int], columns: list[Array], scores: Array) -> None:
    """Add the sum of ss' over some rows, for what multiplies the columns in the scores, (R', c), of
    which `counts` are of each group."""
    step = max(64, CACHED // len(meat))
    for first in range(0, scores.shape[1], step):
        some = slice(first, first + step)
        rows, row, begin = np.empty((len(meat), scores[:, some].shape[1])), 0, 0
        for count, x in zip(counts, columns, strict=True):
            end = begin + count * len(x)
            out = rows[begin:end].reshape(count, len(x), rows.shape[1])
            np.multiply(scores[row : row + count, None, some], x[:, some], out=out)
            row, begin = row + count, end
        meat += rows @ rows.T


def _symmetric(total: Array) -> Array:
    """Return the matrix whose blocks on and above the diagonal are those of `total`."""
    upper = np.triu(total, 1)
    return upper + upper.T + np.diag(np.diag(total))
