"""Keeping some of the accepted data settings, at which the steps are searched."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from emmoe.calibration.family import families, family
from emmoe.calibration.search import Numbered, points
from emmoe.calibration.space import spread
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Outcome
from emmoe.jobs.base import Job
from emmoe.jobs.calibrate import Calibrate
from emmoe.record.entries import Record

FAMILY, STAGE = "symmetric_linear", "data"


class KeepTask(Struct, frozen=True):
    """points: every data setting's number and point; kept: how many of the accepted to keep."""

    points: tuple[Numbered, ...]
    kept: int


@dataclass(frozen=True)
class CalibrateKeep(Job):
    """The choice of the data settings kept."""

    kind = "calibrate_keep"
    archived = False
    Task = KeepTask

    @classmethod
    def every(cls, record: Record) -> Iterator["CalibrateKeep"]:
        return (cls(record) for name in families(record) if name == FAMILY)

    @property
    def name(self) -> str:
        return FAMILY

    @property
    def task(self) -> KeepTask:
        own = family(self.record, FAMILY)
        return KeepTask(tuple(points(own)), own.search.data.kept)

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.calibrate_keep"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        parts = [p for p in Calibrate.every(self.record) if (p.family, p.stage) == (FAMILY, STAGE)]
        return {"parts": [part.outputs["scores"] for part in parts]}

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.calibration_kept()

    @staticmethod
    def run(name: str, task: KeepTask, inputs: Inputs) -> Outcome:
        rows = [row for part in inputs.contents("parts") for row in part["settings"]]
        accepted = [p for p, row in zip(task.points, rows, strict=True) if row["accepted"]]
        chosen = spread([point for _, point in accepted], task.kept) if accepted else []
        return Outcome({"kept": {"kept": [accepted[position] for position in chosen]}})
