"""Whether EM outperforms gradient descent, a sentence for every problem, target and currency.

EM is set against gradient descent with one tuned step, which is what the paper compares with, and
against the best of the tuned rivals outside of EM's family: the one that was cheapest, in that
currency, on the tuning replicates, so that picking it favours nobody. Rows with the problem "all"
count the verdicts.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import pandas as pd

from emmoe.evidence import verdicts
from emmoe.evidence.compare import Field, best_rival, fields, ratio
from emmoe.evidence.reach import joined
from emmoe.record.entries import Product, Record
from emmoe.record.reads import Contest, Currencies, Rival, Targets

ALL, BEST = "all", "the best tuned gradient method"
COLUMNS = [
    "contest", "cell", "target", "currency", "em", "ratio_gd", "gd_low", "gd_high", "outcome_gd",
    "best", "ratio_best", "best_low", "best_high", "outcome_best", "verdict",
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
    steps, never the best one per iteration; ratio: EM's expected cost over the other's, with
    its bootstrap interval paired by replicate; outcome: of EM."""
    rows = joined(contests)
    found = [
        _row(field, name, [*em, *family, *_epochs(field, epochs)], descent, curves)
        for field in fields(rows, targets, list(currencies))
        for name in em
        if name in field.cost.index
    ]
    parts = []
    for currency in currencies:
        of_currency = [row for row in found if row["currency"] == currency]
        tallies = [
            row for name in em if (row := _tally(of_currency, currency, name, descent, curves))
        ]
        parts += [*tallies, *of_currency]
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


def _epochs(field: Field, epochs: Sequence[str]) -> Sequence[str]:
    return epochs if field.key["currency"] == "iteration" else ()


def _row(field: Field, em: str, family: Sequence[str], descent: str, curves: Mapping) -> dict:
    best = best_rival(field, family)
    row, clauses = {**field.key, "em": em, "best": best}, []
    for suffix, rival in (("gd", descent), ("best", best)):
        found = ratio(field, em, rival)
        row |= {f"ratio_{suffix}": found.value, f"outcome_{suffix}": verdicts.outcome(found)}
        row |= {f"{suffix}_low": found.low, f"{suffix}_high": found.high}
        if suffix == "gd" or best != descent:
            clauses.append(verdicts.against(curves[em], curves[rival], found))
    return row | {"verdict": verdicts.sentence(field.key["currency"], clauses)}


def _tally(rows: list[dict], currency: str, em: str, descent: str, curves: Mapping) -> dict | None:
    own = [row for row in rows if row["em"] == em]
    if not own:
        return None
    texts = [
        verdicts.tally(currency, curves[em], name, [row[f"outcome_{suffix}"] for row in own])
        for suffix, name in (("gd", curves[descent]), ("best", BEST))
    ]
    return {"contest": ALL, "currency": currency, "em": em, "verdict": " ".join(texts)}
