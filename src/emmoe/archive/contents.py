"""What belongs to an archive: every result that a record declares and that is there, with its
provenance.

Of figures, tables and findings an archive holds those of whole targets. Files left over from
another record stay out, and so do logs, benchmarks and downloads."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import msgspec

from emmoe.archive.reader import Folder
from emmoe.jobs.base import Job, every_job
from emmoe.jobs.fit import Fit
from emmoe.jobs.product import Product
from emmoe.record.entries import Folders, Record, Target

FOLDER = "results"  # in the archive, wherever results lie on disk


def jobs(record: Record) -> list[Job]:
    """Return the jobs that a record declares and whose results belong to an archive."""
    return [job for job in every_job(record) if job.archived]


def files(job: Job) -> dict[str, Path]:
    """Return the files of a job: name in the archive -> path."""
    return {archived(job, path): Path(path) for path in (*job.outputs.values(), job.provenance)}


def archived(job: Job, path: str) -> str:
    """Return a result's name in an archive."""
    return f"{FOLDER}/{job.layout.inside(path)}"


def on_disk(record: Record, whole: bool = False) -> Folder:
    """Return a reader of the results that are there; whole: without products of targets that are
    not whole."""
    paths = {name: path for job in jobs(record) for name, path in files(job).items()}
    found = {name for name, path in paths.items() if path.is_file()}
    parts = [held for held in targets(record, found) if whole and held.missing]
    found -= {name for held in parts for job in held.there for name in files(job)}
    return Folder(paths, found)


def unowned(names: Collection[str], record: Record) -> list[str]:
    """Return a line for each result of an archive that its record does not name."""
    owned = {name for job in jobs(record) for name in files(job)}
    others = sorted(name for name in set(names) - owned if name.startswith(f"{FOLDER}/"))
    return [f"{name}: no job of the archived config made it" for name in others]


class Held(NamedTuple):
    """A target's figures, tables and findings: those that are there, and those that are not."""

    target: str
    there: list[Product]
    missing: list[Product]


def targets(record: Record, names: Collection[str]) -> Iterator[Held]:
    """Yield what is there, by name, of each target that a record declares."""
    for target in get_args(Target):
        own = [job for job in Product.every(record) if job.task.target == target]
        there = [job for job in own if files(job).keys() & names]
        if own:
            yield Held(target, there, [job for job in own if job not in there])


def fits(record: Record, names: Collection[str]) -> list[Fit]:
    """Return the fits of a record that an archive holds in full."""
    return [fit for fit in Fit.every(record) if files(fit).keys() <= set(names)]


def moved(record: Record, folder: Path | str) -> Record:
    """Return a record whose results lie in another folder."""
    return msgspec.structs.replace(record, folders=Folders(str(folder), record.folders.downloads))
