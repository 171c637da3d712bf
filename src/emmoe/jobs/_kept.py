"""The provenance of many jobs in one file: environments once, then one record per job."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from emmoe.store import files
from emmoe.store.errors import DataError
from emmoe.store.provenance import Environment, Made

DAMAGED = "missing or damaged: get the reference back, or keep a run anew"


def condensed(made: Iterable[Made]) -> dict[str, Any]:
    """Return what jobs left, without notes: environments by number, cells by name, replicates by
    their first and last."""
    environments: list[Environment] = []
    jobs = []
    for own in made:
        if own.environment not in environments:
            environments.append(own.environment)
        row = msgspec.to_builtins(own) | {"environment": environments.index(own.environment)}
        del row["notes"]
        jobs.append(row | {"task": _brief(own.task)})
    return {"environments": msgspec.to_builtins(environments), "jobs": jobs}


def _brief(task: Any) -> Any:
    """A task without what its digest vouches for and makes it long."""
    if not isinstance(task, dict):
        return task
    brief = {key: value for key, value in task.items() if key not in ("record", "facts")}
    if "cells" in brief:
        brief["cells"] = [cell["name"] for cell in brief["cells"]]
    if isinstance(replicates := brief.get("replicates"), Sequence):
        brief["replicates"] = [min(replicates), max(replicates)]
    return brief


class Kept(Struct, frozen=True):
    """What a file of `condensed` holds; files: the SHA-256 of the reference's files, if of one."""

    environments: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    files: dict[str, str] = {}


def read_sums(path: Path | str) -> dict[str, str]:
    """Return the SHA-256 of the files that a file of `condensed` stands beside."""
    return _read(path).files


def read_kept(path: Path | str) -> list[Made]:
    """Return the jobs of a file of `condensed`; raises DataError, naming it, for what is none."""
    kept = _read(path)
    try:
        rows = [row | {"environment": kept.environments[row["environment"]]} for row in kept.jobs]
        return msgspec.convert(rows, list[Made])
    except (LookupError, TypeError, msgspec.ValidationError):
        raise DataError(f"{path}: {DAMAGED}") from None


def kept_seconds(path: Path | str) -> dict[str, float]:
    """Return the CPU seconds of the jobs of a file of `condensed` by their paths; of none, where
    there is no such file: an estimate is not worth a run."""
    try:
        return {own.path: own.seconds for own in read_kept(path)}
    except DataError:
        return {}


def _read(path: Path | str) -> Kept:
    try:
        return msgspec.convert(files.read_json(path), Kept)
    except (DataError, msgspec.ValidationError):
        raise DataError(f"{path}: {DAMAGED}") from None
