"""Profile-likelihood intervals: what to use where Wald's are too short.

The interval of a parameter psi is where 2 (L_max - max over the others of L) stays below the
chi-squared quantile. Its ends are found by the secant method on the signed root of that difference,
which is nearly linear in psi; the inner maximum by Newton's method, from the last one.
"""

import numpy as np
from scipy.linalg import null_space
from scipy.stats import norm

from emmoe.mixture import penalty, sample
from emmoe.mixture.families.base import Array
from emmoe.mixture.fitted import Fitted
from emmoe.mixture.information import hessian
from emmoe.mixture.maximise import Factor
from emmoe.mixture.model import Mixture
from emmoe.mixture.predict import check_level
from emmoe.mixture.problem import Problem
from emmoe.store.errors import DataError

STEPS = 50
HALVINGS = 30
CLOSE = 1e-6  # of the signed root to its quantile
SOLVED = 1e-12  # decrement in nats of an inner maximum
REACH = 50.0  # standard errors beyond which an end counts as infinite


def profile_interval(
    problem: Problem, fitted: Fitted, index: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the ends for entry `index` of `theta_given`, of the problem that was fitted.

    An end is infinite where the likelihood never falls enough. Raises DataError for a fit that is
    no maximum, or a column that was dropped."""
    check_level(level)
    form = fitted.jacobian[index]
    error = np.sqrt(form @ fitted.covariance @ form)
    if fitted.status != "maximum" or not error > 0:
        raise DataError("profile-likelihood intervals need a maximum, and a column that was kept")
    model = model_of(problem, fitted)
    quantile = norm.ppf((1 + level) / 2)
    lengths = [_length(model, fitted, form, side * error, quantile) for side in (-1, 1)]
    estimate = fitted.theta_given[index]
    return float(estimate + lengths[0]), float(estimate + lengths[1])


def model_of(problem: Problem, fitted: Fitted) -> Mixture:
    """Return the model of the fit, on its data."""
    data = sample.make(problem.checked())
    if data.gate.design.basis.shape != fitted.gate_design.basis.shape:
        raise DataError("this is not the problem that was fitted")
    found = penalty.make(fitted.layout, data, fitted.alpha, fitted.variance_penalty, fitted.pooled)
    return Mixture(data, fitted.layout, found)


def _length(model: Mixture, fitted: Fitted, form: Array, error: float, quantile: float) -> float:
    """Return how far the end is from the estimate, with its sign (`error` has it)."""
    best, theta = model.loss(fitted.theta), fitted.theta
    others = null_space(form[None])
    path = fitted.covariance @ form / error**2  # d theta / d psi along the profile, at the estimate
    before, length, root = 0.0, quantile * error, 0.0
    for _ in range(STEPS):
        theta = _constrained(model, theta + path * (length - before), others)
        gap = 2 * model.sample.total * (model.loss(theta) - best)
        last, root = root, np.sqrt(max(gap, 0.0))
        if abs(root - quantile) <= CLOSE:
            return length
        slope = (root - last) / (length - before)
        ahead = (quantile - root) / slope if slope * error > 0 else length
        limit = abs(length)
        before, length = length, length + float(np.clip(ahead, -limit / 2, limit))
        if abs(length) > REACH * abs(error):
            return np.copysign(np.inf, error)
    return np.nan


def _constrained(model: Mixture, theta: Array, others: Array) -> Array:
    """Return theta moved within the span of `others` (D, D - 1) to the smallest loss."""
    loss, gradient = model.loss_and_gradient(theta)
    for _ in range(STEPS):
        factor = Factor(*np.linalg.eigh(others.T @ hessian(model, theta) @ others))
        slope = others.T @ gradient
        step = -others @ factor.solve(slope)
        decrement = -float(step @ gradient)
        if decrement * model.sample.total <= SOLVED:
            break
        for _ in range(HALVINGS):
            new, new_gradient = model.loss_and_gradient(theta + step)
            if new <= loss:
                break
            step = step / 2
        else:
            break
        theta, loss, gradient = theta + step, new, new_gradient
    return theta
