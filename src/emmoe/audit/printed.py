"""The verdict of a theorem as printed, from what was found where it was tried."""

import pandas as pd

from emmoe.audit.verdicts import Verdict

PRINTED = "as printed"
UNTOLD = "not tested: no run records what it takes"


def judge(tried: pd.DataFrame, claim_id: str) -> tuple[Verdict, str]:
    """Return the verdict of a theorem as printed and why; other forms of it are told beside it.

    tried: a row a statement and place, as `emmoe.audit.theorems.table` has them."""
    own = tried[[claim_id in claims.split() for claims in tried["claims"]]]
    printed = own[own["form"].str.startswith(PRINTED)]
    if not printed["trials"].sum():
        return Verdict.NOT_TESTED, printed["verdict"].iloc[0]
    verdict = Verdict.INCONSISTENT if printed["violations"].any() else Verdict.REPRODUCED
    forms = [_told(rows) for _, rows in own.groupby("form", sort=False)]
    return verdict, f"{'; '.join(forms)}."


def no_violation(trials: int) -> str:
    """Say what a finite test can say."""
    return f"no violation in {trials} trials" if trials else UNTOLD


def _told(rows: pd.DataFrame) -> str:
    """What was found of a form. A violation is told without its count, which hangs on round-off."""
    tried = rows[rows["trials"] > 0]
    broken = tried[tried["violations"] > 0]
    found = f"violated on {' and '.join(broken['tried_on'])}"
    if broken.empty:
        found = no_violation(int(tried["trials"].sum()))
    return f"{rows['form'].iloc[0]}: {found}"
