"""Which method to run when: at most eight sentences, each with its numbers, from verdicts' rows.

A quotient is EM's cost over the other's: the median over laws of data of the median over a law's
problems, so that many problems on the same samples count once; problems on which neither arrives
have none. Quotients that a budget leaves open count as 0 or infinite at their open end; a median
that is infinite is said by the same median of the lower ends of the intervals. What a quotient does
with the signal and with the size of the data is read off the contests in which that varies, so that
little else does. A sentence says how many of its quotients have a method whose step is a fallback
(`emmoe.evidence.tuning`).

:section: rivals
:title: Which method to run when
:caption: Made of the verdicts' rows. Quotients are medians over laws of data of the medians over a
    law's problems.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import pandas as pd

from emmoe.evidence.verdicts import LOSS, PER, WIN, of_law
from emmoe.record.reads import Reads
from emmoe.tables.comparison_verdicts import ALL, BEST

PASSES = "passes"  # the currency of what no currency is said of
ROLES = ("gd", "best")
COLUMNS = ["topic", "currency", "label", "laws", "wins_gd", "losses_gd", "ratio_gd", "wins_best",
           "losses_best", "ratio_best", "quotients", "fallbacks", "sentence"]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **verdicts: Annotated[pd.DataFrame, Reads("table", of="comparison_verdicts")],
) -> pd.DataFrame:
    """Return COLUMNS: a row a currency, of the variant of EM with the smallest median quotient to
    the best gradient method in it, among those that run on most laws of data, then, by data pass,
    rows on precision, signal, size and data.

    wins and losses: laws of data on which that variant wins and loses; quotients: that the sentence
    rests on, fallbacks: those with a step chosen by fallback; verdicts: tables of
    `emmoe.tables.comparison_verdicts`, whose rows add up."""
    rows = pd.concat(verdicts.values(), ignore_index=True)
    rows = rows[rows["contest"] != ALL]
    table = [_of_currency(part, c) for c in PER if len(part := rows[rows["currency"] == c])]
    of_passes = [row for row in table if row["currency"] == PASSES]
    if of_passes:
        own = rows[(rows["currency"] == PASSES) & (rows["label"] == of_passes[0]["label"])]
        table += _parts(own, of_passes[0]["label"])
    return pd.DataFrame(table, columns=COLUMNS)


def _middle(rows: pd.DataFrame, column: str) -> float:
    return float(rows.groupby("data")[column].median().median())


def _size(rows: pd.DataFrame, role: str) -> str:
    """The quotient to gd or best in words: a number, a lower end, or undecided."""
    ratio, low = _middle(rows, f"ratio_{role}"), _middle(rows, f"{role}_low")
    if pd.isna(ratio) or (math.isinf(ratio) and not low > 0):
        return "undecided"
    return f"at least {low:.2g}" if math.isinf(ratio) else f"{ratio:.2g}"


def _of_currency(rows: pd.DataFrame, currency: str) -> dict:
    laws = rows.groupby("label")["data"].nunique()
    everywhere = rows[rows["label"].map(laws) == laws.max()]
    middles = {label: _middle(part, "ratio_best") for label, part in everywhere.groupby("label")}
    label = min(middles, key=lambda name: (pd.isna(middles[name]), middles[name], name))
    own = rows[rows["label"] == label]
    row = {"topic": "currency", "currency": currency, "label": label, "laws": own["data"].nunique()}
    for role in ROLES:
        found = own.groupby("data")[f"outcome_{role}"].agg(of_law)
        row |= {f"wins_{role}": int((found == WIN).sum())}
        row |= {f"losses_{role}": int((found == LOSS).sum())}
        row |= {f"ratio_{role}": _middle(own, f"ratio_{role}")}
    rivals = everywhere["label"].nunique() - 1
    return row | _said(_sentence(row, own, rivals, _better(rows, own)), own, ROLES)


def _said(text: str, rows: pd.DataFrame, roles: Sequence[str]) -> dict:
    """The end of a row: the sentence that rests on quotients of some rows, and how many."""
    there = {role: rows[rows[f"ratio_{role}"].notna()] for role in roles}
    marks = [own["em_fallback"] | own[f"{role}_fallback"] for role, own in there.items()]
    count, of = int(pd.concat(marks).astype(bool).sum()), sum(map(len, there.values()))
    marked = f" ({count} of {of} quotients with a step by fallback)" if count else ""
    return {"quotients": of, "fallbacks": count, "sentence": f"{text}{marked}."}


def _better(rows: pd.DataFrame, own: pd.DataFrame) -> list[str]:
    """The variants of EM that run on fewer laws of data and cost less there, with how many."""
    found = []
    for label, part in rows.groupby("label"):
        there = own[own["data"].isin(part["data"])]
        fewer = part["data"].nunique() < own["data"].nunique()
        if fewer and _middle(part, "ratio_best") < _middle(there, "ratio_best"):
            found.append(f"{label} costs less on the {part['data'].nunique()} on which it runs")
    return found


def _sentence(row: Mapping, own: pd.DataFrame, rivals: int, better: list[str]) -> str:
    best, times = _most_often(own["best_label"])
    often = f"{BEST}, most often {best} ({times} of {len(own)} times),"
    said = [
        f"against {name} it wins on {row[f'wins_{role}']} and loses on {row[f'losses_{role}']} of "
        f"{row['laws']} laws of data, at {_times(_size(own, role))} in the median"
        for role, name in (("gd", "gradient descent with one tuned step"), ("best", often))
    ]
    currency = PER[row["currency"]]
    rank = "does best of EM's variants that run on all data" if rivals else "alone runs on all data"
    return f"Per {currency}, {row['label']} {rank}: {'; '.join([*said, *better])}"


def _times(size: str) -> str:
    return "an undecided cost" if size == "undecided" else f"{size} times its cost"


def _parts(rows: pd.DataFrame, label: str) -> Iterator[dict]:
    """Rows on what the quotient to the best gradient method depends on."""
    sizes = ["observations", "parameters"]
    for topic, varied, keys, wording in (
        ("precision", [], ["target"], "to the target {0}"),
        ("signal", ["norm_beta"], ["model", "norm_beta"], "for {0} at |beta*| = {1:g}"),
        ("size", sizes, ["model", *sizes], "for {0} with n = {1:g} and {2:g} parameters"),
        ("data", [], ["dataset", "model"], "on {0} ({1})"),
    ):
        own = rows[_differ(rows, varied)] if varied else rows
        found = {
            wording.format(*(str(k).replace("_", " ") if isinstance(k, str) else k for k in key)):
            f"{_size(part, 'best')} {{}} [{_most_often(part['best_label'])[0]}]"
            for key, part in own.groupby(keys, sort=False)
        }  # fmt: skip
        if len(found) > 1:
            said = ", ".join(size.format(where) for where, size in found.items())
            text = f"Per data pass, {label} costs, as a multiple of {BEST} [most often]: {said}"
            row = {"topic": topic, "currency": PASSES, "label": label}
            yield row | _said(text, own, ["best"])


def _differ(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Whether the contest of a row has problems that differ in one of some columns."""
    counts = rows.groupby("contest")[list(columns)].transform("nunique")
    return (counts > 1).any(axis=1)


def _most_often(names: pd.Series) -> tuple[str, int]:
    counts = names.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return counts.index[0], int(counts.iloc[0])
