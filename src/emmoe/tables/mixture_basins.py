"""Where the starts of each fit end: basins of the likelihood, and how often each is found.

:title: Basins of the likelihood, and how often each start law finds them
:caption: The five best of each fit. near and wide starts are drawn about the one-expert fit,
    gatefit ones begin with a random gate; of 60 starts they are 30, 15 and 15.
"""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads

SHOWN = 5  # basins of a fit, the best ones
COLUMNS = [
    "case", "experts", "basin", "log_likelihood", "below", "status", "starts", "hits", "near",
    "wide", "gatefit",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_basins")],
) -> pd.DataFrame:
    """Return COLUMNS, a row a case, K and basin, the best first, at most SHOWN: nats below the
    best, hits of all starts and of each law of starts."""
    rows = []
    for case, table in probes.items():
        for number, runs in table.groupby("experts"):
            ranked = runs[runs["basin"].between(0, SHOWN - 1)]
            found = [_row(own) for _, own in ranked.groupby("basin")]
            best = found[0]["log_likelihood"] if found else float("nan")
            own = {"case": case, "experts": number, "starts": len(runs)}
            rows += [own | row | {"below": best - row["log_likelihood"]} for row in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(runs: pd.DataFrame) -> dict:
    """Return what is said of the runs of a basin."""
    top, laws = runs.loc[runs["log_likelihood"].idxmax()], runs["law"].value_counts()
    return {
        "basin": int(top["basin"]) + 1,
        "log_likelihood": top["log_likelihood"],
        "status": top["status"],
        "hits": len(runs),
        **{law: int(laws.get(law, 0)) for law in ("near", "wide", "gatefit")},
    }
