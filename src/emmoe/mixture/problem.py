"""The data of a fit: what may be asked for, and what is refused in one line."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emmoe.mixture.families import Family, of_name
from emmoe.mixture.families.base import Array
from emmoe.store.errors import DataError

LARGEST = 1e140  # of a column's values: beyond it a variance leaves the floating-point range
SMALLEST = 1 / LARGEST  # of y's largest value, unless that is 0, and of the weights' sum
COUNTED = 1e10  # the largest count: beyond it a log-likelihood has no digits to certify, and
# scipy's quantiles of Poisson laws are NaN
SHOWN = 5  # rows and columns that a message names


@dataclass(frozen=True, eq=False)
class Problem:
    """Covariates x (n, d), without intercept, and targets y (n,): numbers, for logistic 0 and 1,
    for multinomial 0..classes-1, the last one the reference.

    expert_columns and gate_columns are indices into x; None is all of them, () the intercept alone.
    weights (n,) are frequencies; offset (n,), poisson only, is added to every expert's log mean."""

    x: Array
    y: Array
    family: str = "gaussian"
    expert_columns: Sequence[int] | None = None
    gate_columns: Sequence[int] | None = None
    weights: Array | None = None
    offset: Array | None = None
    names: Sequence[str] | None = None
    classes: int | None = None

    def law(self) -> Family:
        """Return the family; without `classes` a multinomial has as many as y shows."""
        classes = self.classes
        if self.family == "multinomial" and classes is None and np.size(self.y):
            classes = int(np.nanmax(np.minimum(self.y, 1e6))) + 1
        return of_name(self.family, classes)

    def checked(self) -> "CheckedProblem":
        """Return the problem as float arrays, without rows of weight zero; raise DataError."""
        x, y = as_numbers("x", self.x), as_numbers("y", self.y)
        if x.ndim != 2 or y.ndim != 1 or len(x) != len(y):
            raise DataError(f"x must be (n, d) and y (n,), got shapes {x.shape} and {y.shape}")
        names = column_names(self.names, x.shape[1])
        weights, offset = self._of_rows("weights", len(y)), self._of_rows("offset", len(y))
        check_finite(x, y, names)
        if weights is None:
            weights = np.ones(len(y))
        else:
            check_weights(weights)
        x, y, weights, offset = _positive_rows(x, y, weights, offset)
        if len(y) < 2:
            raise DataError(f"{len(y)} row of positive weight: a fit needs at least 2")
        law = self.law()
        if offset is not None and not law.has_offset:
            raise DataError(f"family {law.name} takes no offset")
        check_targets(law, y)
        experts = chosen("expert_columns", self.expert_columns, x.shape[1])
        gate = chosen("gate_columns", self.gate_columns, x.shape[1])
        return CheckedProblem(
            x, y, self.family, experts, gate, weights, offset, names,
            law.rows + 1 if self.family == "multinomial" else None,
        )  # fmt: skip

    def _of_rows(self, name: str, n: int) -> Array | None:
        """Return weights or offset as numbers."""
        given = getattr(self, name)
        if given is None:
            return None
        values = as_numbers(name, given)
        if values.shape != (n,) or not np.isfinite(values).all():
            raise DataError(f"{name} must be {n} finite numbers, one a row")
        return values


@dataclass(frozen=True, eq=False)
class CheckedProblem(Problem):
    """A problem as `checked` returns it: nothing is left to be guessed."""

    expert_columns: tuple[int, ...] = ()
    gate_columns: tuple[int, ...] = ()
    weights: Array = field(default_factory=lambda: np.ones(0))
    names: tuple[str, ...] = ()


def _positive_rows(
    x: Array, y: Array, weights: Array, offset: Array | None
) -> tuple[Array, Array, Array, Array | None]:
    """Return x, y, weights and offset without the rows of weight zero."""
    keep = weights > 0
    if keep.all():
        return x, y, weights, offset
    return x[keep], y[keep], weights[keep], None if offset is None else offset[keep]


def check_weights(weights: Array) -> None:
    """Raise DataError for weights that are negative, or in all out of range."""
    if (weights < 0).any():
        raise DataError(f"{int((weights < 0).sum())} weights are negative")
    if not weights.any():
        raise DataError("all weights are zero: nothing to fit")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not SMALLEST <= total <= LARGEST:
        said = f"weights add up to {total:g}, not to {SMALLEST:g} to {LARGEST:g}"
        raise DataError(f"{said}: they say how often a row counts, rescale them")


def check_targets(law: Family, y: Array) -> None:
    """Raise DataError where y does not go with the family, or its size leaves no room to compute
    in."""
    if trouble := law.problem_with(y):
        raise DataError(f"family {law.name} {trouble}")
    largest = np.abs(y).max()
    if largest > LARGEST:
        raise DataError(f"y has values beyond {LARGEST:g}: rescale it")
    if 0 < largest < SMALLEST:
        raise DataError(f"y has no value beyond {SMALLEST:g}: rescale it")
    if law.name == "poisson" and largest > COUNTED:
        raise DataError(f"y has counts beyond {COUNTED:g}: take family gaussian")


def as_numbers(name: str, values: ArrayLike) -> Array:
    """Return an array of floats (no copy of one that is)."""
    try:
        array = np.asarray(values)
        if array.dtype.kind in "cmM":
            raise TypeError
        return np.asarray(array, dtype=float)
    except (TypeError, ValueError):
        raise DataError(f"{name} must be numbers: encode text, dates and missing values") from None


def column_names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the columns' names, x0, x1, ... by default."""
    if names is None:
        return tuple(f"x{j}" for j in range(count))
    if len(names) != count:
        raise DataError(f"{len(names)} names for {count} columns")
    return tuple(str(name) for name in names)


def chosen(what: str, columns: Sequence[int] | None, count: int) -> tuple[int, ...]:
    """Return indices of columns, checked."""
    if columns is None:
        return tuple(range(count))
    indices = tuple(int(j) for j in columns)
    if not all(0 <= j < count for j in indices) or len(set(indices)) < len(indices):
        raise DataError(f"{what} must be different indices below {count}, got {list(indices)}")
    return indices


def check_finite(x: Array, y: Array, names: Sequence[str]) -> None:
    """Raise DataError that counts what is not finite and says where."""
    bad = [j for j in range(x.shape[1]) if not np.isfinite(x[:, j]).all()]
    if bad:
        rows = np.flatnonzero(~np.isfinite(x[:, bad]).all(axis=1))
        shown = ", ".join(names[j] for j in bad[:SHOWN])
        raise DataError(f"{len(rows)} rows are not finite in {shown}; the first: {first(rows)}")
    if not np.isfinite(y).all():
        rows = np.flatnonzero(~np.isfinite(y))
        raise DataError(f"{len(rows)} rows are not finite in y; the first: {first(rows)}")


def first(rows: NDArray[np.integer]) -> str:
    """Return the first few rows, as a list."""
    return ", ".join(str(int(row)) for row in rows[:SHOWN])
