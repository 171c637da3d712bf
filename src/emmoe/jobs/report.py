"""The report: one HTML file that shows all results that are there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from emmoe.jobs._inputs import Inputs
from emmoe.jobs._kept import read_kept
from emmoe.jobs._work import Outcome
from emmoe.jobs.audit import Audit
from emmoe.jobs.base import Job, layout_of
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.probe import Probe
from emmoe.jobs.product import Product
from emmoe.record.entries import Record

SHOWN = (".png", ".csv", ".json")


class ReportTask(Struct, frozen=True):
    """record: all of it, since the report shows it; shown: a hash of what it shows beside its
    inputs."""

    record: Record
    shown: str


@dataclass(frozen=True)
class Report(Job):
    """The report, which waits for the results of some targets, and shows others as they are."""

    targets: tuple[str, ...] = ("figures",)
    kind = "report"
    Task = ReportTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Report"]:
        yield cls(record)

    @property
    def name(self) -> str:
        return "report"

    @property
    def task(self) -> ReportTask:
        from emmoe.report.build import fingerprint

        return ReportTask(self.record, fingerprint(self.record, self.layout, self.inputs["shown"]))

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.report", "emmoe.report.build"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        from emmoe.report.curves import files

        products = [p for p in Product.every(self.record) if p.task.target in self.targets]
        audits = [own for own in Audit.every(self.record) if own.scope in self.targets]
        paths = [path for job in (*products, *audits) for path in job.outputs.values()]
        read = [own for job in products for own in job.task.reads.values()]
        behind = [p for own in read if own.kind == "summary" for p in self._gathered(own.name)]
        behind += [path for job in products for own in job.inputs.values() for path in own]
        drawn = {str(path) for path in files(self.record, self.layout)} & set(behind)
        return {"shown": [path for path in paths if path.endswith(SHOWN)] + sorted(drawn)}

    def _gathered(self, name: str) -> list[str]:
        return list(self.layout.gathered(name).values())

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.report()

    @staticmethod
    def run(name: str, task: ReportTask, inputs: Inputs) -> Outcome:
        from emmoe.report.build import render

        return Outcome({"page": render(task.record, inputs.layout, origins(task.record))})


def origins(record: Record):
    """Return the origins of all fits, contests and probes that are there, else of the reference, or
    None."""
    from emmoe.report.origins import origins as gathered

    layout = layout_of(record)
    whole = {name for name, entry in record.experiments.items() if entry.rows == "all"}
    jobs: list[Job] = [job for kind in (Fit, Contest, Probe) for job in kind.every(record)]
    there = [job for job in jobs if Path(job.provenance).is_file()]
    if any(isinstance(job, Fit) for job in there):
        made = [job.found() for job in there]
        stale = [own.path for job, own in zip(there, made, strict=True) if not job.would_make(own)]
        return gathered(made, frozenset(stale), whole, f"{layout.results}/**/*provenance.json")
    kept = layout.reference.kept_provenance
    if not Path(kept).is_file():
        return None
    made = [own for own in read_kept(kept) if own.kind in (Fit.kind, Contest.kind, Probe.kind)]
    return gathered(made, frozenset(), set(), kept)
