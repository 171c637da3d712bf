"""Gathering an experiment: all its fits in one trace and one table of runs, and a summary."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Outcome
from emmoe.jobs.base import Job
from emmoe.jobs.fit import Fit
from emmoe.record import plan
from emmoe.record.entries import Record
from emmoe.record.values import Settings


class GatherTask(Struct, frozen=True):
    """facts: what every cell's runs are of, for the table of runs."""

    facts: tuple[Settings, ...]


@dataclass(frozen=True)
class Gather(Job):
    """The tables of an experiment."""

    experiment: str
    kind = "gather"
    Task = GatherTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Gather"]:
        return (cls(record, name) for name in record.experiments)

    @property
    def name(self) -> str:
        return self.experiment

    @property
    def task(self) -> GatherTask:
        return GatherTask(tuple(plan.facts(self.record.experiments[self.experiment])))

    @property
    def modules(self) -> list[str]:
        return ["emmoe.evidence.summary", "emmoe.lab.columns", "emmoe.store.files"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        fits = [fit.outputs for fit in Fit.of_all(self.record, self.experiment)]
        return {kind: [paths[kind] for paths in fits] for kind in ("trace", "runs")}

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.gathered(self.experiment)

    @staticmethod
    def run(name: str, task: GatherTask, inputs: Inputs) -> Outcome:
        import pandas as pd

        from emmoe.evidence.summary import gather, summarise
        from emmoe.lab.columns import checked, metrics

        trace, runs = (
            pd.concat([checked(kind, f, kind) for f in inputs.frames(kind)], ignore_index=True)
            for kind in ("trace", "runs")
        )
        gathered = gather(runs, pd.DataFrame(task.facts))
        return Outcome({"summary": summarise(trace, metrics()), "runs": gathered, "trace": trace})
