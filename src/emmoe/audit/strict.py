"""Compares an audit's verdicts with those of the reference."""

import pandas as pd

from emmoe.audit.verdicts import VERDICTS


def worse(now: pd.DataFrame, reference: pd.DataFrame, not_covered: str) -> list[str]:
    """Return a line for each claim whose verdict is worse than in the reference.

    Claims that this audit does not cover (their reason is not_covered) are left out."""
    both = now[now["reason"] != not_covered].merge(
        reference, on="claim_id", suffixes=("", "_before")
    )
    rank = {verdict: position for position, verdict in enumerate(VERDICTS)}
    fell = both[both["verdict"].map(rank) > both["verdict_before"].map(rank)]
    return [
        f"{row.claim_id}: {row.verdict}, was {row.verdict_before}: {row.reason}"
        for row in fell.itertuples()
    ]
