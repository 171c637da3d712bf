"""The paper's theorems as printed, on the runs of a target and by a search for counterexamples."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Demand, Outcome
from emmoe.jobs.base import Job
from emmoe.record.entries import Record


class TheoremsTask(Struct, frozen=True):
    """runs: the experiments whose runs are tried; trials: small data sets that are drawn."""

    seed: int
    runs: tuple[str, ...]
    trials: int


@dataclass(frozen=True)
class Theorems(Job):
    """What the theorems come to on the runs of a scope."""

    scope: str
    kind = "theorems"
    Task = TheoremsTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Theorems"]:
        return (cls(record, scope) for scope in record.audit.theorems)

    @property
    def name(self) -> str:
        return self.scope

    @property
    def task(self) -> TheoremsTask:
        audit = self.record.audit
        runs = audit.theory.get(self.scope, ())
        return TheoremsTask(self.record.seed, runs, audit.theorems[self.scope])

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.theorems", "emmoe.audit.theorems"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        return {"runs": [self.layout.gathered(name)["runs"] for name in self.task.runs]}

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.theorems(self.scope)

    @property
    def demand(self) -> Demand:
        return Demand(2000, 60)

    @staticmethod
    def run(name: str, task: TheoremsTask, inputs: Inputs) -> Outcome:
        from emmoe.audit import theorems

        runs = dict(zip(task.runs, inputs.frames("runs"), strict=True))
        return Outcome({"theorems": theorems.table(runs, task.seed, task.trials)})
