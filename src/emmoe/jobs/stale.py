"""Whether a fit on record is what the current code and settings would make."""

from collections.abc import Iterable
from typing import Any

from emmoe.jobs import codes
from emmoe.store import provenance


def is_stale(code: str | None, settings: str | None, tasks: Iterable[dict[str, Any]]) -> bool:
    """Return whether none of the current tasks (`emmoe.record.cells.fit_task`) has these hashes.

    code: of the modules that made the fit; settings: `store.provenance.digest` of its task."""
    return not any(
        code == codes.fit_code(task) and settings == provenance.digest(task) for task in tasks
    )
