"""Which columns the experts and the gate see."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np

from emmoe.store.errors import DataError, nearest


def positions(
    parameter: str, chosen: Sequence[str | int] | None, names: Sequence[str]
) -> tuple[int, ...] | None:
    """Return the positions of columns that are given by name or position; None stands for all.

    Raises DataError, naming the parameter, for a column that is not there, and for a mask."""
    if chosen is None:
        return None
    if isinstance(chosen, str):
        said = f"{parameter} must be a list of names or positions, got {chosen!r}"
        raise DataError(f"{said}: write [{chosen!r}]")
    try:
        columns = list(chosen)
    except TypeError:
        said = f"{parameter} must be a list of names or positions, got {chosen!r}"
        raise DataError(said) from None
    return tuple(position(parameter, column, list(names)) for column in columns)


def position(parameter: str, column: str | int, names: list[str]) -> int:
    """Return the position of a column that is given by name or position.

    Raises DataError, naming the parameter, if it is not there."""
    if isinstance(column, str):
        if column not in names:
            raise DataError(f"{parameter}: no column named {column!r}{nearest(column, names)}")
        return names.index(column)
    if not isinstance(column, Integral) or isinstance(column, bool | np.bool):
        raise DataError(f"{parameter}: {column!r} is neither a name nor a position")
    if not -len(names) <= column < len(names):
        raise DataError(f"{parameter}: no column {column!r}: there are {len(names)}")
    return int(column) % len(names)
