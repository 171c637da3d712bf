"""A part of the calibration: settings simulated and scored."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from emmoe.calibration.family import Family, families, family
from emmoe.calibration.search import PartTask, counts, part_task, search
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._runs import downloads
from emmoe.jobs._work import LONG, Demand, Outcome
from emmoe.jobs.base import Job
from emmoe.record.entries import Record
from emmoe.store.layout import CLAIMS

PREDICTIONS = {
    "setting": "str", "curve_id": "str", "figure": "str", "panel": "str", "algorithm": "str",
    "metric": "str", "iteration": "int16", "mean": "float32", "std": "float32",
    "replicates": "int16",
}  # fmt: skip
FITTERS = ("em", "gradient_em", "gradient_descent")


@dataclass(frozen=True)
class Calibrate(Job):
    """One part of a stage of a family."""

    family: str
    stage: str
    part: int
    kind = "calibrate"
    archived = False
    Task = PartTask

    @classmethod
    def every(cls, record: Record) -> Iterator["Calibrate"]:
        for name, own in families(record).items():
            for stage, count in counts(own).items():
                yield from (cls(record, name, stage, part) for part in range(count))

    @property
    def name(self) -> str:
        return f"{self.family}/{self.stage}-{self.part}"

    @property
    def settings(self) -> Family:
        """The family, with its experiment."""
        return family(self.record, self.family)

    @property
    def task(self) -> PartTask:
        return part_task(self.settings, self.stage, self.part)

    @property
    def modules(self) -> list[str]:
        base = self.settings.base
        return [
            "emmoe.calibration.search",
            f"emmoe.models.{base.model.name}",
            f"emmoe.datasets.{base.data.name}",
            f"emmoe.starts.{base.start.name}",
            *(f"emmoe.fitters.{name}" for name in FITTERS),
        ]

    @property
    def inputs(self) -> dict[str, list[str]]:
        steps = self.stage == "steps"
        kept = list(self.layout.calibration_kept(self.family).values()) if steps else []
        return {"claims": [CLAIMS], "downloads": list(self.checksums), "kept": kept}

    @property
    def checksums(self) -> dict[str, str]:
        return downloads(self.record, self.settings.base.data.name)

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.calibration_part(self.family, self.stage, self.part)

    @property
    def demand(self) -> Demand:
        return LONG

    @staticmethod
    def run(name: str, task: PartTask, inputs: Inputs) -> Outcome:
        kept = [tuple(found) for content in inputs.contents("kept") for found in content["kept"]]
        outcomes = search(task, inputs.frame("claims"), kept, inputs.downloads)
        scores = {
            "settings": [row for outcome in outcomes for row in outcome.rows(task.family.name)],
            "scores": [score for outcome in outcomes for score in outcome.scores],
        }
        rows = [row for outcome in outcomes for row in outcome.predictions]
        predicted = pd.DataFrame(rows, columns=list(PREDICTIONS))
        return Outcome({"scores": scores, "predictions": partial(write_predictions, predicted)})


def write_predictions(frame: pd.DataFrame, path: Path) -> None:
    """Write predictions to parquet, compactly."""
    frame, numbers = frame.astype(PREDICTIONS), ("mean", "std")
    split = dict.fromkeys(numbers, "BYTE_STREAM_SPLIT")  # by the bytes of a float: a third smaller
    rest = [column for column in frame if column not in numbers]
    options: dict[str, Any] = {"compression": "zstd", "use_dictionary": rest}
    frame.to_parquet(path, index=False, column_encoding=split, **options)
