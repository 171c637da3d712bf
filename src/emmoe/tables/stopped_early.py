"""Test accuracy of every rival, stopped early on the validation sample, within one budget.

Steps are tuned by the validation cross entropy of the tuning replicates; a run is stopped where its
validation cross entropy was lowest, and there alone the test set is asked.

:section: rivals
:title: Test accuracy, stopped early: {name}
:caption: Within one budget. Steps are tuned, and runs stopped, by the validation cross entropy;
    there alone the test set is asked.
"""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.evidence.paired import Shift, holm, shift
from emmoe.evidence.reach import PROBLEM, joined, stopped
from emmoe.evidence.tuning import ACCURACY, choose, chosen
from emmoe.evidence.verdicts import ALPHA, LOSS, OPEN, TIE, WIN, WORDS
from emmoe.record.reads import Reads, Rival
from emmoe.tables._shared.write import powers

NEEDS = ["validation_cross_entropy", "test_accuracy", "test_cross_entropy"]
TIE_WITHIN = 0.01  # a point of accuracy
COLUMNS = [
    "contest", "cell", "rival", "doublings", "at_edge", "runs", "test_accuracy", "accuracy_low",
    "accuracy_high", "test_cross_entropy", "iterations", "passes", "em_difference",
    "difference_low", "difference_high", "p", "verdict",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    em: Annotated[str, Rival(shown=True)] = "em",
    **contests: Annotated[pd.DataFrame, Reads(("costs", "seconds"), columns=NEEDS)],
) -> pd.DataFrame:
    """Return COLUMNS, one row a problem and rival of curves, with means over replicates.

    iterations, passes: where the runs were stopped. test_accuracy and em_difference, EM's accuracy
    less the rival's, are pseudo-medians over replicates with 95 % intervals; p: of no difference,
    adjusted for the table's others (Holm, 1979); verdict: of EM, a tie only within a point."""
    rows = joined(contests)
    choice = choose(rows, {})
    ends = stopped(chosen(rows, choice[choice["target"] == ACCURACY]))
    table, gaps = [], {}
    for problem, part in ends.groupby(PROBLEM, sort=False):
        accuracy = part.pivot(index="rival", columns="replicate", values="test_accuracy")
        for rival in (name for name in curves if name in accuracy.index):
            if rival != em and em in accuracy.index:
                gaps[len(table)] = _of(accuracy.loc[em] - accuracy.loc[rival])
            row = dict(zip(PROBLEM, problem, strict=True)) | {"rival": rival}
            table.append(row | _ends(part[part["rival"] == rival], accuracy.loc[rival]))
    for number, p in zip(gaps, holm([gap.p for gap in gaps.values()]), strict=True):
        names = curves[em], curves[table[number]["rival"]]
        table[number] |= _judged(gaps[number], float(p), names)
    return pd.DataFrame(table, columns=COLUMNS)


def _of(values: pd.Series) -> Shift:
    return shift(values.to_numpy(), values.to_numpy())


def _ends(own: pd.DataFrame, accuracy: pd.Series) -> dict:
    found = _of(accuracy)
    return {
        "doublings": powers(own["variant"].iloc[0]),
        "at_edge": bool(own["at_edge"].iloc[0]),
        "runs": len(own),
        "test_accuracy": found.least,
        "accuracy_low": found.low,
        "accuracy_high": found.high,
        "iterations": own["iteration"].mean(),
        **{name: own[name].mean() for name in ("test_cross_entropy", "passes")},
        "verdict": "",
    }


def _judged(gap: Shift, p: float, names: tuple[str, str]) -> dict:
    outcome = OPEN if p > ALPHA else WIN if gap.least > 0 else LOSS
    if gap.low >= -TIE_WITHIN and gap.high <= TIE_WITHIN:
        outcome = TIE
    numbers = f"{100 * gap.least:+.1f} [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}] points"
    text = f"In test accuracy, {names[0]} against {names[1]}: {numbers}: {WORDS[outcome]}."
    found = {"em_difference": gap.least, "difference_low": gap.low, "difference_high": gap.high}
    return found | {"p": p, "verdict": text}
