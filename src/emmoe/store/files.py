"""Result files: written under a temporary name and renamed, checked when they are read."""

import errno
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from emmoe.store.errors import DataError

FORMULAS = ("=", "+", "-", "@", "\t")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf", re.IGNORECASE)
CHANGED = "edited or damaged after it was written: delete it to have it made again"


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


def write_text(text: str, path: Path | str) -> None:
    """Write a text as UTF-8 with plain line ends."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(content: bytes, path: Path | str) -> None:
    """Write a file as it is."""
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def write_json(content: Any, path: Path | str) -> None:
    """Write a JSON file."""
    write_text(json.dumps(content, indent=1) + "\n", path)


def write_csv(frame: pd.DataFrame, path: Path | str, **options: Any) -> None:
    """Write a table, in full precision unless the options say otherwise."""
    with atomic(path) as temporary:
        put_csv(frame, temporary, **options)


def put_csv(frame: pd.DataFrame, path: Path | str | TextIO, **options: Any) -> None:
    """Write a table at once to a path that is temporary, or to a stream.

    An apostrophe goes before a text that a spreadsheet would compute instead of show."""
    texts = frame.select_dtypes(exclude=("number", "bool", "datetime"))
    inert = {name: frame[name].map(_inert) for name in texts}
    shown = frame.assign(**inert) if inert else frame
    shown.rename(columns=_inert).to_csv(path, index=False, lineterminator="\n", **options)


def _inert(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula, as it does texts that begin so, or, where a
    carriage return is in it, for two."""
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r", " ")
    return f"'{text}" if text.startswith(FORMULAS) and not NUMBER.fullmatch(text) else text


def write_parquet(frame: pd.DataFrame, path: Path | str, **options: Any) -> None:
    """Write a table to parquet."""
    with atomic(path) as temporary:
        frame.to_parquet(temporary, index=False, **options)


def read_json(path: Path | str) -> dict[str, Any]:
    """Return a JSON file's mapping; raises DataError, in one line, for what is none."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise DataError(f"{path}: {CHANGED}")
    return content


READERS: Mapping[str, Callable] = {".parquet": pd.read_parquet, ".csv": pd.read_csv}


def read_frame(path: Path | str) -> pd.DataFrame:
    """Read a table by its suffix; raises DataError, in one line, for one that can't be read."""
    try:
        if Path(path).is_dir():  # which pandas reads
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return READERS[Path(path).suffix](path)
    except MemoryError:
        raise
    except Exception as error:  # what damaged bytes make of a reader
        said = " ".join(str(error).split())
        raise DataError(f"{path}: not a readable table ({said}): delete it") from None


def write(content: Any, path: Path | str) -> None:
    """Write what a job made: a table by the path's suffix, a text, what JSON can hold, or a
    function that writes to the path it is given."""
    if isinstance(content, pd.DataFrame):
        (write_parquet if Path(path).suffix == ".parquet" else write_csv)(content, path)
    elif isinstance(content, str):
        write_text(content, path)
    elif callable(content):
        with atomic(path) as temporary:
            content(temporary)
    else:
        write_json(content, path)
