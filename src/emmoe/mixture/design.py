"""Columns of x as the numerics see them: an intercept, standardised, and whitened in their order.

A chunk z of whitened rows has E[zz'] = I under the weights. Columns that the ones before them
determine (or that are constant) are dropped: their coefficients are 0. A QR in the order of the
columns makes the basis unique, so that it does not depend on the order of the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy

from emmoe.mixture.families.base import Array
from emmoe.mixture.problem import LARGEST
from emmoe.store.errors import DataError

CHUNK = 2048  # rows at a time: they stay in the cache
COLLINEAR = 1e-9  # what the other columns leave of a standardised one that is dropped
INDEPENDENT = 1e-2  # the same of columns whose moments suffice
CONSTANT = 1e-13  # a column's deviation, relative to its largest value, that is round-off


@dataclass(frozen=True, eq=False)
class Design:
    """columns: indices into x (d',); mean, deviation (d',); basis (1 + d', p) with 0 rows for
    dropped columns, z = [1, x_std] basis; dropped: their indices into x."""

    columns: tuple[int, ...]
    mean: Array
    deviation: Array
    basis: Array
    dropped: tuple[int, ...]

    @property
    def width(self) -> int:
        """p, intercept included."""
        return self.basis.shape[1]

    def rows(self, x: Array) -> Array:
        """Return whitened rows (n, p) of x (n, d)."""
        z = (picked(x, self.columns) - self.mean) @ self._slopes
        z += self.basis[0]
        return z

    def raw_map(self) -> Array:
        """Return (1 + d', p): from coefficients of z to intercept and slopes of x."""
        return np.vstack([self.basis[:1] - self.mean @ self._slopes, self._slopes])

    @property
    def _slopes(self) -> Array:
        """Return (d', p): what multiplies columns less their means in z."""
        return self.basis[1:] / self.deviation[:, None]


def centred(x: Array, columns: tuple[int, ...], mean: Array) -> Array:
    """Return (n, 1 + d'): ones, and the columns less their means."""
    out = np.empty((len(x), 1 + len(columns)))
    out[:, 0] = 1
    np.subtract(picked(x, columns), mean, out=out[:, 1:])
    return out


def picked(x: Array, columns: tuple[int, ...]) -> Array:
    """Return some columns of x; x itself, if it is all of them."""
    return x if columns == tuple(range(x.shape[1])) else x[:, list(columns)]


def chunks(n: int) -> Iterator[slice]:
    """Return consecutive slices of at most CHUNK rows."""
    return (slice(begin, min(begin + CHUNK, n)) for begin in range(0, n, CHUNK))


def weighted_gram(x: Array, coefficients: Array) -> Array:
    """Return sum c xx', (p, p), for c >= 0: a product with itself takes less time."""
    rows = x * np.sqrt(coefficients)[:, None]
    return rows.T @ rows


def make(x: Array, weight: Array, columns: tuple[int, ...], names: tuple[str, ...]) -> Design:
    """Return the design of some columns of x (n, d) under weights (n,) that sum to 1."""
    mean, largest = _location(x, weight, columns, names)
    deviation, factor = _factor(x, weight, columns, mean, largest)
    kept = _independent(factor)
    basis = np.zeros((1 + len(columns), len(kept)))
    triangle = _positive(np.asarray(np.linalg.qr(factor[:, kept], mode="r")))
    basis[kept] = scipy.linalg.solve_triangular(triangle, np.eye(len(kept)))
    dropped = tuple(c for j, c in enumerate(columns, start=1) if j not in set(kept))
    return Design(columns, mean, deviation, basis, dropped)


def _location(
    x: Array, weight: Array, columns: tuple[int, ...], names: tuple[str, ...]
) -> tuple[Array, Array]:
    """Return the columns' means and largest sizes, (d',)."""
    largest, mean = np.zeros(len(columns)), np.zeros(len(columns))
    for rows in chunks(len(x)):
        part = picked(x[rows], columns)
        largest = np.maximum(largest, np.maximum(part.max(axis=0), -part.min(axis=0)))
        mean += weight[rows] @ part
    if (largest > LARGEST).any():
        name = names[columns[int(largest.argmax())]]
        raise DataError(f"column {name} has values beyond {LARGEST:g}: rescale it")
    return mean, largest


def _factor(
    x: Array, weight: Array, columns: tuple[int, ...], mean: Array, largest: Array
) -> tuple[Array, Array]:
    """Return the columns' deviations (d',); a constant column's is its size, which makes it 0 in z.
    And R (1 + d', 1 + d') of the QR of the weighted standardised rows, a chunk at a time: from
    their moments, which is faster, if no column is near to what those before it determine."""
    moment = np.zeros((1 + len(columns),) * 2)
    for rows in chunks(len(x)):
        moment += weighted_gram(centred(x[rows], columns, mean), weight[rows])
    deviation = np.sqrt(np.diag(moment)[1:])
    constant = deviation <= np.maximum(CONSTANT * largest, 1 / LARGEST)
    deviation = np.where(constant, np.maximum(largest, 1), deviation)
    scale = np.append(1, deviation)
    try:
        triangle = np.linalg.cholesky(moment / scale[:, None] / scale).T
        if np.diag(triangle).min() > INDEPENDENT:
            return deviation, triangle
    except np.linalg.LinAlgError:
        pass
    factor = np.zeros((0, 1 + len(columns)))
    for rows in chunks(len(x)):
        z = centred(x[rows], columns, mean) / scale * np.sqrt(weight[rows])[:, None]
        factor = np.asarray(np.linalg.qr(np.vstack([factor, z]), mode="r"))
    return deviation, factor


def _independent(factor: Array) -> list[int]:
    """Return the columns of R that those before them do not determine (Gram-Schmidt, twice)."""
    kept: list[int] = []
    basis = np.zeros((len(factor), min(factor.shape)))
    for j, column in enumerate(factor.T):
        q = basis[:, : len(kept)]
        rest = column - q @ (q.T @ column)
        rest -= q @ (q.T @ rest)
        length = np.linalg.norm(rest)
        if length > COLLINEAR and len(kept) < basis.shape[1]:
            basis[:, len(kept)] = rest / length
            kept.append(j)
    return kept


def _positive(triangle: Array) -> Array:
    """Return R with a positive diagonal."""
    return triangle * np.where(np.diag(triangle) < 0, -1.0, 1.0)[:, None]
