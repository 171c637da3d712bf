"""EM with the M-step solved (Dempster, Laird and Rubin, 1977).

For the symmetric models this is mirror descent with unit step (the paper's main theorem)."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.fitters.base import Fitter, State
from emmoe.models.latent import LatentModel
from emmoe.models.mirror import MirrorModel, missing_share
from emmoe.models.objective import Array


@dataclass(frozen=True)
class EM(Fitter):
    """m_step_tolerance: the M-step's final gradient relative to |grad L|, in the largest entry;
    the model's own where none is given."""

    m_step_tolerance: float | None = None

    needs = LatentModel
    mirror_step = True

    def __post_init__(self):
        if self.m_step_tolerance is not None and not 0 < self.m_step_tolerance < 1:
            raise ValueError(f"m_step_tolerance must be within (0, 1), got {self.m_step_tolerance}")

    def jacobian(self, model: MirrorModel, theta: Array) -> Array:
        """Return M(theta) = (Hess A)^-1 I_z."""
        return missing_share(model, theta)

    def iterate(self, model: LatentModel, theta: Array) -> Iterator[State]:
        while True:
            loss, gradient, statistic = model.e_step(theta)
            yield State(theta, loss, gradient)
            tolerance = self.m_step_tolerance or model.m_step_tolerance
            theta = model.m_step(theta, statistic, gradient, tolerance)
