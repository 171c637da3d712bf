"""What belongs to an archive: every result that a record declares and that is there, with its
provenance.

Files left over from another record stay out, and so do logs, benchmarks and downloads."""

from collections.abc import Iterator
from pathlib import Path

from emmoe.jobs.base import Job, every_job
from emmoe.jobs.fit import Fit
from emmoe.record.entries import Record

FOLDER = "results"  # in the archive, wherever results lie on disk


def there(record: Record) -> Iterator[Job]:
    """Yield the jobs whose results are all there."""
    for job in every_job(record):
        if job.archived and all(Path(path).is_file() for path in _paths(job)):
            yield job


def files(job: Job) -> dict[str, Path]:
    """Return the files of a job: name in the archive -> path."""
    return {archived(job, path): Path(path) for path in _paths(job)}


def archived(job: Job, path: str) -> str:
    """Return a result's name in an archive."""
    return f"{FOLDER}/{job.layout.inside(path)}"


def _paths(job: Job) -> list[str]:
    return [*job.outputs.values(), job.provenance]


def unowned(names: list[str], record: Record) -> list[str]:
    """Return a line for each result of an archive that its record does not name."""
    owned = {archived(job, path) for job in every_job(record) for path in _paths(job)}
    others = sorted(name for name in set(names) - owned if name.startswith(f"{FOLDER}/"))
    return [f"{name}: no job of the archived config made it" for name in others]


def fits(record: Record, names: set[str]) -> list[Fit]:
    """Return the fits of a record that an archive holds in full."""
    return [
        fit for fit in Fit.every(record) if {archived(fit, path) for path in _paths(fit)} <= names
    ]
