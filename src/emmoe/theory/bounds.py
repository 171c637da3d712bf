"""The paper's bounds on EM along a run, and where their hypotheses hold.

D_t = D_A(theta_hat, theta_t) and gap_t = L(theta_t) - L(theta_hat), theta_hat the sample optimum;
alpha_t = D_L(theta_hat, theta_t) / D_t is the secant relative convexity, and t = 0 the start.
If alpha_t >= 0 for all t < T, then gap_T <= D_0 / T; if alpha_t >= alpha for all t < T, then
D_T <= (1 - alpha)^T D_0. Both hold from any later iterate on, too, started afresh there.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

LISTS = [
    "bound_gap",
    "bound_bregman",
    "bound_alpha",
    "bound_lambda",
]  # emmoe.measures.analyses.bounds
RESOLVED = 1e-12  # traces end where D_t is that much smaller than D_0


class Trace(NamedTuple):
    """One run's gap_t, D_t, alpha_t and 1 - lambda_max(M(theta_t)) from t = 0, each (T,)."""

    gap: np.ndarray
    bregman: np.ndarray
    alpha: np.ndarray
    convexity: np.ndarray

    @property
    def entry(self) -> int | None:
        """The first t from which on alpha_t > 0, None if there is none."""
        outside = np.flatnonzero(~(self.alpha > 0))
        entry = int(outside[-1]) + 1 if len(outside) else 0
        return entry if entry < len(self.alpha) else None


def trace(run: Mapping[str, Any]) -> Trace:
    """Return the LISTS of a run, cut at the first D_t < RESOLVED D_0 or alpha_t not known."""
    gap, bregman, alpha, largest = (np.atleast_1d(run[name]).astype(float) for name in LISTS)
    known = np.isfinite(alpha) & (bregman >= RESOLVED * bregman[0])
    end = len(alpha) if known.all() else int(np.argmin(known))
    return Trace(gap[:end], bregman[:end], alpha[:end], 1 - largest[:end])


def sublinear(trace: Trace, start: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return T, the bound D_start / (T - start) on gap_T, and whether its hypothesis holds at T:
    alpha_t >= 0 for all t from start to T - 1."""
    t = np.arange(start + 1, len(trace.alpha))
    held = np.logical_and.accumulate(trace.alpha[start : len(trace.alpha) - 1] >= 0)
    return t, trace.bregman[start] / (t - start), held


def linear(trace: Trace, start: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return T, the bound (1 - alpha)^(T - start) D_start on D_T, and whether alpha > 0, alpha
    the smallest alpha_t from start on."""
    t, alpha = np.arange(start, len(trace.alpha)), trace.alpha[start:].min()
    return t, trace.bregman[start] * (1 - alpha) ** (t - start), np.full(len(t), alpha > 0)
