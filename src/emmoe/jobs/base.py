"""What every kind of job shares: its name, task, code and files, and how it is run and recorded.

A job is planned from the record, and run from its `Work` alone: what it needs, as plain data. All
its outputs are written under temporary names and renamed; its provenance comes last, so that none
stands for a result that is not there.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from emmoe.jobs._inputs import Inputs, Paths, read_made
from emmoe.jobs._work import Demand, Outcome, Work
from emmoe.record.entries import Record
from emmoe.record.registry import modules
from emmoe.store import files, provenance
from emmoe.store.code import code_hash
from emmoe.store.errors import DataError
from emmoe.store.layout import Layout
from emmoe.store.provenance import Made

CURRENT, STALE = "current", "stale"


@dataclass(frozen=True)
class Job(ABC):
    """One kind of job; its fields beside the record name one of them."""

    record: Record
    kind: ClassVar[str]
    Task: ClassVar[type]
    archived: ClassVar[bool] = True  # whether its results belong to an archive

    @classmethod
    @abstractmethod
    def every(cls, record: Record) -> Iterator["Job"]:
        """Yield all jobs of this kind that a record declares."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What tells it from others of its kind: parts joined by slashes, as in its paths."""

    @property
    @abstractmethod
    def task(self) -> Any:
        """All that its results depend on, code and inputs apart."""

    @property
    @abstractmethod
    def modules(self) -> Sequence[str]:
        """The modules whose code it runs, what they import apart."""

    @property
    def inputs(self) -> dict[str, list[str]]:
        """The paths that it reads, by name."""
        return {}

    @property
    @abstractmethod
    def outputs(self) -> dict[str, str]:
        """The paths that it writes, by name."""

    @property
    def checksums(self) -> dict[str, str]:
        """What files from outside must be: path -> SHA-256."""
        return {}

    @property
    def demand(self) -> Demand:
        """What it may need."""
        return Demand()

    @staticmethod
    @abstractmethod
    def run(name: str, task: Any, inputs: Inputs) -> Outcome:
        """Compute the contents of all outputs of the job of a name."""

    @property
    def layout(self) -> Layout:
        """Where the record's results lie."""
        return layout_of(self.record)

    @property
    def provenance(self) -> str:
        """The path of its provenance file."""
        return self.layout.provenance_of(next(iter(self.outputs.values())))

    @cached_property
    def plain_task(self) -> Any:
        """The task as JSON holds it."""
        return plain(self.task)

    @property
    def code(self) -> str:
        """The hash of the code that it depends on."""
        return _code(tuple(self.modules), _run_of(type(self)))

    @property
    def work(self) -> Work:
        """The job as plain data, without its inputs, which its rule has."""
        return Work(
            self.kind, self.name, self.plain_task, self.code, list(self.modules), self.outputs,
            self.layout.results, checksums=self.checksums,
        )  # fmt: skip

    @property
    def whole_work(self) -> Work:
        """The job as plain data, for one of several that a rule runs."""
        return msgspec.structs.replace(self.work, inputs=self.inputs)

    def found(self) -> Made:
        """Return its provenance; raises DataError if it can't be read."""
        return read_made(self.provenance)

    def state(self) -> str:
        """Return CURRENT, STALE (made by other code or settings), or why it can't be used."""
        return self.examined()[0]

    def examined(self) -> tuple[str, Made | None]:
        """Return its state, and what it left where this can be used."""
        for path in (*self.outputs.values(), self.provenance):
            if not Path(path).is_file():
                return f"{path} is missing", None
        try:
            made = self.found()
        except DataError as error:
            return str(error), None
        for path in self.outputs.values():
            try:
                found = provenance.file_hash(path)
            except OSError as error:
                return f"{path}: {error.strerror}", None
            if found != made.outputs.get(self.layout.inside(path)):
                return f"{path}: {files.CHANGED}", None
        return CURRENT if self.would_make(made) else STALE, made

    def would_make(self, made: Made) -> bool:
        """Return whether what was made is of this job's code and settings."""
        return (made.code, made.settings) == (self.code, provenance.digest(self.plain_task))


def layout_of(record: Record) -> Layout:
    """Return where a record's results and downloads lie."""
    return Layout(record.folders.results, record.folders.downloads)


def kind(name: str) -> type[Job]:
    """Return the class of a kind of job: a file of this folder has one."""
    module = import_module(f"{__package__}.{name}")
    own = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, Job)]
    (found,) = [c for c in own if c.__module__ == module.__name__]
    return found


def every_job(record: Record) -> Iterator[Job]:
    """Yield all jobs, of all kinds, that a record declares."""
    for name in modules("jobs"):
        if name != "base":
            yield from kind(name).every(record)


def plain(content: Any) -> Any:
    """Return a struct, or a list of them, as JSON holds it."""
    return msgspec.to_builtins(content)


def run_all(works: Sequence[Any], inputs: Paths) -> None:
    """Run jobs, given as plain data, in this order; inputs: of the one that does not say its."""
    for work in msgspec.convert(list(works), list[Work]):
        execute(work, work.inputs or inputs)


def execute(work: Work, inputs: Paths) -> None:
    """Run a job from its plain data; write its outputs and its provenance.

    Raises DataError if the code is another than the one that it was planned with."""
    if _code(tuple(work.modules), _run_of(kind(work.kind))) != work.code:
        said = "its code was changed while the run went on: run the same command again"
        raise DataError(f"{work.kind} {work.name}: {said}")
    cls, layout, started = kind(work.kind), Layout(work.results), time.process_time()
    reading = Inputs(layout, inputs, work.checksums)
    record = Path(layout.provenance_of(next(iter(work.outputs.values()))))
    record.unlink(missing_ok=True)
    outcome = cls.run(work.name, msgspec.convert(work.task, cls.Task), reading)
    for name, path in work.outputs.items():
        files.write(outcome.contents[name], path)
    made = Made(
        kind=work.kind,
        name=work.name,
        code=work.code,
        settings=provenance.digest(work.task),
        task=work.task,
        inputs=reading.hashes(),
        outputs={layout.inside(p): provenance.file_hash(p) for p in work.outputs.values()},
        created=provenance.now(),
        seconds=round(time.process_time() - started, 3),
        environment=provenance.environment(),
        notes=outcome.notes,
    )
    files.write_bytes(made.sealed(), record)


def _run_of(cls: type[Job]) -> str:
    """The method that does a kind of job, as `code_hash` takes it."""
    return f"{cls.__module__}:{cls.__name__}.run"


@cache
def _code(modules: tuple[str, ...], method: str) -> str:
    return code_hash(*modules, method=method)
