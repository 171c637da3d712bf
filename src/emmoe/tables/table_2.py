"""Table 2: test accuracy and training cross entropy after the last iteration, beside the printed.

The paper's table holds Random Invert Fashion-MNIST after 100 iterations, 25 instances.

:section: paper
:title: Test accuracy and training cross entropy
:caption: Test accuracy and training cross entropy (the objective, in nats) after the last
    iteration, with standard deviations over instances, beside what the paper prints, where it does.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.evidence import reported as paper
from emmoe.record.reads import Reads, Reported
from emmoe.store.errors import DataError

METRICS = {"accuracy": "test_accuracy", "cross_entropy": "loss"}  # cross entropy: the objective
COLUMNS = [
    "algorithm", "accuracy", "accuracy_std", "cross_entropy", "cross_entropy_std",
    "reported_accuracy", "reported_cross_entropy", "replicates", "iterations",
]  # fmt: skip


def build(
    *,
    summary: Annotated[pd.DataFrame, Reads("summary", columns=[*METRICS.values()], one_cell=True)],
    curves: Mapping[str, str],
    reported: Reported | None = None,
) -> pd.DataFrame:
    """Return COLUMNS, one row a fitter in the order of curves, each at its own last iteration.

    accuracy: fraction of the test set; cross_entropy: training objective in nats; std over
    replicates; reported values: NaN where the paper's table has none. reported:
    data/reported/claims.csv as read.
    Raises DataError if the summary lacks a fitter's values.
    """
    printed = None if reported is None else paper.plotted(paper.load(reported), "table_2")
    return pd.DataFrame([_row(summary, printed, fitter) for fitter in curves], columns=COLUMNS)


def _row(summary: pd.DataFrame, printed: pd.DataFrame | None, fitter: str) -> dict:
    rows = summary[(summary["fitter"] == fitter) & summary["metric"].isin(METRICS.values())]
    last = rows[rows["iteration"] == rows["iteration"].max()].set_index("metric")
    if sorted(last.index) != sorted(METRICS.values()):
        raise DataError(
            f"summary: fitter {fitter!r} has not one accuracy and one loss at its last iteration"
        )
    row = {"algorithm": fitter}
    for name, metric in METRICS.items():
        row[name], row[f"{name}_std"] = last.loc[metric, "mean"], last.loc[metric, "std"]
        row[f"reported_{name}"] = _printed(printed, fitter, metric)
    row["replicates"] = int(last["replicates"].min())
    row["iterations"] = int(last["iteration"].iloc[0])
    return row


def _printed(printed: pd.DataFrame | None, fitter: str, metric: str) -> float:
    """Return the value that the paper's table prints, or NaN."""
    if printed is None:
        return np.nan
    rows = printed[(printed["algorithm"] == fitter) & (printed["metric"] == metric)]
    return float(rows["value"].iloc[0]) if len(rows) else np.nan
