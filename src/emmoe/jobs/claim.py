"""A single claim's row of the audit, from its own runs: `emmoe explain` prints the command."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import Struct

from emmoe.audit import plan
from emmoe.jobs._calibrated import stale
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Outcome, say
from emmoe.jobs.audit import inputs, restricted
from emmoe.jobs.base import Job
from emmoe.record.entries import Record
from emmoe.store.files import read_frame
from emmoe.store.layout import CLAIMS


class ClaimTask(Struct, frozen=True):
    """record: of the experiments that audits read; stale: as in the audit's task."""

    record: Record
    stale: dict[str, str] = {}


@dataclass(frozen=True)
class Claim(Job):
    """The judgement of one claim."""

    claim: str
    kind = "claim"
    archived = False
    Task = ClaimTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Claim"]:
        return iter(())  # none is made unless it is asked for

    @property
    def name(self) -> str:
        return self.claim

    @cached_property
    def needs(self) -> plan.Needs:
        """The runs that it reads."""
        return plan.of_claim(self.record, _row(read_frame(CLAIMS), self.claim))

    @property
    def task(self) -> ClaimTask:
        old = stale(self.record, self.layout.reference.calibration()["stamp"])
        return ClaimTask(restricted(self.record), old)

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.claim", "emmoe.audit.build", "emmoe.audit.report", "emmoe.audit.power"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        return inputs(self.record, self.needs)

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.claim(self.claim)

    @staticmethod
    def run(name: str, task: ClaimTask, inputs: Inputs) -> Outcome:
        from emmoe.audit import power, report
        from emmoe.audit.build import build
        from emmoe.jobs._sources import sources

        needs = plan.of_claim(task.record, _row(inputs.frame("claims"), name))
        tables = build(sources(task.record, needs, plan.PAPER, inputs, task.stale))
        rows = power.beside(tables.rows, power.table(tables.evidence, only=name))
        row = rows[rows["claim_id"] == name]
        say(report.line(row.iloc[0]))
        return Outcome({"row": row})


def _row(claims: Any, name: str) -> Any:
    from emmoe.evidence import reported

    return reported.find(reported.load(claims), name)
