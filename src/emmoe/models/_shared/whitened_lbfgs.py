"""L-BFGS for linear predictors, in coordinates that whiten the features.

A loss of the logits V x has a Hessian close to a Kronecker product with E[xx']. Written in
U = V E[xx']^(1/2) it is well conditioned, which makes the search several times shorter.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from emmoe.models.objective import Array

MAX_EVALUATIONS = 1000
EIGENVALUE_FLOOR = 1e-6  # relative; it only scales coordinates, so it does not move the solution


class _Solved(Exception):
    """Ends the search at a point whose gradient, in V's own coordinates, is small enough."""


def whitening(moment: Array) -> tuple[Array, Array]:
    """Return E[xx']^(-1/2), eigenvalues floored, and its inverse, shape (d, d) each."""
    values, vectors = np.linalg.eigh(moment)
    root = np.sqrt(np.maximum(values, EIGENVALUE_FLOOR * values[-1]))
    return vectors / root @ vectors.T, vectors * root @ vectors.T


def solve(
    objective: Callable[[Array], tuple[float, Array]], start: Array, moment: Array, bound: float
) -> tuple[Array, bool]:
    """Minimise objective(V) -> (value, gradient) over V (rows, d), from a start.

    Returns the point and whether its gradient's largest entry is at most `bound`; if not, it is
    the best of MAX_EVALUATIONS evaluations."""
    forth, back = whitening(moment)

    def whitened(u: np.ndarray) -> tuple[float, np.ndarray]:
        v = u.reshape(start.shape) @ forth
        value, gradient = objective(v)
        if np.abs(gradient).max() <= bound:
            raise _Solved(v)
        return value, (gradient @ forth).ravel()

    options = {"gtol": 0, "ftol": 0, "maxcor": 20}
    options |= dict.fromkeys(("maxfun", "maxiter"), MAX_EVALUATIONS)
    first = (start @ back).ravel()
    try:
        best = minimize(whitened, first, jac=True, method="L-BFGS-B", options=options)
    except _Solved as solved:
        return solved.args[0], True
    return best.x.reshape(start.shape) @ forth, False
