"""A model whose EM is mirror descent: its mirror map, the information, and its component laws."""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
import scipy

from emmoe.models.curved import CurvedModel
from emmoe.models.objective import EIGEN, Array


class MirrorModel(CurvedModel):
    """A model whose complete data are an exponential family with mirror map A (the paper's main
    theorem: an EM step is a unit step of mirror descent on A)."""

    described = "a model with a mirror map"

    @abstractmethod
    def mirror_map(self, theta: Array) -> float:
        """Return A(theta)."""

    @abstractmethod
    def mirror_gradient(self, theta: Array) -> Array:
        """Return grad A(theta), shape (p,)."""

    @abstractmethod
    def mirror_hessian(self, theta: Array) -> Array:
        """Return Hess A(theta), the complete-data information, shape (p, p)."""

    @abstractmethod
    def missing_information(self, theta: Array) -> Array:
        """Return I_z(theta), what not observing z costs, shape (p, p)."""

    def hessian(self, theta: Array) -> Array:
        """Return Hess L(theta) = Hess A - I_z, shape (p, p)."""
        return self.mirror_hessian(theta) - self.missing_information(theta)

    def newton_step(self, theta: Array, gradient: Array) -> Array:
        """Return (Hess A)^-1 gradient: at theta, -Q(. | theta) has the mirror map's Hessian."""
        p = len(theta)
        self.work["dense"] += (EIGEN + 2) * p**3 + 2 * p**2
        return np.linalg.pinv(self.mirror_hessian(theta), hermitian=True) @ gradient

    def hessian_product(self, theta: Array) -> Callable[[Array], Array]:
        hessian = self.hessian(theta)

        def product(v: Array) -> Array:
            self.work["dense"] += 2 * hessian.size
            return hessian @ v

        return product


def missing_share(model: MirrorModel, theta: Array) -> Array:
    """Return M(theta) = (Hess A)^-1 I_z, (p, p): EM's Jacobian at a stationary point."""
    return scipy.linalg.solve(
        model.mirror_hessian(theta), model.missing_information(theta), assume_a="pos"
    )
