"""Gathering the calibration: all parts in tables and on a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import msgspec
import pandas as pd
from msgspec import Struct

from emmoe.calibration import bands as tables
from emmoe.calibration import report, spreads
from emmoe.calibration.family import Family, families
from emmoe.calibration.readings import curves
from emmoe.jobs._calibrated import stamp
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import Outcome
from emmoe.jobs.base import Job
from emmoe.jobs.calibrate import Calibrate, write_predictions
from emmoe.record.entries import Record
from emmoe.store.files import put_csv
from emmoe.store.layout import CLAIMS


class GatherTask(Struct, frozen=True):
    """families: all that were searched."""

    families: dict[str, Family]


@dataclass(frozen=True)
class CalibrateGather(Job):
    """The calibration's tables."""

    kind = "calibrate_gather"
    Task = GatherTask

    @classmethod
    def every(cls, record: Record) -> Iterator["CalibrateGather"]:
        return iter([cls(record)] if families(record) else [])

    @property
    def name(self) -> str:
        return "all"

    @property
    def task(self) -> GatherTask:
        return GatherTask(families(self.record))

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.calibrate_gather"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        parts = [part.outputs for part in Calibrate.every(self.record)]
        own = {kind: [paths[kind] for paths in parts] for kind in ("scores", "predictions")}
        return own | {"claims": [CLAIMS]}

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.calibration()

    @staticmethod
    def run(name: str, task: GatherTask, inputs: Inputs) -> Outcome:
        parts, claims = inputs.contents("scores"), inputs.frame("claims")
        settings = tables.settings_table([row for part in parts for row in part["settings"]])
        scores = pd.DataFrame([row for part in parts for row in part["scores"]])
        predicted = pd.concat(inputs.frames("predictions"), ignore_index=True)
        # two families may be judged by one figure
        named = {c.name: c for own in task.families.values() for c in curves(claims, own)}
        read = list(named.values())
        scores = spreads.checked(scores, predicted, read)
        settings["accepted"] = spreads.accepted(settings, scores)
        bands = tables.bands(settings, scores, predicted, read)
        contents = {
            "settings": settings,
            "scores": partial(put_csv, scores, float_format="%.5g"),
            "predictions": partial(write_predictions, predicted),
            "bands": partial(put_csv, bands, float_format="%.6g"),
            "stamp": msgspec.to_builtins(stamp(task.families)),
            "calibrate": report.text(task.families, settings, scores, predicted, bands),
        }
        return Outcome(contents)
