"""The spectrum of EM's missing information relative to the complete, at any theta.

Hess L = Hess A - I_z, the complete-data information less what not observing z costs, and
M = (Hess A)^-1 I_z. EM's Jacobian at a fixed point is M, and L is alpha-strongly convex relative to
A at theta iff M's largest eigenvalue is at most 1 - alpha (the paper's condition). The mean in I_z
is taken over the data at hand, not over the model at theta.
"""

import scipy

from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array


def spectrum(model: MirrorModel, theta: Array) -> tuple[Array, Array]:
    """Return M's eigenvalues, largest first (p,), and its eigenvectors, columns (p, p), which are
    orthonormal in the inner product of Hess A. Raises LinAlgError where Hess A is singular."""
    values, vectors = scipy.linalg.eigh(
        model.missing_information(theta), model.mirror_hessian(theta)
    )
    return values[::-1], vectors[:, ::-1]
