"""EM's predicted and observed rates on random mixtures of experts, and how well they agree.

:title: EM's predicted and observed rates on random mixtures of experts
:caption: A row a family, over random problems: fits by status, the median and largest rate of EM
    that the missing information at the maximum predicts, and how far the observed one is from it,
    in log10. Close: the share of maxima where it is at most 1e-5.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.mixture.status import STATUSES
from emmoe.record.reads import Reads

CLOSE = 1e-5  # in log10 of the rate
COLUMNS = [
    "case", "problems", *STATUSES, "rate_median", "rate_most", "difference_median",
    "difference_most", "close",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_rates")],
) -> pd.DataFrame:
    """Return COLUMNS, a row a case: fits by status, rho's median and largest, and |log10 observed
    - log10 predicted|; close: the share of maxima where it is at most 1e-5."""
    rows = []
    for case, table in probes.items():
        counts = table["status"].value_counts()
        found = table[table["status"] == "maximum"]
        apart = (np.log10(found["observed"]) - np.log10(found["predicted"])).abs()
        rows.append(
            {"case": case, "problems": len(table)}
            | {status: int(counts.get(status, 0)) for status in STATUSES}
            | {"rate_median": found["predicted"].median(), "rate_most": found["predicted"].max()}
            | {"difference_median": apart.median(), "difference_most": apart.max()}
            | {"close": (apart <= CLOSE).mean()}
        )
    return pd.DataFrame(rows, columns=COLUMNS)
