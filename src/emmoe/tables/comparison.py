"""What every rival costs to reach a target, at its tuned step, on the comparison's replicates.

A data pass is a forward and a backward product of the features with the parameters, or a Gram
matrix; products with one block count half. An E-step's columns for gradient and statistic count as
one backward product, since the features are read once. FLOPs count all of these as they are.

:section: rivals
:title: Cost to reach a target: {name}
:caption: Every rival at its tuned step, on the comparison's replicates. A data pass is a forward
    and a backward product of the features with the parameters, or a Gram matrix; products with one
    block count half.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.evidence.compare import Field, fields, ratio
from emmoe.evidence.estimates import expected_cost, median_cost
from emmoe.evidence.reach import PROBLEM, joined
from emmoe.evidence.tuning import work
from emmoe.record.reads import Contest, Currencies, Rival, Targets
from emmoe.tables._shared.write import powers

COLUMNS = [
    "contest", "cell", "data", "model", "start", "norm_beta", "norm_w", "target", "currency",
    "rival", "doublings", "at_edge", "fallback", "runs", "capped", "success", "mean_cost",
    "expected_cost", "median_cost", "em_ratio", "em_ratio_low", "em_ratio_high",
    "tuning_runs", "tuning_cost",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    targets: Targets,
    currencies: Currencies,
    em: Annotated[str, Rival(each=True)] = "em",
    **contests: Contest,
) -> pd.DataFrame:
    """Return COLUMNS, one row a problem, target, currency and rival of curves.

    doublings: the chosen step, as powers of two of the config's; at_edge: the grid ends there;
    fallback: no step reached the target in tuning, so that the nearest to it was chosen.
    success: the share of runs that reach the target; mean_cost: over all runs, failures with all
    that they spent; expected_cost = mean_cost / success; median_cost: Kaplan and Meier's, capped
    runs censored; empty where it is not reached. data: problems with the same share their samples.
    em_ratio: the pseudo-median over samples of EM's cost over the rival's, above 1 where the rival
    is cheaper, with its 95 % interval; 0 or infinite where a budget leaves an end open.
    tuning_cost: of all the rival's tuning runs, in the row's currency."""
    rows = joined(contests)
    tuning = {c: work(rows, c).set_index([*PROBLEM, "rival"]) for c in currencies}
    table = [
        {"rival": rival, **field.key, **field.facts}
        | _row(field, rival, em)
        | tuning[field.key["currency"]].loc[(*_problem(field), rival)].to_dict()
        for field in fields(rows, targets, list(currencies))
        for rival in curves
        if rival in field.cost.index
    ]
    return pd.DataFrame(table, columns=COLUMNS)


def _problem(field: Field) -> tuple[str, ...]:
    return tuple(field.key[name] for name in PROBLEM)


def _row(field: Field, rival: str, em: str) -> dict:
    frames = field.cost, field.success, field.capped
    cost, success, capped = (frame.loc[rival].to_numpy() for frame in frames)
    relative, median = ratio(field, em, rival), median_cost(cost, success, capped)
    return {
        "doublings": powers(field.choice.loc[rival, "variant"]),
        "at_edge": bool(field.choice.loc[rival, "at_edge"]),
        "fallback": bool(field.choice.loc[rival, "fallback"]),
        "runs": len(cost),
        "capped": int(capped.sum()),
        "success": success.mean(),
        "mean_cost": cost.mean(),
        "expected_cost": expected_cost(cost, success),
        "median_cost": median if np.isfinite(median) else np.nan,
        "em_ratio": relative.value,
        "em_ratio_low": relative.low,
        "em_ratio_high": relative.high,
    }
