"""SymMoLinE: y | x, z ~ N(z x'beta, sigma^2), P(z=1|x) = sigmoid(x'w)."""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from emmoe.models._shared.laws import Gaussian
from emmoe.models.objective import Array
from emmoe.models.symmetric import SymmetricModel, compiled
from emmoe.store.errors import DataError


@dataclass(eq=False)
class SymmetricLinear(SymmetricModel):
    """The symmetric mixture of two linear experts with known noise standard deviation."""

    noise_sd: float = 1.0

    def __post_init__(self):
        if not 0 < self.noise_sd < np.inf:
            raise ValueError(f"noise_sd must be positive, got {self.noise_sd}")

    def _prepare(self) -> None:
        super()._prepare()
        x = self.sample.x
        self._gram = self.statistic_weight * x.T @ x / len(x)
        try:
            self._factor = scipy.linalg.cho_factor(self._gram)
        except np.linalg.LinAlgError:
            raise DataError("columns of x are linearly dependent: remove some") from None

    @property
    def law(self) -> Gaussian:
        return Gaussian(self.noise_sd)

    @property
    def statistic_weight(self) -> float:
        return self.noise_sd**-2

    def _pass(self, theta: Array) -> tuple[float, Array]:
        loss, sums = compiled().symmetric_pass(self.xt, self.y, theta, self.statistic_weight, True)
        return loss + math.log(math.sqrt(2 * math.pi) * self.noise_sd), sums

    def _expert_mirror(self, b: Array) -> float:
        return self.statistic_weight * (b @ b) / (2 * len(b))

    def _expert_mirror_derivative(self, b: Array) -> Array:
        return self.statistic_weight * b

    def expert_mirror_hessian(self, b: Array) -> Array:
        self._charge_once("moment", gram=1)
        return self._gram

    def _expert_m_step(
        self, beta: Array, target: Array, gradient: Array, tolerance: float
    ) -> Array:
        """A Newton step, exact since A is quadratic here; it rounds the change, not beta."""
        d = len(beta)
        self._charge_once("moment", gram=1)
        self._charge_once("factor", dense=d**3 / 3)
        self.work["dense"] += 2 * d**2
        return beta - scipy.linalg.cho_solve(self._factor, gradient)

    def _draw_targets(self, b: Array, z: Array, rng: np.random.Generator) -> Array:
        return z * b + self.noise_sd * rng.standard_normal(len(b))

    def orbit(self, theta: Array) -> list[Array]:
        return [theta, -theta]
