"""Whether a run of EM was mirror descent: the residual of each step, the identities, and controls.

Legend: t+ the EM step from t, A the mirror map, L the loss; see `emmoe.theory.mirror`. A step is
resolved while |grad L(theta_t)| > RESOLVED: below, round-off in theta itself shows. Checked are the
steps t = 0, 1, 4, 16, ... and the last resolved ones; the identities at t = 0, 1, 4, 16, ... with
u the truth. It certifies the code, not the theorem.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from emmoe.lab.fit import Run
from emmoe.models.objective import Column
from emmoe.models.symmetric import SymmetricModel
from emmoe.theory.mirror import Point, identities, mirror_gradient_change

RESOLVED = 1e-7
NEEDS = SymmetricModel
COLUMNS = (
    Column("mirror_residual", "largest residual of a mirror step, relative to |grad L|"),
    Column("mirror_steps", "steps checked", "iterations"),
    Column("identity_1", "largest residual of I1, relative to its terms"),
    Column("identity_2", "largest residual of I2, relative to its terms"),
    Column("control_half_step", "smallest residual of half the step"),
    Column("control_gradient_step", "smallest residual of a gradient step"),
    Column("control_no_step", "smallest residual of no step"),
    Column("secant_convexity", "smallest ratio of symmetrised Bregman divergences"),
    Column("secant_smoothness", "largest ratio of symmetrised Bregman divergences"),
)


def analyse(run: Run) -> dict[str, float]:
    """Return the certificate of a run of EM; NaN and 0 steps for other fitters.

    mirror_residual: the largest |grad A(t+) - grad A(t) + grad L(t)| / |grad L(t)| of the
    mirror_steps steps checked. control_*: the smallest residual when half the step, a step of
    gradient descent with step size 1, or no step takes t+'s place: all must fail the check.
    identity_*: the largest residual of I1 and I2 relative to their terms (I2 needs a truth).
    secant_*: the smallest and largest <grad L(t+) - grad L(t), t+ - t> over
    <grad A(t+) - grad A(t), t+ - t>, a ratio of symmetrised Bregman divergences. L is smooth and
    alpha-strongly convex relative to A along the path only if they lie within [alpha, 1]."""
    columns = {column.name: np.nan for column in COLUMNS} | {"mirror_steps": 0.0}
    if not run.fitter.mirror_step:
        return columns
    points, checked = cache(lambda t: Point(run.model, run.thetas[t])), _checked(run)
    if checked:
        columns |= _steps(points, checked)
    return columns | _identities(points, run)


def _checked(run: Run) -> list[int]:
    """Return the steps to check: 0, 1, 4, 16, ... and the last four that are resolved, which are
    the hardest, since their residual is held against the smallest gradients."""

    def resolved(t: int) -> bool:
        return np.linalg.norm(run.model.loss_and_gradient(run.thetas[t])[1]) > RESOLVED

    low, high = -1, len(run.thetas) - 1
    while high - low > 1:  # EM's gradients fall, but for the first few steps
        middle = (low + high) // 2
        low, high = (middle, high) if resolved(middle) else (low, middle)
    chosen = {*_sparse(low + 1), *range(max(low - 3, 0), low + 1)}
    return sorted(t for t in chosen if resolved(t))


def _sparse(stop: int) -> list[int]:
    """Return 0, 1, 4, 16, ... below stop."""
    return [t for t in (0, *(4**k for k in range(stop.bit_length()))) if t < stop]


def _steps(points: Callable[[int], Point], checked: list[int]) -> dict[str, float]:
    """Return the columns that need the steps from theta_t, t in checked."""
    rows = np.array([_step(points(t), points(t + 1)) for t in checked])
    largest, smallest = rows.max(axis=0), rows.min(axis=0)
    return {
        "mirror_residual": largest[0],
        "mirror_steps": float(len(checked)),
        "control_half_step": smallest[1],
        "control_gradient_step": smallest[2],
        "control_no_step": smallest[3],
        "secant_convexity": smallest[4],
        "secant_smoothness": largest[4],
    }


def _step(before: Point, after: Point) -> list[float]:
    """Return the residuals of a step and its three controls, and the secant ratio."""
    old, new = before.theta, after.theta
    gradient, next_gradient = before.loss_and_gradient[1], after.loss_and_gradient[1]
    points = np.stack([new, (old + new) / 2, old - gradient, old])
    changes = mirror_gradient_change(before.model, points, old)
    residuals = np.linalg.norm(changes + gradient, axis=1) / np.linalg.norm(gradient)
    return [*residuals, (next_gradient - gradient) @ (new - old) / (changes[0] @ (new - old))]


def _identities(points: Callable[[int], Point], run: Run) -> dict[str, float]:
    """Return the largest relative residuals of I1 and I2."""
    truth = None if run.truth is None else Point(run.model, run.truth)
    pairs = [(points(t), points(t + 1)) for t in _sparse(len(run.thetas) - 1)]
    found = np.array([identities(*pair, truth) for pair in pairs] or [(np.nan, np.nan)])
    return dict(zip(("identity_1", "identity_2"), found.max(axis=0), strict=True))
