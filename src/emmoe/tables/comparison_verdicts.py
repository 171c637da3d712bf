"""Whether EM outperforms gradient descent, a sentence for every problem, target and currency.

Each variant of EM is set against gradient descent with one tuned step, which is what the paper
compares with, and against the best of the tuned rivals outside of EM's family: the one that was
cheapest, in that currency, on the tuning replicates, so that picking it favours nobody. p-values
are adjusted for all that is said in their currency (Holm, 1979). Rows with the problem "all" count
the verdicts, by laws of data: problems on the same samples are not independent.

:section: rivals
:title: Does EM outperform gradient descent? {name}
:caption: A sentence for every problem, target and currency: against gradient descent with one tuned
    step, with which the paper compares, and against the best tuned rival outside of EM's family,
    chosen on the tuning replicates. Exact signed-rank tests, adjusted for all that is said in a
    currency.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated

import pandas as pd

from emmoe.evidence import verdicts
from emmoe.evidence.compare import Field, Ratio, best_rival, fields, ratio
from emmoe.evidence.reach import joined
from emmoe.record.entries import Product, Record
from emmoe.record.reads import Contest, Currencies, Rival, Targets

ALL, BEST = "all", "the best tuned gradient method"
FACTS = ["data", "dataset", "model", "observations", "parameters", "norm_beta"]
COLUMNS = [
    "contest", "cell", *FACTS, "target", "currency", "em", "label", "em_fallback", "pairs",
    "ratio_gd", "gd_low", "gd_high", "gd_p", "outcome_gd", "gd_fallback", "best", "best_label",
    "ratio_best", "best_low", "best_high", "best_p", "outcome_best", "best_fallback", "verdict",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    targets: Targets,
    currencies: Currencies,
    family: tuple[Annotated[str, Rival()], ...],
    em: tuple[Annotated[str, Rival(shown=True)], ...] = ("em",),
    epochs: tuple[Annotated[str, Rival()], ...] = (),
    descent: Annotated[str, Rival(each=True, shown=True)] = "gradient_descent",
    **contests: Contest,
) -> pd.DataFrame:
    """Return COLUMNS: for every currency the tallies, then the problems.

    curves: rival -> name in the sentences; em: the variants of EM that are judged; family: EM's
    relatives, which are no gradient methods; epochs: rivals whose iteration is an epoch of many
    steps, never the best one per iteration; data: the law of the samples; label: EM's variant;
    pairs: of runs, compared with GD; ratio: the pseudo-median of EM's cost over the other's, paired
    by sample, with its interval and its adjusted p-value; outcome: of EM; fallback: no step of that
    method reached the target in tuning, so that the nearest to it was chosen."""
    every = list(fields(joined(contests), targets, list(currencies)))
    parts = []
    for currency in currencies:
        own = [field for field in every if field.key["currency"] == currency]
        pairs = _pairs(
            own, em, [*em, *family, *(epochs if currency == "iteration" else ())], descent
        )
        p = verdicts.adjusted({key: found for key, (_, found) in pairs.items()})
        rows = [
            _row(field, number, name, descent, curves, pairs, p)
            for number, field in enumerate(own)
            for name in em
            if name in field.cost.index
        ]
        found = dict.fromkeys(row["em"] for row in rows)
        parts += [_tally(rows, currency, name, descent, curves) for name in found]
        parts += rows
    return pd.DataFrame(parts, columns=COLUMNS)


def check(record: Record, entry: Product) -> None:
    """Raise ValueError unless gradient descent, and whatever may be the best, is no relative of
    EM's and has a label."""
    relatives = {*entry.options["family"], *entry.options.get("em", ["em"])}
    descent = entry.options.get("descent", "gradient_descent")
    if descent in (*relatives, *entry.options.get("epochs", ())):
        raise ValueError(f"options.descent: {descent} is in em, family or epochs: take it out")
    for read in entry.reads.values():
        for rival in record.contests[read.name].rivals:
            if rival not in relatives and rival not in entry.curves:
                raise ValueError(f"curves: {rival} of {read.name} has no label: add it")


def _pairs(
    fields: Sequence[Field], em: Sequence[str], family: Sequence[str], descent: str
) -> dict[Hashable, tuple[str, Ratio]]:
    """A currency's quotients and the rivals' names, by (field, variant of EM, "gd" or "best")."""
    found = {}
    for number, field in enumerate(fields):
        best = best_rival(field, family)
        for name in (name for name in em if name in field.cost.index):
            for role, rival in {"gd": descent, "best": best}.items():
                found[number, name, role] = rival, ratio(field, name, rival)
    return found


def _row(
    field: Field, number: int, em: str, descent: str, curves: Mapping, pairs: Mapping, p: Mapping
) -> dict:
    facts = {name: field.facts[name] for name in FACTS}
    row, clauses = {**field.key, **facts, "em": em, "label": curves[em]}, []
    row["em_fallback"] = _fallback(field, em)
    for role in ("gd", "best"):
        key = number, em, role
        rival, found = pairs[key]
        row |= {f"ratio_{role}": found.value, f"{role}_p": p[key]}
        row |= {f"{role}_low": found.low, f"{role}_high": found.high}
        row |= {f"outcome_{role}": verdicts.outcome(found, p[key])}
        row |= {f"{role}_fallback": _fallback(field, rival)}
        if role == "gd":
            row["pairs"] = found.pairs
        if role == "gd" or rival != descent:
            clauses.append(verdicts.against(curves[em], curves[rival], found, p[key]))
    row |= {"best": rival, "best_label": curves[rival]}
    return row | {"verdict": verdicts.sentence(field.key["currency"], clauses)}


def _fallback(field: Field, rival: str) -> bool:
    return bool(field.choice.loc[rival, "fallback"])


def _tally(rows: list[dict], currency: str, em: str, descent: str, curves: Mapping) -> dict:
    texts = []
    for role, name in (("gd", curves[descent]), ("best", BEST)):
        laws: dict[str, list[str]] = {}
        for row in rows:
            if row["em"] == em:
                laws.setdefault(row["data"], []).append(row[f"outcome_{role}"])
        texts.append(verdicts.tally(currency, curves[em], name, laws))
    row = {"contest": ALL, "currency": currency, "em": em, "label": curves[em]}
    return row | {"verdict": " ".join(texts)}
