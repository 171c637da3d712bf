"""Accuracy of one multinomial logistic regression and of an oracle pair, beside EM's.

:title: One logistic regression, an oracle pair, and the mixtures
:caption: Test accuracy of a single multinomial logistic regression and of a pair that is told which
    images are inverted, beside the mixtures after their last iteration.
"""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads

COLUMNS = ["method", "train_images", "accuracy"]


def build(
    *,
    baselines: Annotated[pd.DataFrame, Reads("probe", of="baselines")],
    summary: Annotated[pd.DataFrame, Reads("summary", columns=["test_accuracy"], one_cell=True)],
    curves: Mapping[str, str],
) -> pd.DataFrame:
    """Return COLUMNS: the rows of `emmoe.measures.probes.baselines`, then the fitters of curves on
    Random Invert, each after its last iteration (mean over replicates, trained on all images)."""
    rows = baselines.rename(columns={"baseline": "method"})[COLUMNS].to_dict("records")
    rows = [row | {"method": f"logistic regression, {row['method']}"} for row in rows]
    accuracy = summary[summary["metric"] == "test_accuracy"].sort_values("iteration")
    last = accuracy.groupby("fitter")["mean"].last()
    rows += [{"method": label, "accuracy": last[fitter]} for fitter, label in curves.items()]
    return pd.DataFrame(rows, columns=COLUMNS)
