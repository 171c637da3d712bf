"""Which runs have a rate, by how slow EM is in theory, and theory's rate beside the observed ones.

Bins are of rho_population, EM's rate at the truth in the population limit. A rate is missing for a
reason that depends on how a run ends, so that where many are missing the ones left are the fast.

:section: theory
:title: Runs without a rate, and theory's rates beside the observed ones
:caption: By EM's rate in the population limit. Where many runs have no rate, those that have one
    are the fast ones; the gap ratio is 1 - the observed rate over 1 - the population's.
"""

from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.record.reads import Reads

EDGES = (0.0, 0.5, 0.8, 0.9, 0.97, 1.0)  # the last bin holds its upper end
REASONS = ["unresolved", "capped", "undefined", "elsewhere", "other", "skipped"]
GROUP = ["model", "fitter", "angle", "rho_from", "rho_to"]
COLUMNS = [
    *GROUP, "cells", "runs", "resolved", "resolved_share", *REASONS, "separable",
    "cells_with_rates", "rho_population_min", "rho_population_max", "rho_hat_min", "rho_hat_max",
    "gap_ratio_median", "gap_ratio_min", "gap_ratio_max",
]  # fmt: skip


def build(
    *, curves: dict[str, str], rates: Annotated[pd.DataFrame, Reads("table", of="rates")]
) -> pd.DataFrame:
    """Return COLUMNS, one row a model, fitter, angle and bin; cells without a population rate stand
    in a bin without ends.

    resolved: runs with an observed rate; REASONS: the others, by how they ended; separable: those
    of them whose estimate goes to infinity. rho_hat_*: least and largest over cells of the median
    rate at the sample optimum; gap_ratio: 1 - the cell's median observed rate over
    1 - rho_population, over cells with both; its spread is that of the samples' optima."""
    own = rates[rates["fitter"].isin(list(curves))] if curves else rates
    bins = pd.cut(own["rho_population"], EDGES, right=False, labels=False)
    bins = bins.mask(own["rho_population"] >= EDGES[-1], len(EDGES) - 2).fillna(-1).astype(int)
    low, high = np.array([*EDGES[:-1], np.nan])[bins], np.array([*EDGES[1:], np.nan])[bins]
    groups = own.assign(rho_from=low, rho_to=high).groupby(GROUP, sort=True, dropna=False)
    rows = [dict(zip(GROUP, key, strict=True)) | _row(part) for key, part in groups]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(cells: pd.DataFrame) -> dict:
    runs, resolved = cells["replicates"].sum(), cells["resolved"].sum()
    known = cells[cells["resolved"] > 0]
    ratio = known["gap_rate_median"] / known["gap_population"].mask(known["gap_population"] <= 0)
    return {
        "cells": len(cells),
        "runs": int(runs),
        "resolved": int(resolved),
        "resolved_share": resolved / runs,
        **{name: int(cells[name].sum()) for name in [*REASONS, "separable"]},
        "cells_with_rates": len(known),
        "rho_population_min": cells["rho_population"].min(),
        "rho_population_max": cells["rho_population"].max(),
        "rho_hat_min": cells["rho_hat_median"].min(),
        "rho_hat_max": cells["rho_hat_median"].max(),
        **{f"gap_ratio_{name}": ratio.agg(name) for name in ("median", "min", "max")},
    }
