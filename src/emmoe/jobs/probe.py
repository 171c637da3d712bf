"""A probe: what traces do not hold, measured on an experiment's first replicate."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.jobs._inputs import Inputs
from emmoe.jobs._runs import Run
from emmoe.jobs._work import LONG, Demand, Outcome
from emmoe.record import plan
from emmoe.record.entries import Experiment, Record
from emmoe.record.entries import Probe as Entry
from emmoe.record.tasks import ProbeTask


@dataclass(frozen=True)
class Probe(Run):
    """A module's measurement."""

    probe: str
    kind = "probe"
    Task = ProbeTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Probe"]:
        return (cls(record, name) for name in record.probes)

    @property
    def settings(self) -> Entry:
        """The probe's entry."""
        return self.record.probes[self.probe]

    @property
    def entry(self) -> Experiment:
        """The entry of the experiment that it looks at."""
        return self.record.experiments[self.settings.experiment]

    @property
    def name(self) -> str:
        return self.probe

    @property
    def task(self) -> ProbeTask:
        return plan.probe_task(self.record, self.probe)

    @property
    def own_modules(self) -> list[str]:
        own = f"emmoe.measures.probes.{self.settings.measure}"
        return ["emmoe.lab.probe", own, "emmoe.store.files"]

    @property
    def algorithms(self) -> list[str]:
        return [fitter.algorithm for fitter in self.settings.fitters.values()]

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.probe(self.probe)

    @property
    def demand(self) -> Demand:
        return LONG

    @staticmethod
    def run(name: str, task: ProbeTask, inputs: Inputs) -> Outcome:
        from emmoe.lab.probe import run_probe  # not imported to plan: it loads models

        return Outcome({"probe": run_probe(task, inputs.downloads)})
