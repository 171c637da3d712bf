"""How a table becomes features and targets: chosen once, applied to later tables in the same way.

A categorical column becomes a column of 0 and 1 for each of its levels but the first, the
reference. Nothing is guessed: texts and missing values are refused, by name, with what to do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emmoe.store.errors import DataError, nearest
from emmoe.store.tabular import listed, shown

LONGEST = 300  # characters of what a message says of names
LEVELS = 100  # of a categorical column
WIDEST = 1000  # columns of features: the covariance of the estimates grows with their square


@dataclass(frozen=True)
class Coding:
    """columns: the table's, in order; levels: of the categorical ones, sorted; target, weights:
    the columns that hold them."""

    columns: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    target: str | None = None
    weights: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names: `size`, or `colour[red]` for a level."""
        return tuple(name for column in self.columns for name in self._names(column))

    def _names(self, column: str) -> list[str]:
        if column not in self.levels:
            return [column]
        return [f"{column}[{level}]" for level in self.levels[column][1:]]

    def features_of(self, columns: Sequence[str], option: str) -> list[int]:
        """Return the positions of the features that some columns make; raises DataError, naming the
        option, for a column that is no feature."""
        for column in columns:
            if column not in self.columns:
                said = f"{option}: no column of the features is named {shown(column)!r}"
                raise DataError(f"{said}{_nearest(column, self.columns)}")
        names = self.names
        return [names.index(name) for column in columns for name in self._names(column)]

    def features(self, table: pd.DataFrame) -> np.ndarray:
        """Return (n, d) of float64; raises DataError where a column lacks, is no number, or has
        missing values or a level that was not there."""
        _check_there(table, self.columns, "features")
        _check_missing(table, self.columns)
        found = [self._coded(table[column]) for column in self.columns]
        return _beside(found, len(table))

    def _coded(self, column: pd.Series) -> np.ndarray:
        if column.name not in self.levels:
            return numbers(column, "leave it out, or name it under --categorical")
        texts, known = column.map(_level), self.levels[column.name]
        if unknown := sorted(set(texts) - set(known)):
            said = f"column {shown(column.name)}: has levels that were not fitted"
            raise DataError(f"{said}: {listed(unknown)}: known are {listed(list(known))}")
        return _beside([texts == level for level in known[1:]], len(column))

    def targets(self, table: pd.DataFrame) -> pd.Series:
        """Return the target's column; raises DataError where it lacks or has missing values."""
        target = str(self.target)
        _check_there(table, [target], "target")
        _check_missing(table, [target])
        return table[target]

    def weight(self, table: pd.DataFrame) -> np.ndarray | None:
        """Return (n,) of weights, None where no column has them."""
        if self.weights is None:
            return None
        _check_there(table, [self.weights], "weights")
        _check_missing(table, [self.weights])
        found = numbers(table[self.weights], "weights must be numbers")
        if (found < 0).any() or not found.any():
            said = "weights must be 0 or more, and not all 0"
            raise DataError(f"column {shown(self.weights)}: {said}")
        return found


def coding(
    table: pd.DataFrame,
    target: str,
    features: Sequence[str] | None = None,
    categorical: Sequence[str] = (),
    weights: str | None = None,
) -> Coding:
    """Return how a table is coded; features: None for all columns but target and weights.

    Raises DataError for columns that are not there or cannot be coded."""
    _check_there(table, [target], "target")
    _check_there(table, [weights] if weights else [], "weights")
    _check_there(table, features or [], "features")
    _check_there(table, categorical, "categorical")
    others = [column for column in table.columns if column not in (target, weights)]
    columns = tuple(dict.fromkeys(others if features is None else features))
    if target in columns:
        raise DataError(f"column {shown(target)}: is the target: take it out of the features")
    if unused := [name for name in categorical if name not in columns]:
        said = f"categorical: column {listed(unused)} is not among the features"
        raise DataError(f"{said}: name it there too, or not at all")
    _check_missing(table, columns)
    levels = {name: _levels(table[name]) for name in categorical}
    found = Coding(columns, levels, target, weights)
    if len(found.names) > WIDEST:
        said = f"{len(found.names)} features: at most {WIDEST} can be fitted"
        raise DataError(f"{said}: choose some with --features")
    return found


def numbers(column: pd.Series, advice: str) -> np.ndarray:
    """Return a column as float64; raises DataError, with advice, for texts and infinities."""
    try:
        found = column.to_numpy(np.float64)
    except (TypeError, ValueError, OverflowError):
        odd = odd_entries(column)
        first = int(odd.to_numpy().argmax())
        entry = f"{shown(repr(column.iloc[first]))} in row {first + 1}"
        where = f"column {shown(column.name)}"
        if 2 * odd.sum() <= len(odd):
            said = f"{entry} is no number, {len(odd) - odd.sum()} others are"
            raise DataError(f"{where}: {said}: mend or drop such rows") from None
        raise DataError(f"{where}: is text ({entry}): {advice}") from None
    if not np.isfinite(found).all():
        rows = (np.flatnonzero(~np.isfinite(found)) + 1).tolist()
        said = f"column {shown(column.name)}: is not finite in row {listed(rows)}"
        raise DataError(f"{said}: drop or mend these rows")
    return found


def odd_entries(column: pd.Series) -> pd.Series:
    """Return which entries of a column are no numbers; all, where it cannot be told."""
    try:
        return pd.to_numeric(column, errors="coerce").isna()
    except (TypeError, ValueError, OverflowError):
        return pd.Series(True, index=column.index)


def _beside(columns: Sequence[np.ndarray | pd.Series], n: int) -> np.ndarray:
    """Columns, if there are any, as one array (n, d)."""
    return np.column_stack([np.empty((n, 0)), *columns])


def _level(value: object) -> str:
    """A level as text: 1 and 1.0, of a table with missing values elsewhere, are the same."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _levels(column: pd.Series) -> tuple[str, ...]:
    found = tuple(sorted(set(column.map(_level))))
    if len(found) > LEVELS:
        said = f"column {shown(column.name)}: has {len(found)} levels, at most {LEVELS} are taken"
        raise DataError(f"{said}: leave it out of --categorical or group them")
    return found


def _check_there(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    for column in columns:
        if column not in table.columns:
            said = f"{what}: the table has no column {shown(column)!r}"
            raise DataError(f"{said}{_unseparated(table) or _nearest(column, table.columns)}")


def _unseparated(table: pd.DataFrame) -> str:
    """What to do about a table whose columns are not told apart, if it looks like one."""
    if len(table.columns) != 1 or str(table.columns[0]).isidentifier():
        return ""
    said = f": it has one column, {shown(table.columns[0])!r}"
    return f"{said}: separate columns by commas, semicolons, tabs or |"


def _nearest(column: str, known: Iterable[str]) -> str:
    """The nearest name, else some of those that there are."""
    names = [shown(name) for name in known]
    if same := [name for name in names if name.lower() == str(column).lower()]:
        return f": did you mean {same[0]!r}?"
    said = nearest(column, names)
    return said if len(said) <= LONGEST else f": known are {listed(names)}"


def _check_missing(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise DataError for missing values: how many, where first."""
    lacking = table[list(columns)].isna().to_numpy()
    if lacking.any():
        names = [
            own for own, any_lacks in zip(columns, lacking.any(axis=0), strict=True) if any_lacks
        ]
        rows = (np.flatnonzero(lacking.any(axis=1)) + 1).tolist()
        said = f"{int(lacking.sum())} missing values, in column {listed(names)}, row {listed(rows)}"
        raise DataError(f"{said}: fill them in, or drop those rows or columns")
