"""SymMoLogE: y in {-1, +1}, P(y|x,z) = sigmoid(y z x'beta), P(z=1|x) = sigmoid(x'w)."""

from dataclasses import dataclass

import numpy as np

from emmoe.models._shared import log_cosh
from emmoe.models._shared.laws import Logistic
from emmoe.models.objective import Array
from emmoe.models.symmetric import SymmetricModel, compiled
from emmoe.store.errors import DataError


@dataclass(eq=False)
class SymmetricLogistic(SymmetricModel):
    """The symmetric mixture of two logistic experts."""

    def _prepare(self) -> None:
        super()._prepare()
        if not np.isin(self.sample.y, (-1, 1)).all():
            raise DataError("symmetric_logistic needs targets in {-1, +1}: recode y")

    @property
    def law(self) -> Logistic:
        return Logistic()

    @property
    def statistic_weight(self) -> float:
        return 0.5

    def _pass(self, theta: Array) -> tuple[float, Array]:
        return compiled().symmetric_pass(self.xt, self.y, theta, self.statistic_weight, False)

    def _expert_mirror(self, b: Array) -> float:
        return log_cosh.log_2cosh(b / 2).mean()

    def _expert_mirror_derivative(self, b: Array) -> Array:
        return np.tanh(b / 2) / 2

    def expert_mirror_hessian(self, b: Array) -> Array:
        self.work["gram"] += 1
        return log_cosh.hessian(self.xt, b)

    def _expert_m_step(
        self, beta: Array, target: Array, gradient: Array, tolerance: float
    ) -> Array:
        return self._solve(beta, target, gradient, tolerance)

    def separable(self, theta: Array) -> bool:
        """Whether gate or expert, which may trade places, left all doubt behind on most points."""
        return any(self._saturated(part) for part in self._split(theta))

    def _draw_targets(self, b: Array, z: Array, rng: np.random.Generator) -> Array:
        return np.where(rng.random(len(b)) < 0.5 * (1 + np.tanh(z * b / 2)), 1.0, -1.0)

    def orbit(self, theta: Array) -> list[Array]:
        beta, w = self._split(theta)
        swapped = np.concatenate([w, beta])
        return [theta, -theta, swapped, -swapped]
