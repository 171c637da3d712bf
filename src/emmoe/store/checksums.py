"""Checksums of results: what the jobs wrote, and which files were changed since.

A fit's provenance holds the SHA-256 of its trace and of its table of runs. Draws, and what is made
from fits, have theirs in the hidden folder FOLDER beside them."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emmoe.store.errors import DataError
from emmoe.store.provenance import file_hash

FOLDER = ".sha256"
SEALED = ("draws", "traces", "runs", "summaries", "probes", "contests", "tables", "findings")
CHANGED = "edited or damaged after it was written: delete it to have it made again"


@contextmanager
def sealed(path: Path | str) -> Iterator[None]:
    """Keep the checksum of a file that is written meanwhile; none while it is being written."""
    seal = _seal(Path(path))
    seal.unlink(missing_ok=True)
    yield
    seal.parent.mkdir(exist_ok=True)
    seal.write_text(file_hash(path))


def check(path: Path | str) -> None:
    """Raise DataError, naming the file, if it is not what was sealed; pass if nothing was."""
    seal = _seal(Path(path))
    if seal.is_file() and file_hash(path) != seal.read_text():
        raise DataError(f"{path}: {CHANGED}")


def check_fit(path: Path | str) -> None:
    """Raise DataError, naming the file, if a fit's trace or table of runs is not what it wrote."""
    path = Path(path)
    *results, kind, experiment, fitter, name = path.parts
    record = Path(*results, "traces", experiment, fitter, name).with_suffix(".provenance.json")
    if record.is_file():
        written = read_record(record).get("outputs", {})
        if file_hash(path) != written.get({"traces": "trace", "runs": "runs"}[kind]):
            raise DataError(f"{path}: {CHANGED}")


def read_record(path: Path | str) -> dict[str, Any]:
    """Return a provenance file's content; raises DataError if it cannot be read."""
    try:
        content = json.loads(Path(path).read_text())
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DataError(f"{path}: {CHANGED}")
    return content


def files_of_fit(trace: Path | str) -> list[Path]:
    """Return a fit's trace and its table of runs, from the path of the former."""
    *results, _, experiment, fitter, name = Path(trace).parts
    return [Path(trace), Path(*results, "runs", experiment, fitter, name)]


def changed(results: Path | str, traces: Iterable[Path | str]) -> list[str]:
    """Return a line for each file that is not what was written: of all that are sealed below a
    folder of results, and of the fits with these traces."""
    seals = [seal for name in SEALED for seal in Path(results, name).rglob(f"{FOLDER}/*")]
    sealed = [seal.parent.parent / seal.name for seal in seals]
    fits = [file for trace in traces for file in files_of_fit(trace)]
    found = [_said(check, path) for path in sealed] + [_said(check_fit, path) for path in fits]
    return sorted({line for line in found if line})


def _said(checked: Callable[[Path], None], path: Path) -> str | None:
    """What a check says of a file, if it is there."""
    try:
        return checked(path) if path.is_file() else None
    except DataError as error:
        return str(error)


def _seal(path: Path) -> Path:
    return path.parent / FOLDER / path.name
