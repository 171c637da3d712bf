"""Compares a result that is made again with the archived one, byte for byte or number by number."""

import io
import re
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from emmoe.archive import bounds
from emmoe.store.errors import DataError

TOLERANCE = 1e-6  # relative, or absolute for numbers below one
DRAWN = (".png", ".pdf")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
UNREADABLE = (OSError, ValueError, NotImplementedError, KeyError, TypeError, MemoryError)
LARGER = 4  # times that an archived table may hold what the one made again holds


def difference(name: str, archived: bytes, new: bytes, exact: bool) -> str | None:
    """Say how a file differs from what is made again; None where it does not.

    exact: in any byte; else numbers may differ by TOLERANCE, or in the last digit that is printed,
    and pictures are not compared."""
    if archived == new or (not exact and name.endswith(DRAWN)):
        return None
    if name.endswith(".parquet"):
        found = _of_tables(name, archived, new, 0.0 if exact else TOLERANCE)
    elif name.endswith(DRAWN):
        return "another picture"
    else:
        found = _of_texts(archived, new, exact)
    return found or ("other bytes, the same numbers" if exact else None)


def _of_texts(archived: bytes, new: bytes, exact: bool) -> str | None:
    old, now = (data.decode("utf-8", errors="replace").splitlines() for data in (archived, new))
    for number, (one, other) in enumerate(zip(old, now, strict=False), 1):
        if one != other and (exact or not _alike(one, other)):
            at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
            start = max(0, at - 20)
            return (
                f"line {number} has {one[start : at + 40]!r} instead of {other[start : at + 40]!r}"
            )
    return None if len(old) == len(now) else f"{len(old)} lines instead of {len(now)}"


def _alike(one: str, other: str) -> bool:
    """Whether two lines are the same but for the last bits of their numbers."""
    if NUMBER.sub("", one) != NUMBER.sub("", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(a == b or _near(a, b) for a, b in pairs)


def _near(one: str, other: str) -> bool:
    """Whether an archived number agrees with a new one; whole numbers do if they are equal."""
    a, b = Decimal(one), Decimal(other)
    if not set(one + other) & set(".eE"):
        return a == b
    digit = Decimal(10) ** b.as_tuple().exponent  # of the one that was made here
    return abs(a - b) <= max(digit, Decimal(TOLERANCE) * max(1, abs(a), abs(b)))


def _of_tables(name: str, archived: bytes, new: bytes, tolerance: float) -> str | None:
    """Say where two tables first differ by more than a tolerance; None where they do not."""
    now, found = pd.read_parquet(io.BytesIO(new)), shape(name, archived)
    if found.columns != list(now) or found.rows != len(now):
        own = f"{found.rows} rows and {len(found.columns)} columns"
        return f"{own} instead of {len(now)} and {now.shape[1]}"
    bounds.check_size(name, found.size, LARGER * len(new) + bounds.MB)
    try:
        old = pd.read_parquet(io.BytesIO(archived))
    except UNREADABLE:
        raise DataError(f"{name}: not a readable table") from None
    if differs := [column for column in now if old[column].dtype != now[column].dtype]:
        return f"{differs[0]} is {old[differs[0]].dtype} instead of {now[differs[0]].dtype}"
    for column in now:
        pairs = zip(old[column], now[column], strict=True)
        for row, (one, other) in enumerate(pairs):
            if not _agree(one, other, tolerance):
                return f"{column} is {one} instead of {other} at {_at(now, row)}"
    return None


def _at(table: pd.DataFrame, row: int) -> str:
    """Where a row stands."""
    keys = [key for key in ("cell", "replicate", "iteration") if key in table]
    named = (f"{table[key][row]}" if key == "cell" else f"{key} {table[key][row]}" for key in keys)
    return ", ".join(named) or f"row {row}"


class Shape(NamedTuple):
    """What a parquet file says that it holds, and takes when it is read."""

    rows: int
    columns: list[str]
    size: int


def shape(name: str, data: bytes) -> Shape:
    """Return a table's shape without reading the table; raises DataError, naming it, for none."""
    try:
        found = pq.read_metadata(io.BytesIO(data))
        size = sum(found.row_group(i).total_byte_size for i in range(found.num_row_groups))
        return Shape(found.num_rows, found.schema.to_arrow_schema().names, size)
    except UNREADABLE:
        raise DataError(f"{name}: not a readable table") from None


def _agree(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two entries of a table, numbers, texts, lists or nothing, agree."""
    if isinstance(one, float | np.ndarray) and isinstance(other, float | np.ndarray):
        if np.shape(one) != np.shape(other):
            return False
        return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True))
    return bool(one == other) or (pd.api.types.is_scalar(one) and pd.isna(one) and pd.isna(other))
