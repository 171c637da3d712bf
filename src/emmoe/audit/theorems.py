"""The paper's theorems as printed, tried on runs and by a search for counterexamples.

T = 1 is before any step (theta^1 is the start), D_A the mirror map's divergence, D_A(u, t) the KL
divergence D_KL(t, u) of the complete-data law at u from that at t. Convexity is taken on segments
from iterates to theta*, of which the start's is a convex set as the theorems ask for; of runs on
record, along the run alone. A finite test finds no violation in so many trials: it proves nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from emmoe.audit import paths
from emmoe.audit.paths import Case, Path
from emmoe.audit.printed import PRINTED, no_violation
from emmoe.models.objective import Array

COLUMNS = [
    "claims", "statement", "form", "tried_on", "trials", "violations", "largest", "verdict",
]  # fmt: skip
POLISHED, POLISHING = 6, 150  # data sets whose violation is maximised, and how far
SLACK = 1e-8  # of a bound, in logarithms: round-off
SMALL = 1e-9  # of the first gap: below that, a gap is round-off
RESIDUAL = 1e-8  # of a mirror step, relative to |grad L|
DEFINITION = 1e-12  # of D_A against KL, relative to the terms of D_A's definition
LOCAL = 1e-4  # of a secant convexity against its limit
UNKNOWN = "not tested: the form of its conditions is in neither the slides nor the poster"
RUNS, SEARCH = "runs", "small data sets"


class Statement(NamedTuple):
    """A statement, the claims that it is part of, and its form: as printed, corrected, or ours;
    excess: of a path, by how much the left side exceeds the right in logarithms, largest over T;
    None where its hypothesis fails."""

    claims: str
    name: str
    form: str
    excess: Callable[[Path], float | None]


def _largest(left: Array, right: Array, scale: float) -> float | None:
    """The largest log(left / right); left sides that are round-off count for nothing."""
    known = (left > SMALL * scale) & np.isfinite(right)
    if not known.any():
        return None
    with np.errstate(divide="ignore"):
        return float(np.max(np.log(left[known]) - np.log(np.maximum(right[known], 1e-300))))


def _over(value: float | None, limit: float) -> float | None:
    """By how much a size exceeds its limit, in logarithms."""
    known = value is not None and np.isfinite(value)
    return float(np.log(max(value, 1e-300) / limit)) if known else None


def _mirror_step(path: Path) -> float | None:
    """4.1 and 5.1: grad A(theta^t+1) - grad A(theta^t) + grad L(theta^t) = 0, to RESIDUAL."""
    return _over(path.residual, RESIDUAL)


def _divergence(path: Path) -> float | None:
    """4.1: D_KL(theta, phi) = D_A(phi, theta), to DEFINITION."""
    return _over(path.definition, DEFINITION)


def _steps(order: int) -> Callable[[Path], float | None]:
    """4.2 (1): min over t <= T of D_A(theta^t+1, theta^t), or of the exchanged one, is at most
    (L(theta^1) - L*) / T."""

    def excess(path: Path) -> float | None:
        if path.steps is None or path.trace is None or path.trace.gap[0] <= 0:
            return None
        own, gap = path.steps[order], path.trace.gap[0]
        return _largest(np.minimum.accumulate(own), gap / np.arange(1, len(own) + 1), gap)

    return excess


def _sublinear(shift: int, *, exchanged: bool) -> Callable[[Path], float | None]:
    """4.2 (2): L(theta^T) - L* <= D / (T - shift) with D = D_A(theta^1, theta*), or with its
    arguments exchanged."""

    def excess(path: Path) -> float | None:
        own, alpha = path.trace, _convexity_of(path)
        size = None if own is None else own.bregman[0] if exchanged else path.start
        if size is None or alpha is None or alpha < 0:
            return None
        t = np.arange(1 + shift, len(own.gap) + 1)
        return _largest(own.gap[t - 1], size / (t - shift), size)

    return excess


def _along_the_run(path: Path) -> float | None:
    """The least secant convexity between an iterate and theta*."""
    return None if path.trace is None else float(path.trace.alpha.min(initial=1.0))


def _on_segments(path: Path) -> float | None:
    """The least 1 - lambda_max(M) on segments from iterates to theta*, the start's included."""
    return None if path.segments is None else float(path.segments[1].min())


def _convexity_of(path: Path) -> float | None:
    """The least relative convexity on segments, where that is known, or along the run."""
    return _along_the_run(path) if path.segments is None else _on_segments(path)


def _linear(
    shift: int,
    convexity: Callable[[Path], float | None] = _convexity_of,
    *,
    first: int = 1,
    divergence: bool = False,
) -> Callable[[Path], float | None]:
    """4.2 (3): L(theta^T) - L* <= (1 - alpha)^(T - shift) (L(theta^1) - L*) for T >= first, or the
    same of the divergence to theta*; convexity: what is taken for alpha."""

    def excess(path: Path) -> float | None:
        own, alpha = path.trace, convexity(path)
        if own is None or alpha is None:
            return None
        size = own.bregman if divergence else own.gap
        if not 0 < alpha <= 1 or size[0] <= 0:
            return None
        t = np.arange(max(first, 1 + shift), len(size) + 1)
        return _largest(size[t - 1], size[0] * (1 - alpha) ** (t - shift), size[0])

    return excess


def _convexity(path: Path) -> float | None:
    """B.2, if: D_L(theta*, theta) >= alpha D_A(theta*, theta) with alpha = 1 - lambda_max(M) at its
    least on the segment, where that is positive; to LOCAL."""
    if path.segments is None:
        return None
    ratio, least = path.segments
    known = (least > 0) & np.isfinite(ratio)
    shortfall = float(np.max(least[known] - ratio[known], initial=-np.inf))
    return _over(max(shortfall, 0.0), LOCAL) if known.any() else None


def _no_more(path: Path) -> float | None:
    """B.2, only if: along M's first eigenvector L is no more convex than 1 - lambda_max(M)."""
    if path.local is None:
        return None
    ratio, limit = path.local
    return _over(max(ratio - limit, 0.0), LOCAL)


STATEMENTS = (
    Statement("theorem_4_1", "Theorem 4.1", "as printed: a KL divergence is D_A", _divergence),
    Statement(
        "theorem_4_1 theorem_5_1", "Theorems 4.1 and 5.1",
        "as printed: a mirror step, no projection", _mirror_step,
    ),
    Statement("theorem_4_2_1", "Theorem 4.2 (1)", "as printed", _steps(0)),
    Statement("theorem_4_2_1", "Theorem 4.2 (1)", "with arguments exchanged", _steps(1)),
    Statement("theorem_4_2_2", "Theorem 4.2 (2)", "as printed", _sublinear(0, exchanged=False)),
    Statement(
        "theorem_4_2_2", "Theorem 4.2 (2)", "with arguments exchanged",
        _sublinear(0, exchanged=True),
    ),
    Statement(
        "theorem_4_2_2", "Theorem 4.2 (2)", "with arguments exchanged and T - 1 for T",
        _sublinear(1, exchanged=True),
    ),
    Statement("theorem_4_2_3", "Theorem 4.2 (3)", "as printed, T = 1 the start", _linear(0)),
    Statement("theorem_4_2_3", "Theorem 4.2 (3)", "as printed, from T = 2", _linear(0, first=2)),
    Statement("theorem_4_2_3", "Theorem 4.2 (3)", "with T - 1 for T", _linear(1)),
    Statement(
        "theorem_4_2_3", "Theorem 4.2 (3)", "with T - 1 for T, alpha along the run alone",
        _linear(1, _along_the_run),
    ),
    Statement(
        "theorem_4_2_3", "Theorem 4.2 (3)", "ours, of the divergence to theta*, with T - 1 for T",
        _linear(1, _along_the_run, divergence=True),
    ),
    Statement("theorem_b_2", "Theorem B.2", "as printed: if", _convexity),
    Statement("theorem_b_2", "Theorem B.2", "as printed: only if", _no_more),
)  # fmt: skip


def table(runs: Mapping[str, pd.DataFrame], seed: int, trials: int) -> pd.DataFrame:
    """Return COLUMNS: every statement on the runs of the grids, and in a search.

    runs: by experiment; trials: small data sets drawn. largest: of the excess, in logarithms."""
    searched = list(paths.cases(np.random.default_rng(seed), trials))
    recorded = list(paths.of_runs(runs))
    rows = []
    for own in STATEMENTS:
        rows.append(_row(own, RUNS, recorded))
        worse = _polished(own, searched)
        rows.append(_row(own, SEARCH, [path for _, path in searched], worse))
    unknown = {"claims": "theorem_b_4", "statement": "Theorem B.4", "form": PRINTED, "trials": 0}
    rows.append(unknown | {"violations": 0, "verdict": UNKNOWN})
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    own: Statement, tried_on: str, tried: Iterable[Path], more: Iterable[float] = ()
) -> dict[str, Any]:
    found = [value for path in tried if (value := own.excess(path)) is not None]
    found += list(more)
    violations = int(np.sum(np.array(found) > SLACK))
    said = f"violated in {violations} of {len(found)} trials"
    return {
        "claims": own.claims,
        "statement": own.name,
        "form": own.form,
        "tried_on": tried_on,
        "trials": len(found),
        "violations": violations,
        "largest": max(found, default=np.nan),
        "verdict": said if violations else no_violation(len(found)),
    }


def _polished(own: Statement, searched: list[tuple[Case, Path]]) -> list[float]:
    """What the cases nearest to a violation come to where it is maximised over data and start."""
    known = [(value, case) for case, path in searched if (value := own.excess(path)) is not None]
    known.sort(key=lambda item: -item[0])
    found = []
    for _, case in known[:POLISHED]:

        def short(numbers: Array, case: Case = case) -> float:
            path = paths.run(case._replace(numbers=numbers))
            value = None if path is None else own.excess(path)
            return 1e3 if value is None else -value

        options = {"maxfev": POLISHING, "xatol": 1e-6, "fatol": 1e-9}
        best = minimize(short, case.numbers, method="Nelder-Mead", options=options)
        found.append(float(-best.fun))
    return found
