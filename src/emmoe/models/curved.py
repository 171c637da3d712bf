"""A model with second derivatives: what one Newton step in place of an M-step, and truncated Newton
methods on the likelihood, need of it."""

from abc import abstractmethod
from collections.abc import Callable

from emmoe.models.latent import LatentModel
from emmoe.models.objective import Array


class CurvedModel(LatentModel):
    """A latent model that knows the Hessians of L and of Q."""

    described = "a model with second derivatives"

    @abstractmethod
    def newton_step(self, theta: Array, gradient: Array) -> Array:
        """Return H^-1 gradient, of theta's shape, for the Hessian H of -Q(. | theta) at theta,
        exactly or nearly; along directions without curvature it is finite."""

    @abstractmethod
    def hessian_product(self, theta: Array) -> Callable[[Array], Array]:
        """Return v -> Hess L(theta) v, for v of theta's shape."""
