"""A fit: one fitter on one block of cells and replicates."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.jobs._inputs import Inputs
from emmoe.jobs._runs import Run
from emmoe.jobs._work import Demand, Outcome, say
from emmoe.record import plan
from emmoe.record.components import build_dataset
from emmoe.record.entries import Experiment, Record
from emmoe.record.tasks import FitTask

# Rates are the worst that was measured, times four or more, on cores of 2026.
SECONDS = 4e-7  # per iteration, replicate and entry of the features; 1e-7 for a solved M-step
COPIES = 3  # of the features, as float64
ROW = 2000  # bytes of a trace's row while it is collected
CLOCKS = ("cpu_seconds", "wall_seconds")


@dataclass(frozen=True)
class Fit(Run):
    """The fit of a block by a fitter of an experiment."""

    experiment: str
    fitter: str
    block: str
    kind = "fit"
    Task = FitTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Fit"]:
        for name, experiment in record.experiments.items():
            for fitter in experiment.fitters:
                yield from cls.of(record, name, fitter)

    @classmethod
    def of(cls, record: Record, experiment: str, fitter: str) -> Iterator["Fit"]:
        """Yield the fits of all blocks by a fitter."""
        for block in plan.blocks_of(record.experiments[experiment], fitter):
            yield cls(record, experiment, fitter, block)

    @classmethod
    def of_all(cls, record: Record, experiment: str) -> list["Fit"]:
        """Return the fits of all fitters and blocks of an experiment."""
        fitters = record.experiments[experiment].fitters
        return [fit for fitter in fitters for fit in cls.of(record, experiment, fitter)]

    @property
    def entry(self) -> Experiment:
        """The experiment's entry."""
        return self.record.experiments[self.experiment]

    @property
    def name(self) -> str:
        return f"{self.experiment}/{self.fitter}/{self.block}"

    @property
    def task(self) -> FitTask:
        return plan.fit_task(self.entry, [self.fitter], self.block)

    @property
    def own_modules(self) -> list[str]:
        return [
            "emmoe.lab.fit",
            *(f"emmoe.measures.analyses.{name}" for name in self.entry.analyses),
        ]

    @property
    def algorithms(self) -> list[str]:
        return [self.entry.fitters[self.fitter].algorithm]

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.fit(self.experiment, self.fitter, self.block)

    @property
    def demand(self) -> Demand:
        task, least = self.task, Demand()
        entries = [build_dataset(cell.data).entries for cell in task.cells]
        own = task.fitters[self.fitter]
        kept = own.iterations.bit_length() + 2 if task.rows == "sparse" else own.iterations + 1
        replicates = sum(r < own.replicates for r in task.replicates)
        memory = 8 * COPIES * max(entries) + ROW * kept * replicates * len(entries)
        seconds = SECONDS * own.iterations * replicates * sum(entries)
        return Demand(least.mem_mb + round(memory / 1e6), least.runtime + round(seconds / 60))

    @staticmethod
    def run(name: str, task: FitTask, inputs: Inputs) -> Outcome:
        from emmoe.lab.columns import as_table  # not imported to plan: it loads models
        from emmoe.lab.fit import fit_block

        experiment, label = name.split("/")[0], name.rpartition("/")[0]
        fits = fit_block(task, inputs.downloads, lambda line: say(f"{label}, {line}"))
        records = fits.records if task.rows == "all" else [_brief(r) for r in fits.records]
        rows = {"trace": fits.rows, "runs": fits.runs}
        tables = {kind: as_table(kind, experiment, rows[kind]) for kind in rows}
        return Outcome(tables, {"records": records})


def _brief(record: dict) -> dict:
    """A record with its clocks' last values only."""
    return record | {clock: record[clock][-1:] for clock in CLOCKS}
