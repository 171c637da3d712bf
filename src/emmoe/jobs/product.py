"""A product: a figure, a table or a finding, made by the module that its entry names.

Products of a study are made in one process: most of what one takes alone is Python's start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib import import_module

from msgspec import structs

from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Outcome
from emmoe.jobs.base import Job
from emmoe.record.entries import Product as Entry
from emmoe.record.entries import Read, Record
from emmoe.store.layout import CLAIMS

# By kind: the function of its modules, and the module that writes what it returns.
MADE_BY = {
    "figures": ("draw", "emmoe.figures._shared.style"),
    "tables": ("build", "emmoe.tables._shared.write"),
    "findings": ("find", "emmoe.findings.base"),
}


@dataclass(frozen=True)
class Product(Job):
    """One figure, table or finding."""

    folder: str
    product: str
    kind = "product"
    Task = Entry

    @classmethod
    def every(cls, record: Record) -> Iterator["Product"]:
        return (cls(record, entry.kind, entry.name) for entry in record.products())

    @property
    def name(self) -> str:
        return f"{self.folder}/{self.product}"

    @property
    def entry(self) -> Entry:
        """Its entry."""
        return getattr(self.record, self.folder)[self.product]

    @property
    def task(self) -> Entry:
        """Its entry without what the report alone says of it."""
        return structs.replace(self.entry, title="", caption="", importance=None)

    @property
    def modules(self) -> list[str]:
        return [f"emmoe.{self.folder}.{self.entry.module}", MADE_BY[self.folder][1]]

    @property
    def source(self) -> str:
        """The file that draws, builds or finds it, relative to the checkout."""
        return f"src/emmoe/{self.folder}/{self.entry.module}.py"

    @property
    def inputs(self) -> dict[str, list[str]]:
        return {argument: [self._path(read)] for argument, read in self.entry.reads.items()}

    def _path(self, read: Read) -> str:
        places = {
            "table": lambda: self.layout.product("tables", read.name)["csv"],
            "probe": lambda: self.layout.probe(read.name)["probe"],
            "reported": lambda: CLAIMS,
        } | dict.fromkeys(("costs", "seconds"), lambda: self.layout.contest(read.name)[read.kind])
        return places.get(read.kind, lambda: self.layout.gathered(read.name)[read.kind])()

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.product(self.folder, self.product)

    @staticmethod
    def run(name: str, task: Entry, inputs: Inputs) -> Outcome:
        function, writer = MADE_BY[task.kind]
        make = getattr(import_module(f"emmoe.{task.kind}.{task.module}"), function)
        tables = {argument: inputs.frame(argument) for argument in task.reads}
        curves = {"curves": dict(task.curves)} if task.kind != "findings" else {}
        made = make(**tables, **curves, **task.options)
        return Outcome(import_module(writer).contents(made, task))


def batches(record: Record) -> dict[tuple[str, str], list[Product]]:
    """Return the products of each study and target, tables before what reads them."""
    found: dict[tuple[str, str], list[Product]] = {}
    for job in _ordered(record):
        found.setdefault((job.task.study, job.task.target), []).append(job)
    return found


def _ordered(record: Record) -> Iterator[Product]:
    jobs = {job.name: job for job in Product.every(record)}
    read = {
        name: [f"tables/{own.name}" for own in job.task.reads.values() if own.kind == "table"]
        for name, job in jobs.items()
    }
    return (jobs[name] for name in TopologicalSorter(read).static_order())
