"""One damped Newton solver for what an M-step solves: E[omega (psi(eta) - t'eta)] + b'Pb / 2.

It is the gate's soft-max (omega the weights, t the responsibilities), a logistic, multinomial or
poisson expert (omega = weight r_k), and weighted least squares (one step). Rows b are (m, p).
"""

from dataclasses import dataclass

import numpy as np
import scipy

from emmoe.mixture.design import chunks, weighted_gram
from emmoe.mixture.families import Family
from emmoe.mixture.families.base import Array
from emmoe.mixture.sample import Columns

STEPS = 200  # no more Newton steps than that
HALVINGS = 30
FLOOR = 1e-13  # of an eigenvalue, relative to the largest, in a step where Cholesky fails
Evaluated = tuple[float, Array, Array]  # an objective, its gradient and its Hessian
ROUND_OFF = 4 * np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class Block:
    """columns (n, p) whitened; omega (n,); targets t (m, n); ridge P (m p, m p) or 0."""

    columns: Columns
    family: Family
    omega: Array
    targets: Array
    offset: Array
    ridge: Array
    reach: float  # the largest |z|; 0 where no cap is needed

    def evaluate(self, b: Array) -> Evaluated:
        """Return the objective, its gradient (m p,) and its Hessian (m p, m p)."""
        value = b.ravel() @ self.ridge @ b.ravel() / 2
        gradient, hessian = self.ridge @ b.ravel(), self.ridge.copy()
        for rows in chunks(len(self.omega)):
            x, omega, t = self.columns.rows(rows), self.omega[rows], self.targets[:, rows]
            eta = b @ x.T + self.offset[rows]
            mean = self.family.mean(eta)
            value += omega @ (self.family.partition(eta) - (t * eta).sum(axis=0))
            gradient -= ((omega * (t - mean)) @ x).ravel()
            hessian += curvature(x, omega, self.family.variance(mean))
        return float(value), gradient, hessian


def curvature(x: Array, omega: Array, variance: Array) -> Array:
    """Return sum omega V (x) xx', (m p, m p), of some rows.

    x (c, p), omega (c,), variance V (m, m, c)."""
    m, p = len(variance), x.shape[1]
    hessian = np.empty((m, p, m, p))
    for i in range(m):
        hessian[i, :, i] = weighted_gram(x, omega * variance[i, i])
        for j in range(i):
            gram = (x * (omega * variance[i, j])[:, None]).T @ x
            hessian[i, :, j], hessian[j, :, i] = gram, gram
    return hessian.reshape(m * p, m * p)


def newton_step(gradient: Array, hessian: Array) -> Array:
    """Return -H^-1 g; where H is singular, with its eigenvalues floored."""
    _, solved, failed = scipy.linalg.lapack.dposv(hessian, gradient, lower=1)
    if not failed and np.isfinite(solved).all():
        return -solved
    values, vectors = np.linalg.eigh(np.asarray_chkfinite(hessian))
    values = np.maximum(values, max(FLOOR * values[-1], np.finfo(float).tiny))
    return -vectors @ ((vectors.T @ gradient) / values)


def capped(step: Array, b: Array, reach: float) -> Array:
    """Return the step with |x'step| <= 2 |x'b| + 5, by bounds over the rows of x."""
    longest = np.sqrt((step.reshape(b.shape) ** 2).sum(axis=-1).max(initial=0))
    if reach == 0:
        return step
    limit = 2 * np.sqrt((b**2).sum(axis=-1).max(initial=0)) + 5 / reach
    return step if longest <= limit else step * (limit / longest)


def solve(block: Block, b: Array, tolerance: float = 0.0) -> tuple[Array, int]:
    """Return the rows that minimise the objective, from a warm start, and its evaluations.

    The decrement g'H^-1g ends at most at tolerance, or as small as round-off lets it be."""
    state = block.evaluate(b)
    if not block.family.discrete:  # least squares: one step is the minimum
        return b + newton_step(*state[1:]).reshape(b.shape), 1
    evaluations = 1
    for _ in range(STEPS):
        value, gradient, hessian = state
        step = capped(newton_step(gradient, hessian), b, block.reach)
        decrement = -float(step @ gradient)
        if not decrement > max(tolerance, ROUND_OFF**2 * abs(value)):
            break
        found, tried = _search(block, b, step.reshape(b.shape), state, decrement)
        evaluations += tried
        if found is None:
            break
        b, state = found
    return b, evaluations


def _search(
    block: Block, b: Array, step: Array, state: Evaluated, decrement: float
) -> tuple[tuple[Array, Evaluated] | None, int]:
    """Return the first halving of the step that lowers the objective, with what it is there, or
    None; and how many were tried. Where round-off hides the gain, the gradient must halve."""
    value, gradient, _ = state
    if decrement < ROUND_OFF * (1 + abs(value)):
        new = block.evaluate(b + step)
        smaller = np.abs(new[1]).max() < 0.5 * np.abs(gradient).max()
        return ((b + step, new) if smaller else None), 1
    for tried in range(1, HALVINGS + 1):
        new = block.evaluate(b + step)
        if new[0] <= value - 1e-4 * decrement:
            return (b + step, new), tried
        step, decrement = step / 2, decrement / 2
    return None, HALVINGS
