"""Newton's method on L: |eigenvalues| of Hess L, steps capped and halved, factors used again.

A Hessian takes some ten gradients' time: its factor serves while a step makes the gradient, in the
norm g'|H|^-1 g, ten times smaller. Where H has a negative eigenvalue and the gradient vanishes (a
saddle) it leaves along the eigenvector.
"""

from dataclasses import dataclass

import numpy as np

from emmoe.mixture.blocks import ROUND_OFF
from emmoe.mixture.families.base import Array
from emmoe.mixture.information import hessian
from emmoe.mixture.model import Mixture

STEPS = 100  # Hessians at most
REFINEMENTS = 3  # steps after the decrement is small enough
HALVINGS = 40
SMALLEST = 1e-13  # of an |eigenvalue|, relative to the largest
SADDLE = -1e-9  # an eigenvalue below it, relative to the largest, is negative
VANISHING = 1e-7  # of an eigenvalue, relative to the largest: L may have no maximum along it
NUDGE = 0.1  # the length of a step off a saddle, in whitened units
Place = tuple[Array, float, Array]  # theta, L and its gradient


@dataclass(frozen=True, eq=False)
class Factor:
    """Eigenvalues, rising, and eigenvectors of Hess L."""

    values: Array
    vectors: Array

    def solve(self, gradient: Array) -> Array:
        """Return |H|^-1 g."""
        size = np.abs(self.values)
        size = np.maximum(size, max(SMALLEST * size.max(), np.finfo(float).tiny))
        return self.vectors @ ((self.vectors.T @ gradient) / size)

    def vanishing(self, theta: Array) -> Array:
        """Return the part of theta along eigenvectors whose eigenvalue is next to 0."""
        along = self.vectors[:, np.abs(self.values) < VANISHING * np.abs(self.values).max()]
        return along @ (along.T @ theta)

    @property
    def definite(self) -> bool:
        """Whether L rises along all eigenvectors, none next to flat."""
        return bool(self.values[0] > VANISHING * self.values[-1])

    @property
    def saddle(self) -> bool:
        """Whether L falls along some eigenvector."""
        return bool(self.values[0] < SADDLE * abs(self.values[-1]))


@dataclass(frozen=True, eq=False)
class Point:
    """Where Newton's method ended: L, its gradient, the decrement g'|H|^-1 g in nats of the sample,
    whether log s hit its floor, whether it ended for good, and the last factor of Hess L."""

    theta: Array
    loss: float
    gradient: Array
    decrement: float
    floored: bool
    converged: bool
    factor: Factor


def maximise(
    model: Mixture, theta: Array, floor: float, tolerance: float, known: Factor | None = None
) -> Point:
    """Return a minimiser of L near theta; log s below `floor` ends it, tolerance is in nats.

    The first steps are by a factor that is `known`, that of Hess L on a part of the rows, if that
    part tells all parameters. Where L has no curvature that is a number, it ends."""
    at: Place = theta, *model.loss_and_gradient(theta)
    if known is not None and known.definite:
        at, decrement, state = _with_factor(model, known, at, floor, tolerance)
        if state == "floored":
            return Point(*at, decrement, True, True, known)
    for _ in range(STEPS):
        curvature = hessian(model, at[0])
        if not np.isfinite(curvature).all():
            return Point(*at, np.inf, False, False, Factor(np.ones(theta.size), np.eye(theta.size)))
        factor = Factor(*np.linalg.eigh(curvature))
        at, decrement, state = _with_factor(model, factor, at, floor, tolerance)
        if state == "floored" or (state == "converged" and not factor.saddle):
            return Point(*at, decrement, state == "floored", True, factor)
        if state == "converged":
            theta = _leave(model, at[0], factor)
            at = theta, *model.loss_and_gradient(theta)
        elif state == "stalled":
            break
    return Point(*at, decrement, False, decrement <= tolerance, factor)


def _with_factor(
    model: Mixture, factor: Factor, at: Place, floor: float, tolerance: float
) -> tuple[Place, float, str]:
    """Take steps with one factor while each makes the gradient ten times smaller.

    Return where they end, the decrement, and "converged", "floored", "stalled" or "spent"."""
    theta, loss, gradient = at
    step = -factor.solve(gradient)
    decrement = -float(step @ gradient)
    first = True
    while True:
        if decrement * model.sample.total <= tolerance:
            return *_refined(model, factor, (theta, loss, gradient)), "converged"
        found = _search(model, theta, _capped(model, theta, step), loss, gradient, decrement)
        if found is None:
            state = "stalled" if first else "spent"
            return (theta, loss, gradient), decrement * model.sample.total, state
        theta, loss, gradient = found
        if model.layout.scale and model.layout.split(theta)[2].min() <= floor:
            return found, np.inf, "floored"
        before, first = decrement, False
        step = -factor.solve(gradient)
        decrement = -float(step @ gradient)
        done = decrement * model.sample.total <= tolerance
        if not (done or decrement <= 0.01 * before < np.inf):
            return found, decrement * model.sample.total, "spent"


def _refined(model: Mixture, factor: Factor, at: Place) -> tuple[Place, float]:
    """Return where a few more steps lead, down to where round-off stops them, and the decrement in
    nats: what comes of equal problems then agrees to eight digits and more."""
    theta, loss, gradient = at
    for _ in range(REFINEMENTS):
        step = -factor.solve(gradient)
        new_loss, new_gradient = model.loss_and_gradient(theta + step)
        if not np.linalg.norm(new_gradient) < 0.3 * np.linalg.norm(gradient):
            break
        theta, loss, gradient = theta + step, new_loss, new_gradient
    decrement = float(gradient @ factor.solve(gradient))
    return (theta, loss, gradient), decrement * model.sample.total


def _capped(model: Mixture, theta: Array, step: Array) -> Array:
    """Return the step with logits changed by at most twice the largest and 5, log s by 1."""
    layout = model.layout
    limit = 2 * model.longest_row(theta) + 5 / model.sample.reach
    ratio = model.longest_row(step) / limit
    if layout.scale:
        ratio = max(ratio, float(np.abs(layout.split(step)[2]).max()))
    return step / max(ratio, 1.0)


def _search(
    model: Mixture, theta: Array, step: Array, loss: float, gradient: Array, gain: float
) -> Place | None:
    """Return theta, L and its gradient after the first halving that lowers L, or None; where
    round-off hides the gain, the gradient must fall instead."""
    hidden = gain < ROUND_OFF * (1 + abs(loss))
    for _ in range(1 if hidden else HALVINGS):
        new_loss, new_gradient = model.loss_and_gradient(theta + step)
        lower = new_loss <= loss + 1e-4 * float(gradient @ step)
        if hidden:
            lower = np.abs(new_gradient).max() < np.abs(gradient).max()
        if lower:
            return theta + step, new_loss, new_gradient
        step = step / 2
    return None


def _leave(model: Mixture, theta: Array, factor: Factor) -> Array:
    """Return the lower of the two points beside a saddle, along its steepest direction down."""
    step = NUDGE * factor.vectors[:, 0]
    return min((theta + step, theta - step), key=model.loss)
