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

from emmoe.store.errors import DataError


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
    text = resources.files("emmoe.store.schemas").joinpath(f"{name}.yaml").read_text()
    return yaml.safe_load(text)


def _check_column(frame: pd.DataFrame, name: str, rule: dict, source: str) -> None:
    values = frame[name]
    if rule["type"] == "category":
        if not values.dropna().isin(rule["values"]).all():
            raise DataError(f"{source}: column {name} holds a value not in {rule['values']}")
    elif (
        values.dtype.kind
        not in {"string": "OT", "integer": "i", "number": "f", "list": "O"}[rule["type"]]
    ):
        raise DataError(f"{source}: column {name} is {values.dtype}, not {rule['type']}")
    if not rule.get("nullable") and values.isna().any():
        raise DataError(f"{source}: column {name} has missing values")
    if rule["type"] == "number" and np.isinf(values.to_numpy(float)).any():
        raise DataError(f"{source}: column {name} holds infinite values")


def check(frame: pd.DataFrame, kind: str, source: str) -> pd.DataFrame:
    """Return the frame; raises DataError, in one line, unless it fits a schema: "trace", "runs"."""
    columns, key = schema(kind)["columns"], schema(kind)["key"]
    unknown = set(frame) - set(columns)
    missing = {name for name, rule in columns.items() if not rule.get("optional")} - set(frame)
    if unknown or missing:
        raise DataError(f"{source}: missing columns {sorted(missing)}, unknown {sorted(unknown)}")
    for name in frame:
        _check_column(frame, name, columns[name], source)
    if frame.duplicated(key).any():
        raise DataError(f"{source}: two rows have the same {key}")
    return frame


def write_table(frame: pd.DataFrame, kind: str, path: Path | str) -> None:
    """Validate a "trace" or a table of "runs" and write it to parquet."""
    with atomic(path) as temporary:
        check(frame, kind, str(path)).to_parquet(temporary, index=False)


def read_table(kind: str, path: Path | str) -> pd.DataFrame:
    """Read and validate a "trace" or a table of "runs"."""
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError):
        raise DataError(f"{path}: not a readable {kind} file: delete it to refit") from None
    return check(frame, kind, str(path))
