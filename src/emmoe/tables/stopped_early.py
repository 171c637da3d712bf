"""Test accuracy of every rival, stopped early on the validation sample, within one budget.

Steps are tuned by the validation cross entropy of the tuning replicates; a run is stopped where its
validation cross entropy was lowest, and there alone the test set is asked.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.evidence.compare import Ratio
from emmoe.evidence.estimates import interval, resamples
from emmoe.evidence.reach import PROBLEM, joined, stopped
from emmoe.evidence.tuning import ACCURACY, choose, chosen
from emmoe.evidence.verdicts import LOSS, TIE, WIN, WORDS
from emmoe.record.reads import Reads, Rival
from emmoe.tables._shared.write import powers

NEEDS = ["validation_cross_entropy", "test_accuracy", "test_cross_entropy"]
COLUMNS = [
    "contest", "cell", "rival", "doublings", "at_edge", "runs", "test_accuracy", "accuracy_low",
    "accuracy_high", "test_cross_entropy", "iterations", "passes", "em_difference",
    "difference_low", "difference_high", "verdict",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    em: Annotated[str, Rival(shown=True)] = "em",
    **contests: Annotated[pd.DataFrame, Reads(("costs", "seconds"), columns=NEEDS)],
) -> pd.DataFrame:
    """Return COLUMNS, one row a problem and rival of curves, with means over replicates.

    iterations, passes: where the runs were stopped; em_difference: EM's accuracy less the rival's;
    intervals: 95 % bootstrap, differences paired by replicate; verdict: of EM."""
    rows = joined(contests)
    choice = choose(rows, {})
    ends = stopped(chosen(rows, choice[choice["target"] == ACCURACY]))
    table = []
    for problem, part in ends.groupby(PROBLEM, sort=False):
        accuracy = part.pivot(index="rival", columns="replicate", values="test_accuracy")
        for rival in (name for name in curves if name in accuracy.index):
            own = part[part["rival"] == rival]
            row = dict(zip(PROBLEM, problem, strict=True)) | {"rival": rival, "runs": len(own)}
            row |= {"doublings": powers(own["variant"].iloc[0])}
            row |= {"at_edge": bool(own["at_edge"].iloc[0])}
            row |= {n: own[n].mean() for n in ("test_cross_entropy", "passes")}
            row |= {"iterations": own["iteration"].mean()}
            table.append(row | _accuracies(accuracy, rival, em, curves))
    return pd.DataFrame(table, columns=COLUMNS)


def _accuracies(accuracy: pd.DataFrame, rival: str, em: str, curves: Mapping[str, str]) -> dict:
    own = _mean(accuracy.loc[rival].to_numpy())
    found = {"test_accuracy": own.value, "accuracy_low": own.low, "accuracy_high": own.high}
    if rival == em or em not in accuracy.index:
        return found | {"verdict": ""}
    gap = _mean((accuracy.loc[em] - accuracy.loc[rival]).to_numpy())
    found |= {"em_difference": gap.value, "difference_low": gap.low, "difference_high": gap.high}
    outcome = WIN if gap.low > 0 else LOSS if gap.high < 0 else TIE
    numbers = f"{100 * gap.value:+.1f} [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}] points"
    text = f"In test accuracy, {curves[em]} against {curves[rival]}: {numbers}: {WORDS[outcome]}."
    return found | {"verdict": text}


def _mean(values: np.ndarray) -> Ratio:
    return Ratio(float(values.mean()), *interval(values[resamples(len(values))].mean(axis=1)))
