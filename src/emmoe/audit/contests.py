"""What contests of EM and tuned rivals say beside the abstract's claim, in one text."""

import pandas as pd

from emmoe.evidence.verdicts import PER, by_law
from emmoe.tables.comparison_verdicts import BEST

DESCENT = "gradient descent with one tuned step"


def tallies(verdicts: pd.DataFrame | None) -> str:
    """Return a sentence a currency and rival: on how many laws of data each variant of EM wins,
    loses and ties, and how many there are.

    verdicts: rows of `emmoe.tables.comparison_verdicts`, or None, which gives an empty text."""
    if verdicts is None:
        return ""
    own = verdicts[verdicts["outcome_gd"].notna()]
    texts = [
        f"Per {PER[currency]} against {name}, by law of data ({part['data'].nunique()}): "
        f"{_variants(part, column)}."
        for currency in PER
        if len(part := own[own["currency"] == currency])
        for name, column in ((DESCENT, "outcome_gd"), (BEST, "outcome_best"))
    ]
    return " ".join(texts)


def _variants(rows: pd.DataFrame, column: str) -> str:
    laws = {
        label: by_law(part.groupby("data", sort=False)[column].agg(list).to_dict())
        for label, part in rows.groupby("label", sort=False)
    }
    return "; ".join(f"{label} {found}" for label, found in laws.items())
