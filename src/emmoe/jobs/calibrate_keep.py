"""Keeping some of the accepted data settings, at which the steps are searched."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from emmoe.calibration.family import families, family
from emmoe.calibration.search import Numbered, points
from emmoe.calibration.space import spread
from emmoe.calibration.symmetric_linear import coordinates
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Outcome
from emmoe.jobs.base import Job
from emmoe.jobs.calibrate import Calibrate
from emmoe.record.entries import Record
from emmoe.record.searches import DataSearch

STAGE = "data"


class KeepTask(Struct, frozen=True):
    """points: every data setting's number and point; search: which of the accepted to keep."""

    points: tuple[Numbered, ...]
    search: DataSearch


@dataclass(frozen=True)
class CalibrateKeep(Job):
    """The choice of the data settings kept of a family."""

    family: str
    kind = "calibrate_keep"
    archived = False
    Task = KeepTask

    @classmethod
    def every(cls, record: Record) -> Iterator["CalibrateKeep"]:
        return (cls(record, name) for name, own in families(record).items() if own.search.data)

    @property
    def name(self) -> str:
        return self.family

    @property
    def task(self) -> KeepTask:
        own = family(self.record, self.family)
        return KeepTask(tuple(points(own)), own.search.data)

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.calibrate_keep"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        own = (self.family, STAGE)
        parts = [p for p in Calibrate.every(self.record) if (p.family, p.stage) == own]
        return {"parts": [part.outputs["scores"] for part in parts]}

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.calibration_kept(self.family)

    @staticmethod
    def run(name: str, task: KeepTask, inputs: Inputs) -> Outcome:
        rows = [row for part in inputs.contents("parts") for row in part["settings"]]
        accepted = [p for p, row in zip(task.points, rows, strict=True) if row["accepted"]]
        places = [coordinates(point, task.search) for _, point in accepted]
        chosen = spread(places, task.search.kept) if accepted else []
        return Outcome({"kept": {"kept": [accepted[position] for position in chosen]}})
