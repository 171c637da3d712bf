"""The paper's theorems as printed, tried on runs and by a search for counterexamples.

theta^1 is the start, so T = 1 is before any step; L* the loss at theta*, the optimum that the run
leads to; D_A the mirror map's divergence, in (2) of theta* from theta^1. A hypothesis is taken
along the run, between its iterates and theta*: weaker than on a set, so that a violation may be of
a case that a theorem leaves out, and none is missed. A finite test finds no violation in so many
trials: it proves nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from emmoe.fitters.em import EM
from emmoe.models.objective import Array
from emmoe.models.regression import Sample
from emmoe.models.symmetric import SymmetricModel
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.store.errors import EmmoeError
from emmoe.theory.bounds import Trace, trace
from emmoe.theory.mirror import bregman, loss_bregman, secant_alpha
from emmoe.theory.optimum import nearest, settle

COLUMNS = ["statement", "form", "tried_on", "trials", "violations", "largest", "verdict"]
STEPS = 12  # of EM, in the search
TRIALS, POLISHED, POLISHING = 600, 6, 150  # data sets; those whose violation is maximised, how far
SLACK = 1e-8  # of a bound, in logarithms: round-off
SMALL = 1e-9  # of the first gap: below that, a gap is round-off
MODELS: tuple[type[SymmetricModel], ...] = (SymmetricLinear, SymmetricLogistic)


class Path(NamedTuple):
    """A run and, where they are known, the divergences of its steps D_A(theta^t+1, theta^t)."""

    trace: Trace
    steps: Array | None = None


class Statement(NamedTuple):
    """A statement and its form: as printed, mended, or ours; excess: of a path, by how much the
    left side exceeds the right in logarithms, largest over T; None where its hypothesis fails."""

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


def _steps(path: Path) -> float | None:
    """4.2 (1): min over t <= T of D_A(theta^t+1, theta^t) <= (L(theta^1) - L*) / T."""
    if path.steps is None or path.trace.gap[0] <= 0:
        return None
    t = np.arange(1, len(path.steps) + 1)
    return _largest(np.minimum.accumulate(path.steps), path.trace.gap[0] / t, path.trace.gap[0])


def _sublinear(shift: int) -> Callable[[Path], float | None]:
    """4.2 (2): L(theta^T) - L* <= D_A(theta*, theta^1) / (T - shift)."""

    def excess(path: Path) -> float | None:
        own = path.trace
        if not (own.alpha >= 0).all():
            return None
        t = np.arange(1 + shift, len(own.gap) + 1)
        return _largest(own.gap[t - 1], own.bregman[0] / (t - shift), own.bregman[0])

    return excess


def _linear(shift: int, divergence: bool = False) -> Callable[[Path], float | None]:
    """4.2 (3): L(theta^T) - L* <= (1 - alpha)^(T - shift) (L(theta^1) - L*), or the same of the
    divergence to theta*."""

    def excess(path: Path) -> float | None:
        own, alpha = path.trace, float(path.trace.alpha.min(initial=1.0))
        size = own.bregman if divergence else own.gap
        if not 0 < alpha <= 1 or size[0] <= 0:
            return None
        t = np.arange(1 + shift, len(size) + 1)
        return _largest(size[t - 1], size[0] * (1 - alpha) ** (t - shift), size[0])

    return excess


STATEMENTS = (
    Statement("Theorem 4.2 (1)", "as printed", _steps),
    Statement("Theorem 4.2 (2)", "as printed", _sublinear(0)),
    Statement("Theorem 4.2 (2)", "mended: T - 1", _sublinear(1)),
    Statement("Theorem 4.2 (3)", "as printed", _linear(0)),
    Statement("Theorem 4.2 (3)", "mended: exponent T - 1", _linear(1)),
    Statement("Theorem 4.2 (3)", "ours: divergence, T - 1", _linear(1, divergence=True)),
)


def table(runs: Mapping[str, pd.DataFrame] | str, seed: int) -> pd.DataFrame:
    """Return COLUMNS: every statement on the runs of the grids, and in the search.

    runs: by experiment, or why there are none. largest: of the excess, in logarithms."""
    searched = list(_searched(np.random.default_rng(seed)))
    rows = []
    for own in STATEMENTS:
        if isinstance(runs, str):
            why = f"not tested: {runs}"
            rows.append(
                {"statement": own.name, "form": own.form, "tried_on": "runs", "verdict": why}
            )
        else:
            rows.append(_row(own, "runs", _of_runs(runs)))
        worse = _polished(own, searched)
        rows.append(_row(own, "small data sets", [path for _, path in searched], worse))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    own: Statement, tried_on: str, paths: Iterable[Path], more: Iterable[float] = ()
) -> dict[str, Any]:
    found = [value for path in paths if (value := own.excess(path)) is not None]
    found += list(more)
    violations = int(np.sum(np.array(found) > SLACK))
    said = f"violated in {violations} of {len(found)} trials"
    return {
        "statement": own.name,
        "form": own.form,
        "tried_on": tried_on,
        "trials": len(found),
        "violations": violations,
        "largest": max(found, default=np.nan),
        "verdict": said if violations else _none(len(found)),
    }


def _none(trials: int) -> str:
    return f"no violation in {trials} trials" if trials else "not tested: its hypothesis never held"


def _of_runs(runs: Mapping[str, pd.DataFrame]) -> Iterator[Path]:
    """The runs of EM that lead to an optimum and have their bounds on record."""
    for own in runs.values():
        if "bound_alpha" in own:
            kept = own[(own["fitter"] == "em") & (own["outcome"] == "optimum")]
            for run in kept.to_dict("records"):
                found = trace(run)
                if len(found.gap) > 1:
                    yield Path(found)


class Case(NamedTuple):
    """A small data set with a start: numbers (n d + n + 2 d,) that a search may move."""

    model: type[SymmetricModel]
    size: tuple[int, int]
    numbers: Array


def _searched(rng: np.random.Generator) -> Iterator[tuple[Case, Path]]:
    for _ in range(TRIALS):
        n, d = int(rng.integers(2, 9)), int(rng.integers(1, 3))
        numbers = rng.standard_normal(n * d + n + 2 * d) * rng.choice([0.3, 1.0, 3.0])
        case = Case(MODELS[rng.integers(len(MODELS))], (n, d), numbers)
        path = run(case)
        if path is not None:
            yield case, path


def run(case: Case) -> Path | None:
    """Return EM's path on a case; None where it leads to no certified optimum."""
    (n, d), numbers = case.size, case.numbers
    x, y, start = numbers[: n * d].reshape(n, d), numbers[n * d : -2 * d], numbers[-2 * d :]
    try:
        targets = y if case.model is SymmetricLinear else np.where(y > 0, 1.0, -1.0)
        model = case.model().bind(Sample(x, targets))
        states = EM().iterate(model, start)
        thetas = np.array([next(states).theta for _ in range(STEPS)])
        settled = settle(model, thetas[-1])
    except (EmmoeError, np.linalg.LinAlgError):  # no such sample, or a singular M-step
        return None
    if not settled.certified or not np.isfinite(thetas).all():
        return None
    return _path(model, thetas, nearest(model, settled, thetas[-1]).theta)


def _path(model: SymmetricModel, thetas: Array, optimum: Array) -> Path | None:
    gradient = model.loss_and_gradient(optimum)[1]
    gap = [loss_bregman(model, t, optimum) + gradient @ (t - optimum) for t in thetas]
    if min(gap) < 0:  # EM goes below it: not where the run leads
        return None
    size = [bregman(model, optimum, t) for t in thetas]
    alpha = [secant_alpha(model, optimum, t) for t in thetas]
    lists = dict(
        zip(("bound_gap", "bound_bregman", "bound_alpha"), (gap, size, alpha), strict=True)
    )
    found = trace(lists | {"bound_lambda": [np.nan] * len(gap)})
    steps = [bregman(model, b, a) for a, b in pairwise(thetas)]
    return Path(found, np.array(steps)) if len(found.gap) > 1 else None


def _polished(own: Statement, searched: list[tuple[Case, Path]]) -> list[float]:
    """What the cases nearest to a violation come to where it is maximised over data and start."""
    known = [(value, case) for case, path in searched if (value := own.excess(path)) is not None]
    known.sort(key=lambda item: -item[0])
    found = []
    for _, case in known[:POLISHED]:

        def short(numbers: Array, case: Case = case) -> float:
            path = run(case._replace(numbers=numbers))
            value = None if path is None else own.excess(path)
            return 1e3 if value is None else -value

        options = {"maxfev": POLISHING, "xatol": 1e-6, "fatol": 1e-9}
        best = minimize(short, case.numbers, method="Nelder-Mead", options=options)
        found.append(float(-best.fun))
    return found
