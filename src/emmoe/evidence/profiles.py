"""Performance profiles: on which share of problems a method is within a factor of the best.

An instance is a problem, a target and a replicate. Instances on the same samples are not
independent, so that a share is the mean over laws of data of the share of a law's instances.
Source: Dolan and More (2002), and More and Wild (2009) for shares by cost itself.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from emmoe.evidence.compare import Field

LAW = "data"


def arrivals(fields: Iterable[Field], rivals: Sequence[str]) -> pd.DataFrame:
    """Return the cost of reaching the target (instances, rivals), infinite for a run that does not;
    by law of data, contest, cell, target, currency and replicate."""
    parts = []
    for field in fields:
        found = field.cost.where(field.success, np.inf).T.reindex(columns=list(rivals))
        key = {LAW: field.facts[LAW], **field.key}
        index = pd.MultiIndex.from_tuples(
            [(*key.values(), replicate) for replicate in found.index], names=[*key, "replicate"]
        )
        parts.append(found.set_axis(index, axis=0))
    return pd.concat(parts)


def relative(costs: pd.DataFrame) -> pd.DataFrame:
    """Return costs over the smallest of their instance; infinite where nobody arrives. A rival that
    takes no part in a problem has no cost there, NaN."""
    best = costs.min(axis=1)
    ratio = costs.div(best.where((best > 0) & np.isfinite(best)), axis=0)
    equal = costs.eq(best, axis=0) & np.isfinite(costs)
    return ratio.mask(equal, 1.0).where(ratio.notna() | equal | costs.isna(), np.inf)


def shares(costs: pd.DataFrame, at: Sequence[float]) -> pd.DataFrame:
    """Return for each rival the share of instances with at most such a cost: (at, rivals), over the
    laws that it takes part in; NaN for one that takes part in none. There must be an instance, a
    rival and a limit."""
    law = pd.factorize(costs.index.get_level_values(LAW))[0]
    of_law = (law == np.arange(law.max() + 1)[:, None]).astype(float)
    values = costs.to_numpy(float)
    with np.errstate(invalid="ignore"):  # of a rival that takes no part in a law
        inside = np.array([of_law @ (values <= limit) for limit in at])
        share = pd.DataFrame((inside / (of_law @ ~np.isnan(values))).reshape(-1, values.shape[1]))
    mean = share.groupby(np.repeat(np.arange(len(at)), len(of_law))).mean()
    return (
        mean.set_axis(costs.columns, axis=1)
        .set_axis(pd.Index(at, name="at"))
        .rename_axis(columns="rival")
    )
