"""The audit: every claim of the paper beside our number, with a verdict."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import replace as with_rows
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from emmoe.audit import plan
from emmoe.audit.plan import Needs
from emmoe.jobs._calibrated import stale
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Outcome, say
from emmoe.jobs.base import Job, layout_of
from emmoe.jobs.calibrate_fresh import CalibrateFresh
from emmoe.jobs.fit import Fit
from emmoe.record.entries import Record
from emmoe.store.layout import CLAIMS

CALIBRATED = ("settings", "scores", "predictions")  # of the reference's calibration


class AuditTask(Struct, frozen=True):
    """record: of the experiments that are read alone; stale: by family, why its kept simulations
    are, and under "claims" if these were edited since."""

    record: Record
    scope: str
    stale: dict[str, str] = {}


@dataclass(frozen=True)
class Audit(Job):
    """The audit of what a target makes."""

    scope: str
    kind = "audit"
    Task = AuditTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Audit"]:
        return (cls(record, scope) for scope in plan.SCOPES)

    @property
    def name(self) -> str:
        return self.scope

    @property
    def needs(self) -> Needs:
        """The runs that it reads."""
        return plan.of_scope(self.record, self.scope)

    @property
    def task(self) -> AuditTask:
        old = stale(self.record, self.layout.reference.calibration()["stamp"])
        return AuditTask(restricted(self.record), self.scope, old)

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.audit", "emmoe.audit.build", "emmoe.audit.report", "emmoe.audit.power"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        return inputs(self.record, self.needs)

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.audit(self.scope)

    @staticmethod
    def run(name: str, task: AuditTask, inputs: Inputs) -> Outcome:
        from emmoe.audit import power, report
        from emmoe.audit.build import build
        from emmoe.jobs._sources import sources

        found = sources(task.record, plan.of_scope(task.record, name), name, inputs, task.stale)
        built = build(found)
        measured = power.table(built.evidence)
        tables = with_rows(built, rows=power.beside(built.rows, measured))
        for line in task.stale.values():
            say(line)
        page = report.text(tables, measured, found.claims, list(task.stale.values()))
        contents = {"rows": tables.rows, "curves": tables.curves}
        return Outcome(contents | {"runs": tables.runs, "power": measured, "page": page})


def inputs(record: Record, needs: Needs) -> dict[str, list[str]]:
    """Return the files that an audit reads: the claims, the calibration where there is one, with
    what was simulated anew, traces, runs of the theory, and tables of verdicts."""
    layout = layout_of(record)
    kept = layout.reference.calibration()
    fresh = [job.kept for job in CalibrateFresh.every(record)]
    return {
        "claims": [CLAIMS],
        "calibration": [kept[name] for name in CALIBRATED if Path(kept[name]).is_file()],
        "fresh": [path for path in fresh if Path(path).is_file()],
        "traces": [fit.outputs["trace"] for fit in fits(record, needs.fits)],
        "theory": [layout.gathered(name)["runs"] for name in needs.theory],
        "contests": [layout.product("tables", name)["csv"] for name in needs.contests],
        "theorems": [layout.theorems(scope)["theorems"] for scope in needs.theorems],
    }


def fits(record: Record, pairs: Iterable[tuple[str, str]]) -> list[Fit]:
    """Return the fits of (experiment, fitter) pairs, block by block."""
    return [fit for pair in pairs for fit in Fit.of(record, *pair)]


def restricted(record: Record) -> Record:
    """Return a record of what an audit depends on: its own settings and the runs that it reads."""
    read = {getattr(entry, role) for entry in record.audit.runs.values() for role in plan.ROLES}
    read |= {
        *(name for names in record.audit.theory.values() for name in names),
        *(own.experiment for own in record.calibration.families.values()),
    }
    experiments = {name: own for name, own in record.experiments.items() if name in read}
    others = ("contests", "probes", "figures", "tables", "findings", "inferred")
    return replace(record, experiments=experiments, **{name: {} for name in others})
