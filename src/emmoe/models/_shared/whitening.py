"""Coordinates u = v E[xx']^(1/2) of linear predictors v'x, in which the features are white.

A loss of the logits V x has a Hessian close to a Kronecker product with E[xx'], so in these it is
well conditioned. Steepest descent there is descent along E[xx']^-1 times the gradient here.
"""

import copy
from collections import Counter

import numpy as np

from emmoe.models.objective import Array

EIGENVALUE_FLOOR = 1e-6  # relative; it only scales coordinates, so it does not move a minimum


class Whitening:
    """root and inverse_root (R, d, d): E[xx']^(1/2) of R replicates' features, (1, d, d) where all
    share them, eigenvalues floored, and its inverse. theta (..., p) holds rows of d parameters.

    Products with them count in `work`, as operations a replicate."""

    def __init__(self, moments: Array, work: Counter):
        values, vectors = np.linalg.eigh(moments)
        root = np.sqrt(np.maximum(values, EIGENVALUE_FLOOR * values[:, -1:]))[:, None]
        transposed = vectors.transpose(0, 2, 1)
        self.root, self.inverse_root = vectors * root @ transposed, vectors / root @ transposed
        self.work, self.share = work, 1.0

    def replicate(self, r: int, replicates: int) -> "Whitening":
        """Return one replicate's, whose products count as its share."""
        one, at = copy.copy(self), slice(r, r + 1) if len(self.root) > 1 else slice(1)
        one.root, one.inverse_root = self.root[at], self.inverse_root[at]
        one.share = 1 / replicates
        return one

    def into(self, theta: Array) -> Array:
        """Return u, of theta's shape and dtype."""
        return self._times(theta, self.root)

    def out(self, u: Array) -> Array:
        """Return theta for u; of a gradient by theta, the one by u."""
        return self._times(u, self.inverse_root)

    def _times(self, theta: Array, matrices: Array) -> Array:
        rows = theta.reshape(len(matrices), -1, matrices.shape[-1])
        self.work["dense"] += self.share * 2 * theta.shape[-1] * rows.shape[-1]
        return (rows @ matrices).astype(theta.dtype).reshape(theta.shape)
