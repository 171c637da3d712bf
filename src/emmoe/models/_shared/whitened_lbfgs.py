"""L-BFGS for linear predictors in coordinates that whiten the features: several times shorter."""

from collections.abc import Callable

import numpy as np
import scipy

from emmoe.models._shared.whitening import Whitening
from emmoe.models.objective import Array

MAX_EVALUATIONS = 1000


class _Solved(Exception):
    """Ends the search at a point whose gradient, in V's own coordinates, is small enough."""


def solve(
    objective: Callable[[Array], tuple[float, Array]], start: Array, white: Whitening, bound: float
) -> tuple[Array, bool]:
    """Minimise objective(V) -> (value, gradient) over V (rows, d), from a start.

    Returns the point and whether its gradient's largest entry is at most `bound`; if not, it is
    the best of MAX_EVALUATIONS evaluations."""

    def whitened(u: np.ndarray) -> tuple[float, np.ndarray]:
        v = white.out(u).reshape(start.shape)
        value, gradient = objective(v)
        if np.abs(gradient).max() <= bound:
            raise _Solved(v)
        return value, white.out(gradient.ravel())

    options = {"gtol": 0, "ftol": 0, "maxcor": 20}
    options |= dict.fromkeys(("maxfun", "maxiter"), MAX_EVALUATIONS)
    first = white.into(start.ravel())
    try:
        best = scipy.optimize.minimize(
            whitened, first, jac=True, method="L-BFGS-B", options=options
        )
    except _Solved as solved:
        return solved.args[0], True
    return white.out(best.x).reshape(start.shape), False
