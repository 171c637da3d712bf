"""The observed and the missing information of a symmetric mixture, at any theta.

Hess L = Hess A - I_z, the complete-data information less what not observing z costs, and
M = (Hess A)^-1 I_z. EM's Jacobian at a fixed point is M, and L is alpha-strongly convex relative to
A at theta iff M's largest eigenvalue is at most 1 - alpha (the paper's condition). The mean in I_z
is taken over the data at hand, not over the model at theta.
"""

import numpy as np
from scipy.linalg import eigh

from emmoe.models._compiled import kernels
from emmoe.models._shared import log_cosh
from emmoe.models.base import Array
from emmoe.models.symmetric import SymmetricModel


def missing_information(model: SymmetricModel, theta: Array) -> Array:
    """Return I_z(theta) = E[Var(z | x, y) (c y, 1/2)(c y, 1/2)' (x) xx'], shape (p, p)."""
    weight = model.statistic_weight * model.sample.y
    variance = log_cosh.sech2_half(model.logits(theta)[2])
    of_beta, mixed, of_w = (
        kernels.gram(model.xt, variance * score)
        for score in (weight**2, weight / 2, np.full_like(weight, 0.25))
    )
    return np.block([[of_beta, mixed], [mixed, of_w]])


def hessian(model: SymmetricModel, theta: Array) -> Array:
    """Return Hess L(theta), shape (p, p)."""
    return model.mirror_hessian(theta) - missing_information(model, theta)


def spectrum(model: SymmetricModel, theta: Array) -> tuple[Array, Array]:
    """Return M's eigenvalues, largest first (p,), and its eigenvectors, columns (p, p), which are
    orthonormal in the inner product of Hess A. Raises LinAlgError where Hess A is singular."""
    values, vectors = eigh(missing_information(model, theta), model.mirror_hessian(theta))
    return values[::-1], vectors[:, ::-1]
