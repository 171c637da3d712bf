"""Paths of EM that the paper's theorems are tried on: runs on record, and small searched cases.

theta^1 is the start; L* is the loss at theta*, the optimum that the run leads to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from emmoe.fitters.em import EM
from emmoe.models.objective import Array
from emmoe.models.regression import Sample
from emmoe.models.symmetric import SymmetricModel
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.store.errors import EmmoeError
from emmoe.theory import bounds, mirror
from emmoe.theory.bounds import Trace
from emmoe.theory.information import spectrum
from emmoe.theory.optimum import nearest, settle

STEPS = 12  # of EM, in a case
MODELS: tuple[type[SymmetricModel], ...] = (SymmetricLinear, SymmetricLogistic)
RESOLVED = 1e-6  # |grad L| of a step whose residual is not the M-step's own 1e-14
ON_SEGMENT = 9  # points at which the largest eigenvalue is looked for, before it is refined
STRIDE = 1e-4  # of the secants that stand for a derivative: the largest change of a logit


class Path(Protocol):
    """What a statement may ask of a path; None: not known of it."""

    @property
    def trace(self) -> Trace | None:
        """Gaps, divergences to theta* and secant convexities."""

    @property
    def start(self) -> float | None:
        """D_A(theta^1, theta*)."""

    @property
    def residual(self) -> float | None:
        """The largest residual of its mirror steps, relative to |grad L|."""

    @property
    def steps(self) -> tuple[Array, Array] | None:
        """D_A(theta^t+1, theta^t) and D_A(theta^t, theta^t+1), each (T - 1,)."""

    @property
    def definition(self) -> float | None:
        """The largest difference of D_A by its definition from the mean KL divergence."""

    @property
    def segments(self) -> tuple[Array, Array] | None:
        """D_L / D_A of theta* from some iterates, and 1 - lambda_max(M) at its least between."""

    @property
    def local(self) -> tuple[float, float] | None:
        """D_L / D_A next to the start along M's first eigenvector, and 1 - lambda_max(M) there."""


class Recorded(NamedTuple):
    """A run on record."""

    trace: Trace | None
    residual: float | None = None
    start: None = None
    steps: None = None
    definition: None = None
    segments: None = None
    local: None = None


class Case(NamedTuple):
    """A small data set with a start: numbers (n d + n + 2 d,) that a search may move."""

    model: type[SymmetricModel]
    size: tuple[int, int]
    numbers: Array


@dataclass(frozen=True, eq=False)
class Searched:
    """EM's path on a case: iterates (STEPS, p) and the certified optimum that they lead to."""

    model: SymmetricModel
    thetas: Array
    optimum: Array

    @cached_property
    def trace(self) -> Trace | None:
        model, optimum = self.model, self.optimum
        gradient = model.loss_and_gradient(optimum)[1]
        gap = [
            mirror.loss_bregman(model, t, optimum) + gradient @ (t - optimum) for t in self.thetas
        ]
        if min(gap) < 0:  # EM goes below it: not where the run leads
            return None
        size = [mirror.bregman(model, optimum, t) for t in self.thetas]
        alpha = [mirror.secant_alpha(model, optimum, t) for t in self.thetas]
        lists = dict(zip(bounds.LISTS, (gap, size, alpha, [np.nan] * len(gap)), strict=True))
        found = bounds.trace(lists)
        return found if len(found.gap) > 1 else None

    @cached_property
    def start(self) -> float:
        return mirror.bregman(self.model, self.thetas[0], self.optimum)

    @cached_property
    def residual(self) -> float | None:
        found = []
        for old, new in pairwise(self.thetas):
            gradient = mirror.independent_gradient(self.model, old)
            if np.linalg.norm(gradient) > RESOLVED:
                found.append(mirror.mirror_residual(self.model, old, new, gradient))
        return max(found, default=None)

    @cached_property
    def steps(self) -> tuple[Array, Array]:
        pairs = list(pairwise(self.thetas))
        forth = np.array([mirror.bregman(self.model, new, old) for old, new in pairs])
        return forth, np.array([mirror.bregman(self.model, old, new) for old, new in pairs])

    @cached_property
    def definition(self) -> float:
        return max(self._defined(theta) for theta in self.thetas[:4])

    def _defined(self, theta: Array) -> float:
        """|A(u) - A(t) - <grad A(t), u - t> - KL| over the sizes of its terms; u the optimum."""
        of_u, of_t = (self.model.mirror_map(point) for point in (self.optimum, theta))
        slope = self.model.mirror_gradient(theta) @ (self.optimum - theta)
        divergence = mirror.bregman(self.model, self.optimum, theta)
        return abs(of_u - of_t - slope - divergence) / (abs(of_u) + abs(of_t) + abs(slope))

    @cached_property
    def segments(self) -> tuple[Array, Array]:
        starts = self.thetas[[0, 1, 3]]
        ratio = [mirror.secant_alpha(self.model, self.optimum, theta) for theta in starts]
        return np.array(ratio), np.array([1 - self._largest(theta) for theta in starts])

    def _largest(self, theta: Array) -> float:
        """lambda_max(M) at its largest between theta and the optimum."""

        def negative(share: float) -> float:
            return -_top(self.model, theta + share * (self.optimum - theta))

        grid = np.linspace(0, 1, ON_SEGMENT)
        values = [negative(share) for share in grid]
        best = int(np.argmin(values))
        around = (grid[max(best - 1, 0)], grid[min(best + 1, ON_SEGMENT - 1)])
        refined = minimize_scalar(negative, bounds=around, method="bounded")
        return -min(float(refined.fun), values[best])

    @cached_property
    def local(self) -> tuple[float, float]:
        theta = self.thetas[0]
        values, vectors = spectrum(self.model, theta)
        step = STRIDE * vectors[:, 0] / max(np.abs(part).max() for part in self._logits(vectors))
        sides = [mirror.secant_alpha(self.model, theta + s * step, theta) for s in (-1, 1)]
        return float(np.mean(sides)), float(1 - values[0])

    def _logits(self, vectors: Array) -> tuple[Array, Array]:
        """x'beta and x'w along the first eigenvector."""
        return tuple(self.model.sample.x @ part for part in mirror.halves(vectors[:, 0]))


def _top(model: SymmetricModel, theta: Array) -> float:
    return float(spectrum(model, theta)[0][0])


def run(case: Case) -> Searched | None:
    """Return EM's path on a case; None where it leads to no certified optimum."""
    (n, d), numbers = case.size, case.numbers
    x, y, start = numbers[: n * d].reshape(n, d), numbers[n * d : -2 * d], numbers[-2 * d :]
    try:
        targets = y if case.model is SymmetricLinear else np.where(y > 0, 1.0, -1.0)
        model = case.model().bind(Sample(x, targets))
        states = EM().iterate(model, start)
        thetas = np.array([next(states).theta for _ in range(STEPS)])
        settled = settle(model, thetas[-1])
        if not settled.certified or not np.isfinite(thetas).all():
            return None
        found = Searched(model, thetas, nearest(model, settled, thetas[-1]).theta)
        _top(model, start)  # Hess A is regular where the search begins
    except (EmmoeError, np.linalg.LinAlgError):  # no such sample, or a singular M-step
        return None
    return found if found.trace is not None else None


def cases(rng: np.random.Generator, count: int) -> Iterator[tuple[Case, Searched]]:
    """Yield random cases whose path leads to an optimum, of `count` drawn."""
    for _ in range(count):
        n, d = int(rng.integers(2, 9)), int(rng.integers(1, 3))
        numbers = rng.standard_normal(n * d + n + 2 * d) * rng.choice([0.3, 1.0, 3.0])
        case = Case(MODELS[rng.integers(len(MODELS))], (n, d), numbers)
        path = run(case)
        if path is not None:
            yield case, path


def of_runs(runs: Mapping[str, pd.DataFrame]) -> Iterator[Recorded]:
    """Yield the runs of EM that lead to an optimum: with bounds on record, with residuals."""
    for own in runs.values():
        kept = own[(own["fitter"] == "em") & (own["outcome"] == "optimum")] if len(own) else own
        for row in kept.to_dict("records"):
            found = bounds.trace(row) if "bound_alpha" in row else None
            known = found if found is not None and len(found.gap) > 1 else None
            yield Recorded(known, row.get("mirror_residual"))
