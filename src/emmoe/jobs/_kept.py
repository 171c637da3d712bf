"""The provenance of many jobs in one file: environments once, then one record per job."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, structs

from emmoe.store import files
from emmoe.store.errors import DataError
from emmoe.store.provenance import Environment, Made

DAMAGED = "missing or damaged: get the reference back, or keep a run anew"


class Numbered(Made, frozen=True, omit_defaults=True):
    """What a job left, with its environment's number."""

    environment: Annotated[int, Meta(ge=0)]


class Kept(Struct, frozen=True):
    """What jobs left, each environment once; files: the SHA-256 of a reference's other files."""

    environments: list[Environment]
    jobs: list[Numbered]
    files: dict[str, str] = {}


def condensed(made: Iterable[Made]) -> Kept:
    """Return what jobs left, without notes: environments by number, cells by name, replicates by
    their first and last."""
    environments: list[Environment] = []
    jobs = []
    for own in made:
        if own.environment not in environments:
            environments.append(own.environment)
        number = environments.index(own.environment)
        changed = {"environment": number, "task": _brief(own.task), "notes": {}}
        jobs.append(Numbered(**structs.asdict(own) | changed))
    return Kept(environments, jobs)


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


def read_sums(path: Path | str) -> dict[str, str]:
    """Return the SHA-256 of the files that a file of `condensed` stands beside."""
    return _read(path).files


def read_kept(path: Path | str) -> list[Made]:
    """Return the jobs of a file of `condensed`; raises DataError, naming it, for what is none."""
    kept = _read(path)
    try:
        return [_whole(own, kept.environments[own.environment]) for own in kept.jobs]
    except IndexError:
        raise DataError(f"{path}: {DAMAGED}") from None


def _whole(own: Numbered, environment: Environment) -> Made:
    return Made(**structs.asdict(own) | {"environment": environment})


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
