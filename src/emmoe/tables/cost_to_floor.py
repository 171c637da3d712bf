"""What it costs to come as close as EM gets: iterations and data passes, fitter by fitter.

Two floors a sample. By the loss: L(theta_t) - L(theta_hat) at most p / (2 n), which is what the
truth itself lacks on average, L(theta_hat) being EM's last loss. By the errors: both relative
errors at most SHARE above EM's last ones. Either counts from when on it holds to the end.

:title: Iterations and data passes to EM's floor
:caption: By the loss: within p/(2n) of the sample's optimum, which is what the truth itself lacks
    on average. By the errors: both relative errors within one per cent of EM's last ones, from then
    on.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from scipy.stats import binom

from emmoe.record.reads import Reads
from emmoe.store.errors import DataError

REFERENCE = "em"
SHARE = 0.01
ERRORS = ["relative_error_beta", "relative_error_w"]
COLUMNS = [
    "algorithm", "runs", "iterations_loss", "iterations_loss_low", "iterations_loss_high",
    "passes_loss", "reached_loss", "iterations_error", "iterations_error_low",
    "iterations_error_high", "passes_error", "reached_error", "iterations_limit",
]  # fmt: skip


def build(
    *,
    trace: Annotated[
        pd.DataFrame, Reads("trace", columns=ERRORS, fitters=(REFERENCE,), one_cell=True)
    ],
    runs: Annotated[pd.DataFrame, Reads("runs", columns=["n", "d"], one_cell=True)],
    curves: Mapping[str, str],
) -> pd.DataFrame:
    """Return COLUMNS, one row a fitter in the order of curves; REFERENCE must be among the runs.

    trace: every iteration of two symmetric experts; runs: the same runs, with n and d. Medians are
    over all runs, one that does not get there counting as above all others (empty where the median
    is such a run), with their 95 % intervals, infinite where they are open; reached_*: how many
    do; iterations_limit: the most that any run had."""
    ends = _ends(trace, runs)
    rows = [{"algorithm": curves[fitter]} | _row(trace, ends, fitter) for fitter in curves]
    return pd.DataFrame(rows, columns=COLUMNS)


def _ends(trace: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the floors, one row a replicate: loss (already p / (2 n) higher) and errors."""
    own = trace[trace["fitter"] == REFERENCE].sort_values("iteration")
    if own.empty:
        raise DataError(f"traces: no run of the fitter {REFERENCE!r}, which sets the floor")
    size = runs.iloc[0]
    ends = own.groupby("replicate")[["loss", *ERRORS]].last()
    return ends.assign(loss=ends["loss"] + 2 * size["d"] / (2 * size["n"]))


def _row(trace: pd.DataFrame, ends: pd.DataFrame, fitter: str) -> dict:
    own = trace[trace["fitter"] == fitter].sort_values(["replicate", "iteration"])
    own = own.join(ends.add_suffix("_floor"), on="replicate")
    if own.empty:
        raise DataError(f"traces: no run of the fitter {fitter!r}")
    own["loss_ok"] = own["loss"] <= own["loss_floor"]
    close = [own[e] <= (1 + SHARE) * own[f"{e}_floor"] for e in ERRORS]
    own["error_ok"] = close[0] & close[1]
    row: dict = {"runs": own["replicate"].nunique(), "iterations_limit": own["iteration"].max()}
    for kind in ("loss", "error"):
        found = [_arrival(part, f"{kind}_ok") for _, part in own.groupby("replicate")]
        iterations, passes = np.array(found).T
        row[f"reached_{kind}"] = int(np.isfinite(iterations).sum())
        row[f"iterations_{kind}"], row[f"passes_{kind}"] = _median(iterations), _median(passes)
        row[f"iterations_{kind}_low"], row[f"iterations_{kind}_high"] = interval(iterations)
    return row


def _arrival(run: pd.DataFrame, column: str) -> tuple[float, float]:
    """Return the iteration from which on a condition holds, and the passes then; infinite where it
    does not hold at the end."""
    holds = run[column].to_numpy()
    if not holds[-1]:
        return np.inf, np.inf
    failing = np.flatnonzero(~holds)
    first = run.iloc[failing[-1] + 1 if len(failing) else 0]
    return float(first["iteration"]), float(first["passes"])


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the order statistics between which a median lies in at least 95 % of cases, whatever
    the law (Thompson, 1936); infinite for fewer than 6 values."""
    left_out = int(binom.ppf(0.025, len(values), 0.5))
    if left_out == 0:
        return -np.inf, np.inf
    ordered = np.sort(values)
    return float(ordered[left_out - 1]), float(ordered[-left_out])


def _median(values: np.ndarray) -> float:
    middle = float(np.median(values))
    return middle if np.isfinite(middle) else np.nan
