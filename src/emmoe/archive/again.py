"""Makes archived results again, in a process of its own with limits, and compares them.

A fit is made from the archived config alone. What is made from fits, contests, probes and trials of
the theorems is made from the archived ones, in a temporary folder: a summary from its traces, a
table from its summaries, the audit from traces and tables. Nothing is written elsewhere.
"""

import io
import resource
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from emmoe.archive import bounds, compare, contents
from emmoe.archive.reader import SUMS, Reader, is_folder, opened
from emmoe.archive.stated import stated
from emmoe.jobs.base import Job, execute
from emmoe.jobs.fit import Fit
from emmoe.record.entries import Record
from emmoe.store import files
from emmoe.store.errors import DataError
from emmoe.store.provenance import Environment, Made, digest, environment, file_hash

LIBRARIES = (
    "numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "scikit-learn", "matplotlib",
)  # fmt: skip
REFERENCE = "reference/"  # below the results: what a full run was once kept as


class Outcome(NamedTuple):
    """What came of a job: whether it is the same, and a line that says so."""

    same: bool
    line: str


@dataclass(frozen=True)
class Place:
    """An archive, or a folder of results of a record."""

    path: Path
    record: Record | None = None

    @contextmanager
    def opened(self) -> Iterator[Reader]:
        """Open it; raises DataError as `emmoe.archive.reader.opened` does."""
        if self.record is None:
            with opened(self.path) as reader:
                yield reader
        else:
            yield contents.on_disk(contents.moved(self.record, self.path))


def is_results(path: Path | str) -> bool:
    """Return whether a path is a folder, and not one that an archive was unpacked to."""
    return is_folder(path) and not Path(path, SUMS).exists()


def limit(minutes: int) -> None:
    """Let this process use so much more CPU time, and as much memory as the bound is."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 60 * minutes + 1
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, bounds.MEMORY)):
        hard = resource.getrlimit(kind)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # systems that bound no memory
            resource.setrlimit(kind, (soft, hard))


def again(place: Place, job: Job, folder: str | None, minutes: int) -> Outcome:
    """Make a job again and compare it; folder: of what it is made from, None for a fit."""
    limit(minutes)
    name = f"{job.kind}/{job.name}"
    try:
        with _quiet(), place.opened() as reader, TemporaryDirectory() as own:
            made, new = _again(reader, job, folder, own)
            named = (place.record or job.record).folders.results  # as its files name it
            return Outcome(True, f"{name}: {_compared(reader, job, new, made, named)}")
    except DataError as error:
        return Outcome(False, f"{name}: {error}")
    except Exception as error:  # what a stranger's tables hold may break whatever reads them
        return Outcome(False, f"{name}: cannot be made again: {type(error).__name__}: {error}")


def _again(reader: Reader, job: Job, folder: str | None, own: str) -> tuple[Made, Job]:
    """Make a job again; return what is archived of it, and the new one."""
    made = stated(reader, contents.archived(job, job.provenance))
    new = replace(job, record=contents.moved(job.record, folder or own))
    if folder:
        _bring(job, new, made)
    elif made.settings != digest(job.plain_task):
        raise DataError("made with other settings than those of config.yaml")
    for path in new.outputs.values():
        _inside(path, new)
    execute(new.work, new.inputs)
    return made, new


def lay_out(place: Place, jobs: list[Job], folder: str, minutes: int) -> Outcome:
    """Copy archived runs to where what is made from them is made again, as made by this code."""
    limit(minutes)
    try:
        with place.opened() as reader:
            for job in jobs:
                _copy(reader, job, replace(job, record=contents.moved(job.record, folder)))
    except Exception as error:
        return Outcome(False, f"nothing made from runs can be made again: {error}")
    return Outcome(True, f"{len(jobs)} results of runs as archived")


def _copy(reader: Reader, job: Job, new: Job) -> None:
    for old, path in zip(job.outputs.values(), new.outputs.values(), strict=True):
        name = contents.archived(job, old)
        data = reader.read(name)
        if name.endswith(".parquet"):
            _check_table(name, data, _most_rows(job))
        target = _inside(path, new)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    made = stated(reader, contents.archived(job, job.provenance))
    current = msgspec.structs.replace(made, code=job.code)  # else the audit would call it stale
    files.write_bytes(current.sealed(), _inside(new.provenance, new))


def _check_table(name: str, data: bytes, most: int) -> None:
    """Raise DataError for a table with more rows or larger ones than a run can have."""
    found = compare.shape(name, data)
    if found.rows > most or len(found.columns) > bounds.COLUMNS:
        said = f"{found.rows} rows and {len(found.columns)} columns"
        raise DataError(f"{name}: {said}: more than {most} and {bounds.COLUMNS}")
    bounds.check_size(name, found.size, bounds.MB + bounds.CELL * found.rows * len(found.columns))


def _most_rows(job: Job) -> int:
    """The rows that a table of a run can have."""
    if not isinstance(job, Fit):
        return bounds.ROWS
    iterations = max(own.iterations for own in job.task.fitters.values())
    return len(job.task.cells) * len(job.task.replicates) * (iterations + 2)


def _inside(path: str, job: Job) -> Path:
    """A result's path; raises DataError for one that would leave the folder of results: names hold
    settings."""
    root = Path(job.layout.results).resolve()
    if not Path(path).resolve().is_relative_to(root):
        raise DataError(f"{path}: not below {root}")
    return Path(path)


def _bring(job: Job, new: Job, made: Made) -> None:
    """Check that all that a job is made from is there, and is what it was made from; bring what it
    read of the kept reference."""
    for inside, known in made.inputs.items():
        if inside.startswith(REFERENCE):
            source = Path(job.layout.results, inside)
            _check_same(str(source), known)
            target = _inside(f"{new.layout.results}/{inside}", new)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    for path in (path for paths in new.inputs.values() for path in paths):
        inside = new.layout.inside(path)
        if new.layout.is_result(path) and not Path(path).is_file():
            raise DataError(f"cannot be made again: {contents.FOLDER}/{inside} is not here")
        if inside == path:
            _check_same(path, made.inputs.get(path))


def _check_same(path: str, known: str | None) -> None:
    if not Path(path).is_file() or file_hash(path) != known:
        raise DataError(f"cannot be made again: it was made from another {path} than the one here")


def _compared(reader: Reader, job: Job, new: Job, made: Made, named: str) -> str:
    """How a job agrees, whose files name a folder of results; raises DataError, naming the file, if
    it does not."""
    others = _others(made, job)
    note = f" (made with another {', '.join(others)})" if others else ""
    equal = True
    for kind, path in job.outputs.items():
        name = contents.archived(job, path)
        archived = reader.read(name)
        now = Path(new.outputs[kind]).read_bytes()
        if not name.endswith((".parquet", *compare.DRAWN)):
            now = now.replace(new.layout.results.encode(), named.encode())
        equal = equal and archived == now
        if found := compare.difference(name, archived, now, exact=not others):
            raise DataError(f"{name}: {found}{note}")
    same = "the same, byte for byte" if equal else f"the same within {compare.TOLERANCE:g}"
    return same + note


def _others(made: Made, job: Job) -> list[str]:
    """What a job was made with that is not what makes it now, and so its last bits."""
    before, now = made.environment, environment()

    def blas(of: Environment) -> set[tuple[str | None, ...]]:
        pools = [pool for pool in of.blas if pool.internal_api != "openmp"]
        return {(p.internal_api, p.version, p.architecture) for p in pools}

    others = [name for name in ("python", "cpu") if getattr(before, name) != getattr(now, name)]
    # What has not been loaded in one of the processes is not another.
    others += [] if blas(before) <= blas(now) or blas(now) <= blas(before) else ["BLAS"]
    known = [name for name in LIBRARIES if name in before.versions]
    others += [name for name in known if before.versions[name] != now.versions.get(name)]
    return others + (["code"] if made.code != job.code else [])


@contextmanager
def _quiet() -> Iterator[None]:
    """Print nothing: what a job says comes from an archive's names and numbers."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
