"""Recomputes fits of an archive with the current code, and compares them with what is archived.

A fit is made again from the archived config alone: its trace and its table of runs.
They must be the same byte for byte. Where the archived fit was made by another processor, BLAS,
library or code, its last bits may differ: then every number must agree within TOLERANCE.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from emmoe.archive import contents
from emmoe.archive.file import CONFIG, read
from emmoe.archive.verify import made
from emmoe.jobs.base import execute
from emmoe.jobs.fit import Fit
from emmoe.record.entries import Folders, Record
from emmoe.record.read import load
from emmoe.store.errors import DataError
from emmoe.store.provenance import Made, digest, environment

TOLERANCE = 1e-6  # relative, or absolute for numbers below one
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "scikit-learn")


class Outcome(NamedTuple):
    """What came of a fit: whether it is the same, and a line that says so."""

    same: bool
    line: str


def archived_record(archive: zipfile.ZipFile) -> Record:
    """Return the archived record; raises ConfigError if the current code does not accept it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, CONFIG)
        path.write_bytes(read(archive, CONFIG))
        return load([path])


def archived_fits(archive: zipfile.ZipFile, record: Record) -> tuple[list[Fit], list[Fit]]:
    """Return the fits of an archive whose downloads are here, and the others."""
    here, others = [], []
    for fit in contents.fits(record, set(archive.namelist())):
        there = all(Path(path).is_file() for path in fit.checksums)
        (here if there else others).append(fit)
    return here, others


def choose(fits: list[Fit], count: int, seed: int) -> list[Fit]:
    """Return so many of the fits, or all that there are, drawn without replacement."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    chosen = rng.choice(len(fits), min(count, len(fits)), replace=False)
    return [fits[position] for position in sorted(chosen)]


def recompute(archive: zipfile.ZipFile, fits: list[Fit]) -> Iterator[Outcome]:
    """Yield what comes of each fit when it is made again."""
    for fit in fits:
        try:
            yield Outcome(True, f"{fit.name}: {_recompute(archive, fit)}")
        except DataError as error:
            yield Outcome(False, str(error))


def _recompute(archive: zipfile.ZipFile, fit: Fit) -> str:
    """Return how a fit agrees; raises DataError, naming the file, if it does not."""
    name = contents.archived(fit, fit.provenance)
    known = made(archive, name)
    if known.settings != digest(fit.plain_task):
        raise DataError(f"{name}: made with other settings than those of {CONFIG}")
    others = _others(known, fit)
    note = f" (made with another {', '.join(others)})" if others else ""
    equal = True
    with TemporaryDirectory() as folder:
        again = replace(fit, record=_moved(fit.record, folder))
        execute(again.work, again.inputs)
        for kind, path in fit.outputs.items():
            name = contents.archived(fit, path)
            archived, new = read(archive, name), Path(again.outputs[kind]).read_bytes()
            if archived != new:
                equal = False
                found = _difference(name, archived, new, TOLERANCE if others else 0.0)
                if found or not others:
                    raise DataError(f"{name}: {found or 'other bytes, the same numbers'}{note}")
    return ("the same, byte for byte" if equal else f"the same within {TOLERANCE:g}") + note


def _moved(record: Record, folder: str) -> Record:
    """A record whose results lie in another folder."""
    return msgspec.structs.replace(record, folders=Folders(folder, record.folders.downloads))


def _others(known: Made, fit: Fit) -> list[str]:
    """What the archived fit was made with that is not what makes it now, and so its last bits."""
    before, now = known.environment, environment()

    def blas(made: dict[str, Any]) -> set[tuple[str, ...]]:
        pools = [pool for pool in made["blas"] if pool["internal_api"] != "openmp"]
        return {(p["internal_api"], p["version"], p["architecture"]) for p in pools}

    others = [name for name in ("python", "cpu") if before[name] != now[name]]
    others += ["BLAS"] if blas(before) != blas(now) else []
    known_libraries = [name for name in LIBRARIES if name in before["versions"]]
    others += [n for n in known_libraries if before["versions"][n] != now["versions"].get(n)]
    return others + (["code"] if known.code != fit.code else [])


def _difference(name: str, archived: bytes, new: bytes, tolerance: float) -> str | None:
    """Say where two tables first differ by more than a tolerance; None where they do not."""
    try:
        old, now = (pd.read_parquet(io.BytesIO(data)) for data in (archived, new))
    except (OSError, ValueError):
        raise DataError(f"{name}: not a readable table") from None
    if list(old) != list(now) or len(old) != len(now):
        return f"{old.shape[0]} rows and {old.shape[1]} columns instead of {now.shape}"
    for column in old:
        pairs = zip(old[column], now[column], strict=True)
        for row, (one, other) in enumerate(pairs):
            if not _agree(one, other, tolerance):
                at = [f"{key} {old[key][row]}" for key in ("replicate", "iteration") if key in old]
                return (
                    f"{column} is {one} instead of {other} at {old['cell'][row]}, {', '.join(at)}"
                )
    return None


def _agree(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two entries of a table, numbers, texts, lists or nothing, agree."""
    if isinstance(one, float | np.ndarray) and isinstance(other, float | np.ndarray):
        if np.shape(one) != np.shape(other):
            return False
        return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True))
    return bool(one == other) or (pd.api.types.is_scalar(one) and pd.isna(one) and pd.isna(other))
