"""Every cell of the sweeps: predicted and observed rates, recovery, success, iterations.

One row a cell and fitter. rho is lambda_max(M) (theory: EM's linear rate), at the truth in the
population limit and at the sample optimum theta_hat; `rate` is the observed one.

:section: theory
:title: Rates, recovery and success, cell by cell
:caption: A row a cell and fitter. rho is the linear rate of EM in theory, at the truth in the
    population limit and at the sample's optimum (hat); rate is the observed one.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import pandas as pd

from emmoe.evidence.shares import wilson
from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import CELL, RESOLVED, RUN, joined, resolved
from emmoe.theory import population_blocks

OUTCOMES = ["elsewhere", "other", "capped", "undefined"]  # beside "optimum", the successes
BELOW = -1e-6  # nats: a loss gap that is no round-off: the run found a better optimum
NEEDS = [*RESOLVED, "status", "rho_hat", "recovery_error", "loss_gap", "iterations_to_tolerance"]
COLUMNS = [
    *CELL, "fitter", "replicates", "rho_population", "gap_population", "rho_hat_median",
    "gap_hat_median", "rate_median", "gap_rate_median", "rate_predicted_median", "resolved",
    "unresolved", "recovery_error_median", "successes", "success", "success_low", "success_high",
    *OUTCOMES, "below", "separable", "skipped", "iterations_to_tolerance_median", "censored_median",
    "censored",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS])],
) -> pd.DataFrame:
    """Return COLUMNS, one row a cell and fitter, sorted; of all fitters, if curves is empty.

    gap_*: 1 - rho or 1 - rate, in columns of their own to keep their digits. Medians of rates are
    over resolved runs, those with a rate of convergence to theta_hat; unresolved are those that
    reach it without. Medians of rho_hat and |theta_hat - theta*| are over runs with a theta_hat.
    success: runs that reach theta_hat, or an optimum below it (counted in `below`), over runs whose
    sample has a theta_hat (not `undefined`, not skipped), with Wilson's 95 % interval.
    iterations_to_tolerance_median: over runs not skipped, one that does not reach the tolerance
    counting as above all others; NaN with censored_median True if the median is such a run.
    rho_population is at |beta*| / sigma, and NaN for angle "random", d < 3, or norms out of the
    quadrature's range.
    """
    tables = {name: _with_noise(table) for name, table in runs_tables.items()}
    runs = joined(tables, curves, [*NEEDS, "noise_sd"])
    groups = runs.groupby([*CELL, "fitter"], sort=False, dropna=False)
    known: dict[tuple, dict] = {}
    rows = []
    for key, part in groups:
        row = dict(zip([*CELL, "fitter"], key, strict=True))
        snr = row["norm_beta"] / part["noise_sd"].iloc[0]
        cell = (row["model"], snr, row["norm_w"], row["angle"], row["d"] >= 3)
        if cell not in known:
            known[cell] = _population(*cell)
        rows.append(row | known[cell] | _rates(part) | _ends(part) | _iterations(part))
    return pd.DataFrame(rows, columns=COLUMNS)


def _with_noise(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a noise_sd in every row: 1 for a model that has no such setting."""
    return table.assign(noise_sd=table["noise_sd"].fillna(1.0) if "noise_sd" in table else 1.0)


def _population(model: str, norm_beta: float, norm_w: float, angle: Any, covered: bool) -> dict:
    try:
        blocks = population_blocks(model, norm_beta, norm_w, angle) if covered else None
    except ValueError:  # a random angle, or a norm out of range
        blocks = None
    rho, gap = (blocks.rate, blocks.gap) if blocks else (np.nan, np.nan)
    return {"rho_population": rho, "gap_population": gap}


def _rates(part: pd.DataFrame) -> dict:
    known = resolved(part)
    found = part[known]
    return {
        "rho_hat_median": part["rho_hat"].median(),
        "gap_hat_median": (1 - part["rho_hat"]).median(),
        "rate_median": found["rate"].median(),
        "gap_rate_median": (1 - found["rate"]).median(),
        "rate_predicted_median": found["rate_predicted"].median(),
        "resolved": len(found),
        "unresolved": int(((part["outcome"] == "optimum") & ~known).sum()),
        "recovery_error_median": part["recovery_error"].median(),
    }


def _ends(part: pd.DataFrame) -> dict:
    counts = part["outcome"].value_counts()
    statuses = part["status"].value_counts()
    successes, skipped = int(counts.get("optimum", 0)), int(statuses.get("skipped", 0))
    row = {"replicates": len(part), "successes": successes, "skipped": skipped}
    row |= {outcome: int(counts.get(outcome, 0)) for outcome in OUTCOMES}
    row["separable"] = int(statuses.get("separable", 0))
    row["below"] = int(((part["outcome"] == "optimum") & (part["loss_gap"] < BELOW)).sum())
    done = len(part) - skipped - row["undefined"]
    if not done:
        return row | dict.fromkeys(["success", "success_low", "success_high"], np.nan)
    row["success_low"], row["success_high"] = wilson(successes, done)
    return row | {"success": successes / done}


def _iterations(part: pd.DataFrame) -> dict:
    """Return the median of iterations to tolerance, and how many runs do not get there."""
    iterations = part.loc[part["status"] != "skipped", "iterations_to_tolerance"]
    median = iterations.fillna(np.inf).median() if len(iterations) else np.nan
    return {
        "iterations_to_tolerance_median": np.nan if np.isinf(median) else median,
        "censored_median": bool(np.isinf(median)),
        "censored": int(iterations.isna().sum()),
    }
