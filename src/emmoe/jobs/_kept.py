"""The provenance of many jobs in one file: environments once, then one record per job."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from emmoe.store import files
from emmoe.store.provenance import Made


def condensed(made: Iterable[Made]) -> dict[str, Any]:
    """Return what jobs left, without notes: environments by number, cells by name, replicates by
    their first and last."""
    environments: list[dict[str, Any]] = []
    jobs = []
    for own in made:
        if own.environment not in environments:
            environments.append(own.environment)
        row = msgspec.to_builtins(own) | {"environment": environments.index(own.environment)}
        del row["notes"]
        jobs.append(row | {"task": _brief(own.task)})
    return {"environments": environments, "jobs": jobs}


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


def read_kept(path: Path | str) -> list[Made]:
    """Return the jobs of a file of `condensed`."""
    content = files.read_json(path)
    environments = content["environments"]
    rows = [row | {"environment": environments[row["environment"]]} for row in content["jobs"]]
    return msgspec.convert(rows, list[Made])
