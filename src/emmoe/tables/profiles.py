"""Performance profiles: how often each method is within a factor of the cheapest, by law of data.

Over all problems, targets and replicates (Dolan and More, 2002); rows of several tables add up.

:section: rivals
:title: Performance profile: {name}
:caption: The share of instances in which a rival costs at most a factor times what the cheapest one
    costs.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emmoe.evidence.compare import Field, fields
from emmoe.evidence.profiles import LAW, arrivals, relative, shares
from emmoe.evidence.reach import joined
from emmoe.record.reads import Contest, Currencies, Curves, Targets

FACTORS = (*2.0 ** np.arange(0, 6.5, 0.5), np.finfo(float).max)  # the last: arrives at all
COLUMNS = ["currency", "rival", "label", LAW, "instances", "factor", "share"]


def build(
    *, curves: Curves, targets: Targets, currencies: Currencies, **contests: Contest
) -> pd.DataFrame:
    """Return COLUMNS, one row a currency, rival of curves, law of data and factor.

    instances: problems, targets and replicates of the law; share: of those in which the rival costs
    at most `factor` times what the cheapest one costs; an infinite factor: in which it arrives. A
    rival has no rows where it takes no part."""
    every = list(fields(joined(contests), targets, list(currencies)))
    rows = [
        {"currency": currency} | row
        for currency in currencies
        for row in _rows([f for f in every if f.key["currency"] == currency], list(curves))
    ]
    table = pd.DataFrame(rows)
    return table.assign(label=table["rival"].map(curves))[COLUMNS]


def _rows(own: list[Field], rivals: list[str]) -> Iterator[dict]:
    costs = relative(arrivals(own, rivals))
    for law, part in costs.groupby(level=LAW, sort=False):
        found = shares(part, FACTORS)
        for rival in rivals:
            known = int(part[rival].notna().sum())
            for factor, share in found[rival].dropna().items():
                row = {"rival": rival, LAW: law, "instances": known, "share": share}
                yield row | {"factor": factor if factor < FACTORS[-1] else np.inf}
