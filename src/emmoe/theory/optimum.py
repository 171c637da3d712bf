"""Stationary points to full precision, and what certifies them as strict local minima of L."""

from dataclasses import dataclass, replace

import numpy as np
import scipy

from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array

EM_STEPS = 20
TRUST_REGION = {"gtol": 1e-9, "maxiter": 40}
NEWTON_STEPS = 30
MAX_CONDITION = 1e12


@dataclass(frozen=True)
class Optimum:
    """A point theta (p,) with its loss, |grad L|, the smallest eigenvalue of Hess L, and the
    largest eigenvalue of Hess A(0) over the smallest of Hess A(theta), which grows without bound
    as a gate or an expert separates."""

    theta: Array
    loss: float
    gradient_norm: float
    curvature: float
    condition: float

    @property
    def certified(self) -> bool:
        """Whether it is a strict local minimum, up to round-off, at which Hess A is regular."""
        stationary = self.gradient_norm <= 1e-11 * (1 + abs(self.loss))
        return stationary and self.curvature > 0 and self.condition < MAX_CONDITION


def polish(model: MirrorModel, theta: Array) -> Optimum:
    """Return the stationary point near theta: Newton steps on L until |grad L| stops falling."""
    loss, gradient = model.loss_and_gradient(theta)
    for _ in range(NEWTON_STEPS):
        try:
            step = np.linalg.solve(model.hessian(theta), gradient)
        except np.linalg.LinAlgError:
            break
        new_loss, new_gradient = model.loss_and_gradient(theta - step)
        if not np.linalg.norm(new_gradient) < np.linalg.norm(gradient):
            break
        theta, loss, gradient = theta - step, new_loss, new_gradient
    curvature = float(np.linalg.eigvalsh(model.hessian(theta))[0])
    smallest = np.linalg.eigvalsh(model.mirror_hessian(theta))[0]
    largest = np.linalg.eigvalsh(model.mirror_hessian(np.zeros_like(theta)))[-1]
    condition = float(largest / max(smallest, np.finfo(float).tiny))
    return Optimum(theta, float(loss), float(np.linalg.norm(gradient)), curvature, condition)


def settle(model: MirrorModel, theta: Array) -> Optimum:
    """Return a stationary point found downhill from theta: EM's, but for saddles that EM stays on.

    Newton's method alone is trusted if it ends in a strict minimum no higher than where it began;
    else a few EM steps and a trust region lead to its neighbourhood: EM alone would crawl where its
    rate is near one, and need not leave the manifold w = beta of equal symmetric experts."""
    optimum, loss = polish(model, theta), model.loss(theta)
    if optimum.certified and optimum.loss <= loss + 1e-12 * (1 + abs(loss)):
        return optimum
    for _ in range(EM_STEPS):
        _, gradient, statistic = model.e_step(theta)
        theta = model.m_step(theta, statistic, gradient, model.m_step_tolerance)
    size = max(float(np.linalg.norm(theta)), 1.0)
    found = scipy.optimize.minimize(
        model.loss_and_gradient,
        theta,
        jac=True,
        hess=model.hessian,
        method="trust-exact",
        options={"initial_trust_radius": 0.1 * size, "max_trust_radius": size, **TRUST_REGION},
    )
    return polish(model, found.x)


def nearest(model: MirrorModel, optimum: Optimum, theta: Array) -> Optimum:
    """Return the optimum's copy, by the model's symmetry, that lies nearest to theta."""
    copies = model.orbit(optimum.theta)
    closest = min(copies, key=lambda member: np.linalg.norm(member - theta))
    return replace(optimum, theta=closest)
