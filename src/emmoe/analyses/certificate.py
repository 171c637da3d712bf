"""Whether a run of EM was mirror descent: the residual of each step, the identities, and controls.

Legend: t+ the EM step from t, A the mirror map, L the loss; see `emmoe.theory.mirror`. A step is
resolved while |grad L(theta_t)| > RESOLVED: below, round-off in theta itself shows. Checked are the
steps t = 0, 1, 2, 4, 8, ... and the last resolved ones; the identities at t = 0, 1, 2, 4, 8, ...
with u the truth. It certifies the code, not the theorem.
"""

import numpy as np

from emmoe.fit import Run
from emmoe.models.base import Array
from emmoe.models.symmetric import SymmetricModel
from emmoe.registry import name_of
from emmoe.theory.mirror import (
    identity_1,
    identity_2,
    independent_gradient,
    mirror_gradient_change,
)

RESOLVED = 1e-7
COLUMNS = (
    "mirror_residual",
    "mirror_steps",
    "identity_1",
    "identity_2",
    "control_half_step",
    "control_gradient_step",
    "control_no_step",
    "secant_convexity",
    "secant_smoothness",
)


def analyse(run: Run) -> dict[str, float]:
    """Return the certificate of a run of EM on a symmetric model; NaN and 0 steps for others.

    mirror_residual: the largest |grad A(t+) - grad A(t) + grad L(t)| / |grad L(t)| of the
    mirror_steps steps checked. control_*: the smallest residual when half the step, a step of
    gradient descent with step size 1, or no step takes t+'s place: all must fail the check.
    identity_*: the largest residual of I1 and I2 relative to their terms (I2 needs a truth).
    secant_*: the smallest and largest <grad L(t+) - grad L(t), t+ - t> over
    <grad A(t+) - grad A(t), t+ - t>, a ratio of symmetrised Bregman divergences. L is smooth and
    alpha-strongly convex relative to A along the path only if they lie within [alpha, 1]."""
    columns = dict.fromkeys(COLUMNS, np.nan) | {"mirror_steps": 0.0}
    if not (name_of(run.fitter) == "em" and isinstance(run.model, SymmetricModel)):
        return columns
    checked = _checked(run)
    if checked:
        columns |= _steps(run.model, run.thetas, checked)
    return columns | _identities(run)


def _checked(run: Run) -> list[int]:
    """Return the steps to check: 0, 1, 2, 4, 8, ... and the last four that are resolved, which are
    the hardest, since their residual is held against the smallest gradients."""
    resolved = lambda t: np.linalg.norm(independent_gradient(run.model, run.thetas[t])) > RESOLVED  # noqa: E731
    low, high = -1, len(run.thetas) - 1
    while high - low > 1:  # EM's gradients fall, but for the first few steps
        middle = (low + high) // 2
        low, high = (middle, high) if resolved(middle) else (low, middle)
    sparse = {t for t in range(low + 1) if t & (t - 1) == 0}
    return sorted(t for t in sparse | set(range(max(low - 3, 0), low + 1)) if resolved(t))


def _steps(model: SymmetricModel, thetas: Array, checked: list[int]) -> dict[str, float]:
    """Return the columns that need the steps from theta_t, t in checked."""
    rows = np.array([_step(model, thetas[t : t + 2]) for t in checked])
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


def _step(model: SymmetricModel, thetas: Array) -> list[float]:
    """Return the residuals of a step and its three controls, and the secant ratio, from theta_t and
    theta_t+1, (2, p)."""
    old, new = thetas
    gradient, next_gradient = (independent_gradient(model, theta) for theta in thetas)
    points = [new, (old + new) / 2, old - gradient, old]
    changes = [mirror_gradient_change(model, point, old) for point in points]
    residuals = np.linalg.norm(np.array(changes) + gradient, axis=1) / np.linalg.norm(gradient)
    return [*residuals, (next_gradient - gradient) @ (new - old) / (changes[0] @ (new - old))]


def _identities(run: Run) -> dict[str, float]:
    """Return the largest relative residuals of I1 and I2."""
    steps = [t for t in range(len(run.thetas) - 1) if t & (t - 1) == 0]
    pairs = [(run.thetas[t], run.thetas[t + 1]) for t in steps]
    found = {"identity_1": [identity_1(run.model, *pair) for pair in pairs]}
    if run.truth is not None:
        found["identity_2"] = [identity_2(run.model, run.truth, *pair) for pair in pairs]
    return {name: max(values) for name, values in found.items() if values}
