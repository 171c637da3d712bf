"""Compares an audit's verdicts and numbers with those of the reference."""

import numpy as np
import pandas as pd

from emmoe.audit.verdicts import Verdict

# On the same machine numbers are the same bit for bit. Another processor or BLAS sums in another
# order: the last bits differ, and iterations may amplify them. ABSOLUTE is for losses near zero.
RELATIVE, ABSOLUTE = 1e-6, 1e-9


def worse(now: pd.DataFrame, reference: pd.DataFrame, not_covered: str) -> list[str]:
    """Return a line for each claim whose verdict is worse than in the reference.

    Claims that this audit does not cover (their reason is not_covered), and duplicates, which count
    nowhere, are left out."""
    both = _both(now, reference, not_covered)
    rank = {str(verdict): verdict.rank for verdict in Verdict}
    both = both[both["verdict"] != Verdict.DUPLICATE]
    fell = both[both["verdict"].map(rank) > both["verdict_before"].map(rank)]
    return [
        f"{row.claim_id}: {row.verdict}, was {row.verdict_before}: {row.reason}"
        for row in fell.itertuples()
    ]


def moved(now: pd.DataFrame, reference: pd.DataFrame, not_covered: str) -> str:
    """Say in a line how many of our numbers are the reference's, and which is farthest from it."""
    both = _both(now, reference, not_covered).dropna(subset=["reproduced", "reproduced_before"])
    ours, before = both["reproduced"].to_numpy(), both["reproduced_before"].to_numpy()
    far = np.abs(ours - before) / (ABSOLUTE + RELATIVE * np.abs(before))
    same = f"{(far <= 1).sum()} of {len(both)} numbers are those of the reference"
    said = f"{same} (to {RELATIVE:g} of them, or {ABSOLUTE:g})"
    if not (far > 1).any():
        return said
    worst = both.iloc[int(far.argmax())]
    numbers = f"{worst['reproduced']:.6g}, was {worst['reproduced_before']:.6g}"
    return f"{said}; the farthest is {worst['claim_id']}: {numbers}"


def _both(now: pd.DataFrame, reference: pd.DataFrame, not_covered: str) -> pd.DataFrame:
    covered = now[now["reason"] != not_covered]
    return covered.merge(reference, on="claim_id", suffixes=("", "_before"))
