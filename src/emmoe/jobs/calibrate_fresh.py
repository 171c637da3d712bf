"""Simulating the winners of the kept calibration anew: fresh seeds, the paper's instances."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd
from msgspec import Struct

from emmoe.calibration.family import Family, families, family
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._runs import downloads
from emmoe.jobs._work import LONG, Demand, Outcome
from emmoe.jobs.base import Job
from emmoe.jobs.calibrate import FITTERS
from emmoe.record.entries import Record
from emmoe.store.files import put_csv
from emmoe.store.layout import CLAIMS

CALIBRATED = ("settings", "scores", "predictions")  # of the reference's calibration


class FreshTask(Struct, frozen=True):
    """families: all, whose curves settings are judged by; family, algorithm: of the run; seeds: on
    which its winner is simulated, and the setting that is closest to two curves which no setting
    gives both."""

    families: dict[str, Family]
    family: str
    algorithm: str
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class CalibrateFresh(Job):
    """The winner of one run's search, simulated anew."""

    family: str
    algorithm: str
    kind = "calibrate_fresh"
    archived = False
    Task = FreshTask

    @classmethod
    def every(cls, record: Record) -> Iterator["CalibrateFresh"]:
        for name in families(record) if record.calibration.fresh else ():
            yield from (cls(record, name, algorithm) for algorithm in FITTERS)

    @property
    def name(self) -> str:
        return f"{self.family}-{self.algorithm}"

    @property
    def task(self) -> FreshTask:
        found, seeds = families(self.record), self.record.calibration.fresh
        return FreshTask(found, self.family, self.algorithm, seeds)

    @property
    def modules(self) -> list[str]:
        base = family(self.record, self.family).base
        return [
            "emmoe.audit.winners",
            "emmoe.calibration.again",
            f"emmoe.models.{base.model.name}",
            f"emmoe.datasets.{base.data.name}",
            f"emmoe.starts.{base.start.name}",
            *(f"emmoe.fitters.{name}" for name in FITTERS),
        ]

    @property
    def inputs(self) -> dict[str, list[str]]:
        kept = self.layout.reference.calibration()
        calibrated = [kept[name] for name in CALIBRATED]
        return {
            "claims": [CLAIMS],
            "calibration": calibrated,
            "downloads": list(self.checksums),
        }

    @property
    def checksums(self) -> dict[str, str]:
        return downloads(self.record, family(self.record, self.family).base.data.name)

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.calibration_fresh(self.family, self.algorithm)

    @property
    def kept(self) -> str:
        """The path of its table in the reference."""
        return self.layout.reference.calibration_fresh(self.family, self.algorithm)["fresh"]

    @property
    def demand(self) -> Demand:
        return LONG

    @staticmethod
    def run(name: str, task: FreshTask, inputs: Inputs) -> Outcome:
        from emmoe.audit.winners import to_confirm
        from emmoe.calibration.again import simulated
        from emmoe.calibration.readings import curves

        claims, (settings, scores, predictions) = (
            inputs.frame("claims"),
            inputs.frames("calibration"),
        )
        own = task.families[task.family]
        names = to_confirm(claims, settings, scores, predictions, task.families, task.algorithm)
        read, rows = curves(claims, own), settings.set_index("setting", drop=False)
        tables = [
            simulated(rows.loc[setting], own, read, task.seeds, inputs.downloads)
            for setting in names
            if rows.loc[setting, "family"] == task.family
        ]
        table = pd.concat(tables, ignore_index=True)
        return Outcome({"fresh": partial(put_csv, table, float_format="%.8g")})
