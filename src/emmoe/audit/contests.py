"""What contests of EM and tuned rivals say beside the abstract's claim, in one text."""

import pandas as pd

from emmoe.evidence.verdicts import PER, tally
from emmoe.tables.comparison_verdicts import BEST

JUDGED, DESCENT = "em", "tuned gradient descent"


def tallies(verdicts: pd.DataFrame | None) -> str:
    """Return a sentence a currency and rival: how often EM wins, loses and ties.

    verdicts: rows of `emmoe.tables.comparison_verdicts`, or None, which gives an empty text."""
    if verdicts is None:
        return ""
    own = verdicts[(verdicts["em"] == JUDGED) & verdicts["outcome_gd"].notna()]
    texts = [
        tally(currency, "EM", name, list(part[column]))
        for currency in PER
        if len(part := own[own["currency"] == currency])
        for name, column in ((DESCENT, "outcome_gd"), (BEST, "outcome_best"))
    ]
    return " ".join(texts)
