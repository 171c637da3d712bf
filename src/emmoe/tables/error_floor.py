"""The slopes of the sample optimum's error against n and d, beside the -1/2 and 1/2 of theory.

Theory's slopes are limits: with few observations a feature the error is above its limit, and falls
faster. So each slope is fitted to all points and to those of the larger half of the axis alone.

:section: theory
:title: Slopes of the error floor
:caption: Slopes of the sample optimum's error against n and d on log axes, of all points and of the
    larger half alone, and their distance from theory's in standard errors.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads
from emmoe.tables._shared.floor import power, samples
from emmoe.tables._shared.runs import RUN

THEORY = {"n": -0.5, "d": 0.5}
COLUMNS = ["against", "other", "at", "points", "from", "slope", "error", "theory", "z"]


def build(
    *,
    runs: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, "recovery_error"])],
    curves: Mapping[str, str],
) -> pd.DataFrame:
    """Return COLUMNS: a row for each axis, value `at` of the other axis, and set of points.

    slope: of log median |theta_hat - theta*| against the log of the axis, over `points` values from
    `from` on, with its standard error; z: its distance from theory's in standard errors."""
    table = samples(runs, curves)
    return pd.DataFrame([*_rows(table, "n", "d"), *_rows(table, "d", "n")], columns=COLUMNS)


def _rows(table: pd.DataFrame, against: str, other: str) -> Iterator[dict]:
    for at, part in table.groupby(other):
        values = sorted(part[against].unique())
        for start in dict.fromkeys([values[0], values[len(values) // 2]]):
            kept = part[part[against] >= start]
            points = kept[against].nunique()
            if points < 2:
                continue
            found, theory = power(kept["recovery_error"], kept[against]), THEORY[against]
            yield {
                "against": against, "other": other, "at": at, "points": points, "from": start,
                **found._asdict(), "theory": theory, "z": (found.slope - theory) / found.error,
            }  # fmt: skip
