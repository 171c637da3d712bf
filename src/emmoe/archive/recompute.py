"""Recomputes fits of an archive with the current code, and compares them with what is archived.

A fit is made again from the archived config alone: its draw, then its trace and its table of runs.
They must be the same byte for byte. Where the archived fit was made by another processor, BLAS,
library or code, its last bits may differ: then every number must agree within TOLERANCE.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml

from emmoe.archive import contents
from emmoe.archive.contents import FOLDER, Fit
from emmoe.archive.file import CONFIG, read
from emmoe.archive.verify import content
from emmoe.jobs import codes
from emmoe.jobs import steps as jobs
from emmoe.record import cells as grid
from emmoe.record import config as configuration
from emmoe.record import registry
from emmoe.store import provenance
from emmoe.store.errors import DataError

TOLERANCE = 1e-6  # relative, or absolute for numbers below one
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "scikit-learn")
NEEDED = ("task", "code", "python", "cpu", "blas", "versions")  # of a provenance file


class Outcome(NamedTuple):
    """What came of a fit: whether it is the same, and a line that says so."""

    same: bool
    line: str


def archived_config(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the archived config; raises ConfigError if the current code does not accept it."""
    try:
        found = yaml.safe_load(read(archive, CONFIG))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise DataError(f"{CONFIG}: not a config") from None
    return configuration.check(found)


def archived_fits(archive: zipfile.ZipFile, config: dict[str, Any]) -> tuple[list[Fit], list[Fit]]:
    """Return the fits of an archive whose downloads are here, and the others."""
    names, here, others = set(archive.namelist()), [], []
    for fit in contents.fits(config):
        if {f"{FOLDER}/{name}" for name in fit.files.values()} <= names:
            there = all(Path(path).is_file() for path in _downloads(config, fit))
            (here if there else others).append(fit)
    return here, others


def _downloads(config: dict[str, Any], fit: Fit) -> list[str]:
    """The files that a fit reads beside its draw."""
    data = config["experiments"][fit.experiment]["data"]["name"]
    files = registry.component("datasets", data, "data").files
    return [f"{config['pathvars']['downloads']}/{file}" for file in files]


def choose(fits: list[Fit], count: int, seed: int) -> list[Fit]:
    """Return so many of the fits, or all that there are, drawn without replacement."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    chosen = rng.choice(len(fits), min(count, len(fits)), replace=False)
    return [fits[position] for position in sorted(chosen)]


def recompute(
    archive: zipfile.ZipFile, config: dict[str, Any], fits: list[Fit]
) -> Iterator[Outcome]:
    """Yield what comes of each fit when it is made again."""
    for fit in fits:
        try:
            yield Outcome(True, f"{fit.path}: {_recompute(archive, config, fit)}")
        except DataError as error:
            yield Outcome(False, str(error))


def _recompute(archive: zipfile.ZipFile, config: dict[str, Any], fit: Fit) -> str:
    """Return how a fit agrees; raises DataError, naming the file, if it does not."""
    name = f"{FOLDER}/{fit.files['provenance']}"
    record, task = content(archive, name), grid.fit_task(config, *fit)
    if lost := [key for key in NEEDED if key not in record]:
        raise DataError(f"{name}: not a fit's provenance: {lost[0]} is missing")
    if provenance.digest(task) != provenance.digest(record["task"]):
        raise DataError(f"{name}: made with other settings than those of {CONFIG}")
    others = _others(record, task)
    note = f" (made with another {', '.join(others)})" if others else ""
    equal = True
    with TemporaryDirectory() as folder:
        made = _made(config, fit, task, Path(folder))
        for kind in ("trace", "runs"):
            name = f"{FOLDER}/{fit.files[kind]}"
            archived, new = read(archive, name), made[kind].read_bytes()
            if archived != new:
                equal = False
                found = _difference(name, archived, new, TOLERANCE if others else 0.0)
                if found or not others:
                    raise DataError(f"{name}: {found or 'other bytes, the same numbers'}{note}")
    return ("the same, byte for byte" if equal else f"the same within {TOLERANCE:g}") + note


def _others(record: dict[str, Any], task: dict[str, Any]) -> list[str]:
    """What the archived fit was made with that is not what makes it now, and so its last bits."""
    now = provenance.describe()

    def blas(made: dict[str, Any]) -> set[tuple[str, ...]]:
        pools = [pool for pool in made["blas"] if pool["internal_api"] != "openmp"]
        return {(p["internal_api"], p["version"], p["architecture"]) for p in pools}

    others = [name for name in ("python", "cpu") if record[name] != now[name]]
    others += ["BLAS"] if blas(record) != blas(now) else []
    known = [name for name in LIBRARIES if name in record["versions"]]
    others += [n for n in known if record["versions"][n] != now["versions"].get(n)]
    return others + (["code"] if record["code"] != codes.fit_code(task) else [])


def _made(config: dict[str, Any], fit: Fit, task: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Make a fit again in a folder; return the paths of its trace and its table of runs."""
    draw, trace, runs, record = (folder / name for name in ("draw.npz", "trace", "runs", "record"))
    jobs.draw(grid.draw_task(config, fit.experiment, fit.block), str(draw))
    names = {"experiment": fit.experiment, "fitter": fit.fitter}
    files = jobs.verified(config, _downloads(config, fit))
    jobs.fit(task, codes.fit_code(task), names, str(draw), files, *map(str, (trace, runs, record)))
    return {"trace": trace, "runs": runs}


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
