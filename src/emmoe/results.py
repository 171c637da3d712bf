"""Result files: written under a temporary name and renamed; traces validated by their schema."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from emmoe.errors import DataError


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it at the end, removed on any failure."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(content: dict, path: Path | str) -> None:
    """Write a JSON file."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def write_csv(frame: pd.DataFrame, path: Path | str) -> None:
    """Write a table in full precision."""
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False)


def write_arrays(path: Path | str, **arrays: np.ndarray) -> None:
    """Write named arrays to an npz file (byte for byte the same for the same arrays)."""
    with atomic(path) as temporary:
        np.savez(temporary, **arrays)


@cache
def schema(name: str) -> dict:
    """Return a schema of the package by name ("config", "trace")."""
    text = resources.files("emmoe.schemas").joinpath(f"{name}.yaml").read_text()
    return yaml.safe_load(text)


def _check_column(frame: pd.DataFrame, name: str, rule: dict, source: str) -> None:
    values = frame[name]
    if rule["type"] == "category":
        if not values.isin(rule["values"]).all():
            raise DataError(f"{source}: column {name} holds a value not in {rule['values']}")
    elif values.dtype.kind not in {"string": "OT", "integer": "i", "number": "f"}[rule["type"]]:
        raise DataError(f"{source}: column {name} is {values.dtype}, not {rule['type']}")
    if not rule.get("nullable") and values.isna().any():
        raise DataError(f"{source}: column {name} has missing values")
    if rule["type"] == "number" and np.isinf(values.to_numpy(float)).any():
        raise DataError(f"{source}: column {name} holds infinite values")


def check_trace(frame: pd.DataFrame, source: str = "trace") -> pd.DataFrame:
    """Return the frame; raises DataError unless it fits the trace schema, in one line."""
    columns = schema("trace")["columns"]
    unknown = set(frame) - set(columns)
    missing = {name for name, rule in columns.items() if not rule.get("optional")} - set(frame)
    if unknown or missing:
        raise DataError(f"{source}: missing columns {sorted(missing)}, unknown {sorted(unknown)}")
    for name in frame:
        _check_column(frame, name, columns[name], source)
    if frame.duplicated(schema("trace")["key"]).any():
        raise DataError(f"{source}: two rows have the same {schema('trace')['key']}")
    return frame


def write_trace(frame: pd.DataFrame, path: Path | str) -> None:
    """Validate a trace and write it to parquet."""
    with atomic(path) as temporary:
        check_trace(frame, str(path)).to_parquet(temporary, index=False)


def read_trace(path: Path | str) -> pd.DataFrame:
    """Read and validate a trace."""
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable trace ({error}): delete it to refit") from None
    return check_trace(frame, str(path))
