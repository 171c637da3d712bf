"""The abstract's claims on EM itself: identities and rates, from runs with their analyses.

Each function takes tables of runs by experiment.
They hang on no setting that the paper leaves out, so their basis is what it states.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit.verdicts import Verdict
from emmoe.tables import certificate, rate_agreement, rates
from emmoe.theory.bounds import Trace, linear, sublinear, trace

EM = {"em": "EM"}
MODELS = {"symmetric_linear", "symmetric_logistic"}
STATIONARY = 1e-6  # |grad L| at a run's end
AGREEMENT = 1e-4  # of observed and predicted errors, in log10
ROUND_OFF = 1e-9
ON_THEIR_WAY = ("max_iterations", "separable")  # to a point; to the end of a ray

Runs = Mapping[str, pd.DataFrame]


class Result(NamedTuple):
    """A verdict, why, and the number behind it; flips: of a rate, the smallest change of its slope
    that changes the verdict."""

    verdict: Verdict
    reason: str
    number: float
    flips: float = float("nan")


def mirror_descent(runs: Runs) -> Result:
    """EM's steps are unit mirror steps to `certificate.TOLERANCE`, and no other step passes, in all
    runs with a finite estimate: in the others the rounding of theta itself shows."""
    table = certificate.build(curves=EM, **runs)
    table = table[table["estimate"] == "finite"]
    residual = float(table["mirror_residual_max"].max())
    checked = f"{table['steps'].sum()} steps of {table['runs'].sum()} runs"
    failures = ["runs_failing", "identities_failing", "controls_passing"]
    bad = int(table[failures].to_numpy().sum())
    if bad or set(table[table["steps"] > 0]["model"]) != MODELS:
        reason = f"{bad} failures in {checked}, of the models {', '.join(table['model'])}"
        return Result(Verdict.INCONSISTENT, reason, residual)
    reason = (
        f"{checked} of EM: the residual is at most {residual:.2g} of the gradient, while half a "
        "step, a gradient step and no step all fail the same check"
    )
    return Result(Verdict.REPRODUCED, reason, residual)


def convergence(runs: Runs) -> Result:
    """EM ends at stationary points; its bounds hold where their hypotheses do; its observed errors
    are those that the missing-information matrix predicts."""
    tables = [table[table["fitter"] == "em"] for table in runs.values()]
    done = pd.concat([table[["status", "gradient_norm"]] for table in tables])
    done = done[done["status"] != "skipped"]
    arrived = done["gradient_norm"] <= STATIONARY
    away = int((~arrived & ~done["status"].isin(ON_THEIR_WAY)).sum())
    traces = [
        trace(run)
        for table in tables
        if "bound_alpha" in table
        for run in table[table["outcome"] == "optimum"].to_dict("records")
    ]
    applied, broken = _bounds(traces)
    gap = float(rate_agreement.build(curves=EM, **runs)["curve_gap_max"].max())
    reason = (
        f"{arrived.sum()} of {len(done)} runs end at a stationary point; the bounds hold in "
        f"{applied - broken} of the {applied} cases in which their hypotheses do; errors follow "
        f"the missing-information matrix to {gap:.2g} in log10"
    )
    if away or broken or not gap <= AGREEMENT:
        return Result(Verdict.INCONSISTENT, reason, gap)
    verdict = Verdict.REPRODUCED if applied else Verdict.NOT_DETERMINABLE
    return Result(verdict, reason, gap)


def _bounds(traces: list[Trace]) -> tuple[int, int]:
    """Return in how many (run, bound) the hypothesis holds, and in how many of them not the bound.

    The sub-linear bound is on the gap, the linear one on D; each from the start and, where alpha_t
    turns positive for good only later, from there."""
    applied = broken = 0
    for run in traces:
        for start in {0, run.entry or 0}:
            for bound, observed in ((sublinear, run.gap), (linear, run.bregman)):
                applied, broken = _case(bound, run, start, observed, applied, broken)
    return applied, broken


def _case(
    bound: Callable, run: Trace, start: int, observed, applied: int, broken: int
) -> tuple[int, int]:
    t, limit, held = bound(run, start)
    if not held.any():
        return applied, broken
    slack = limit * (1 + ROUND_OFF) + ROUND_OFF * run.bregman[0]
    return applied + 1, broken + bool((observed[t] > slack)[held].any())


def signal_to_noise(runs: Runs) -> Result:
    """The linear rate is below one in every cell, and falls as the experts' signal grows; cells
    without a rate of the population (`emmoe.tables.rates`) are counted in the reason."""
    cells = rates.build(curves=EM, **runs)
    table = cells[cells["rho_population"].notna()]
    axes = ["model", "angle", "norm_w"]
    paths = [part.sort_values("norm_beta") for _, part in table.groupby(axes, sort=True)]
    rising = sum(not path["rho_population"].is_monotonic_decreasing for path in paths)
    largest = float(table["rho_population"].max())
    gates = [p.sort_values("norm_w") for _, p in table.groupby(["model", "angle", "norm_beta"])]
    slower = sum(part["rho_population"].is_monotonic_increasing for part in gates)
    reason = (
        f"over {len(table)} cells ({len(cells) - len(table)} are out of its reach) the rate of the "
        f"population is at most {largest:.4g} and falls with |beta*| in {len(paths) - rising} of "
        f"{len(paths)} rows; a larger |w*| alone makes EM slower in {slower} of {len(gates)}"
    )
    fine = len(table) and not rising and largest < 1 and set(table["model"]) == MODELS
    verdict = Verdict.REPRODUCED if fine else Verdict.INCONSISTENT
    return Result(verdict, reason, largest, _tilt(paths))


def _tilt(paths: Sequence[pd.DataFrame]) -> float:
    """The smallest change of d log rho / d log |beta*|, the same everywhere, after which one row
    rises where all fell, or all fall where one rose."""
    slopes = [
        np.diff(np.log(path["rho_population"])) / np.diff(np.log(path["norm_beta"]))
        for path in paths
        if len(path) > 1
    ]
    return float(abs(np.max(np.concatenate(slopes)))) if slopes else float("nan")


CLAIMS: dict[str, Callable[[Runs], Result]] = {
    "abstract_1_mirror_descent": mirror_descent,
    "abstract_2_convergence": convergence,
    "abstract_3_signal_to_noise": signal_to_noise,
}


def judge(runs: Runs) -> dict[str, Result]:
    """Return the result of every claim of the theory by its claim_id."""
    return {claim: rule(runs) for claim, rule in CLAIMS.items()}
