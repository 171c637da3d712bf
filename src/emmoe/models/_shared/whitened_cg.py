"""Conjugate gradients for linear predictors in coordinates that whiten the features."""

from collections.abc import Callable

import numpy as np
import scipy

from emmoe.models._shared.whitening import Whitening

RESIDUAL = 0.1  # relative, in the white coordinates: an inexact Newton step
MAX_PRODUCTS = 100


def solve(
    product: Callable[[np.ndarray], np.ndarray], gradient: np.ndarray, white: Whitening
) -> np.ndarray:
    """Return v (p,) with product(v) = gradient up to RESIDUAL, for a product with a Hessian that is
    positive semi-definite."""
    target = white.out(gradient)
    operator = scipy.sparse.linalg.LinearOperator(
        (target.size,) * 2, matvec=lambda u: white.out(product(white.out(u))), dtype=float
    )
    found, _ = scipy.sparse.linalg.cg(operator, target, rtol=RESIDUAL, maxiter=MAX_PRODUCTS)
    return white.out(found)
