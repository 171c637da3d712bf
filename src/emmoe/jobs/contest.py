"""A contest: all its rivals in one job, so that their clocks compare."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.jobs._inputs import Inputs
from emmoe.jobs._runs import Run
from emmoe.jobs._work import LONG, Demand, Outcome, say
from emmoe.record import plan
from emmoe.record.entries import Contest as Entry
from emmoe.record.entries import Record
from emmoe.record.tasks import ContestTask


@dataclass(frozen=True)
class Contest(Run):
    """The tuning of all rivals of a contest, and their comparison."""

    contest: str
    kind = "contest"
    Task = ContestTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Contest"]:
        return (cls(record, name) for name in record.contests)

    @property
    def entry(self) -> Entry:
        """The contest's entry."""
        return self.record.contests[self.contest]

    @property
    def name(self) -> str:
        return self.contest

    @property
    def task(self) -> ContestTask:
        return plan.contest_task(self.entry)

    @property
    def own_modules(self) -> list[str]:
        return ["emmoe.lab.contest"]

    @property
    def algorithms(self) -> list[str]:
        return [rival.algorithm for rival in self.entry.rivals.values()]

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.contest(self.contest)

    @property
    def demand(self) -> Demand:
        return LONG

    @staticmethod
    def run(name: str, task: ContestTask, inputs: Inputs) -> Outcome:
        from emmoe.lab.contest import CLOCKS, run_contest  # not imported to plan: it loads models

        rows = run_contest(task, inputs.downloads, lambda line: say(f"{name}, {line}"))
        return Outcome({"costs": rows.drop(columns=CLOCKS), "seconds": rows})
