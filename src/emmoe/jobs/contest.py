"""A contest: all its rivals in one job, so that their clocks compare."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.jobs.base import LONG, Demand, Inputs, Job, Outcome, downloads, say
from emmoe.record import cells
from emmoe.record.entries import Contest as Entry
from emmoe.record.entries import Record
from emmoe.record.tasks import ContestTask


@dataclass(frozen=True)
class Contest(Job):
    """The tuning of all rivals of a contest, and their comparison."""

    contest: str
    kind = "contest"
    Task = ContestTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Contest"]:
        return (cls(record, name) for name in record.contests)

    @property
    def settings(self) -> Entry:
        """The contest's entry."""
        return self.record.contests[self.contest]

    @property
    def name(self) -> str:
        return self.contest

    @property
    def task(self) -> ContestTask:
        return cells.contest_task(self.settings)

    @property
    def modules(self) -> list[str]:
        entry = self.settings
        return [
            "emmoe.lab.contest",
            f"emmoe.models.{entry.model.name}",
            f"emmoe.datasets.{entry.data.name}",
            f"emmoe.starts.{entry.start.name}",
            *sorted({f"emmoe.fitters.{rival.algorithm}" for rival in entry.rivals.values()}),
        ]

    @property
    def inputs(self) -> dict[str, list[str]]:
        return {"downloads": list(self.checksums)}

    @property
    def checksums(self) -> dict[str, str]:
        return downloads(self.record, self.settings.data.name)

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.contest(self.contest)

    @property
    def demand(self) -> Demand:
        return LONG

    @staticmethod
    def run(name: str, task: ContestTask, inputs: Inputs) -> Outcome:
        from emmoe.lab.contest import run_contest  # not imported to plan: it loads models

        rows = run_contest(task, inputs.downloads, lambda line: say(f"{name}, {line}"))
        return Outcome({"costs": rows.drop(columns="cpu_seconds"), "seconds": rows})
