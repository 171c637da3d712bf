"""A model with a latent variable: what EM and its relatives need beside the loss."""

from abc import abstractmethod
from typing import Any, ClassVar

from emmoe.models.objective import Array, Objective


class LatentModel(Objective):
    """A model whose loss is the mean negative log-likelihood, with an E-step and an M-step.

    `work` also counts e_step and unsolved_m_steps."""

    described = "a model with a latent variable"
    m_step_tolerance: ClassVar[float]

    @abstractmethod
    def posterior(self, theta: Array) -> Array:
        """Return the responsibilities P(z = k | x, y), shape (..., K, n); the symmetric models'
        k = 0, 1 are z = +1, -1."""

    @abstractmethod
    def e_step(self, theta: Array) -> tuple[Any, Array, Any]:
        """Return, from one pass, L(theta), the gradient of -Q(. | theta) at theta, and the
        expected statistic that determines Q(. | theta)."""

    @abstractmethod
    def q_gradient(self, theta: Array, statistic: Any) -> Array:
        """Return the gradient of -Q at theta for a statistic from `e_step`."""

    @abstractmethod
    def m_step(self, theta: Array, statistic: Any, gradient: Array, tolerance: float) -> Array:
        """Return argmin -Q for a statistic; theta is the warm start, gradient -Q's there, and
        tolerance the largest entry of -Q's gradient at the solution relative to `gradient`'s."""
