"""Simulates single settings anew, on fresh seeds and with the paper's number of instances.

The best of many settings is near the readings by luck, too: only what was not searched over tells.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from emmoe.calibration import fashion_mnist, symmetric_linear, wider
from emmoe.calibration.family import Family
from emmoe.calibration.readings import Curve
from emmoe.calibration.simulate import Setting, simulate
from emmoe.evidence.statistics import curve_test
from emmoe.lab.fit import Files
from emmoe.models.objective import Array
from emmoe.store.seeds import generator

SEARCHED = {
    "symmetric_linear": symmetric_linear.searched,
    "symmetric_linear_wider": symmetric_linear.searched,
    "fashion_mnist": fashion_mnist.searched,
    "fashion_mnist_wider": wider.searched,
}
FRESH = [
    "setting", "seed", "curve_id", "part", "readings", "iteration", "mean", "std", "replicates",
    "critical",
]  # fmt: skip


def simulated(
    row: Mapping[str, Any],
    family: Family,
    curves: Sequence[Curve],
    seeds: Sequence[int],
    files: Files,
) -> pd.DataFrame:
    """Return what a setting, a row of settings.csv, gives on each seed: FRESH, a row a reading.

    critical: of the largest |z| over the part's readings, simulated."""
    setting = SEARCHED[family.name](row, family.base)
    own = [curve for curve in curves if curve.algorithm in setting.names]
    last = family.search.stages[-1].iterations
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        values = _values(setting, seed, family.search.instances, last, files)
        for curve in own:
            reached = curve.within(values[curve.metric])
            for part in reached.readings["part"].unique():
                rows += _part(setting, seed, reached, part, values[curve.metric], family)
    return pd.DataFrame(rows, columns=FRESH)


def _values(
    setting: Setting, seed: int, replicates: int, iterations: int, files: Files
) -> dict[str, Array]:
    size = seed, replicates, iterations
    if not isinstance(setting, wider.Drawn):
        return simulate(setting, *size, files)
    read = wider.images(setting.experiment, seed, files)
    return setting.reported(wider.simulate(setting, *size, read, kept=range(iterations + 1)))


def _part(
    setting: Setting, seed: int, curve: Curve, part: str, values: Array, family: Family
) -> list[dict[str, Any]]:
    """The rows of a part of a curve."""
    name, readings = setting.names[curve.algorithm], curve.part(part)
    at = values[:, readings["iteration"]]
    facts = {"setting": name, "seed": seed, "curve_id": curve.name, "part": part}
    facts |= {"readings": len(readings), "replicates": len(at), "critical": np.nan}
    if np.isfinite(at).all():
        columns = (readings[column].to_numpy() for column in ("reported", "spread", "uncertainty"))
        rng = generator(seed, f"{name}/{curve.name}/{part}", 0, "calibration test")
        test = curve_test(at, *columns, curve.instances, rng=rng, level=family.level)
        facts["critical"] = test.critical
    moments = zip(readings["iteration"], at.mean(axis=0), at.std(axis=0, ddof=1), strict=True)
    return [facts | {"iteration": t, "mean": mean, "std": std} for t, mean, std in moments]
