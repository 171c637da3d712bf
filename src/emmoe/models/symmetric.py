"""What the two symmetric mixtures of two experts share.

theta = (beta, w), a = x'w, b = x'beta, z in {-1, +1} with P(z=1|x) = sigmoid(a). Given x, the pair
(y, z) is an exponential family with natural statistic (c y z x, z x / 2), where c is 1/sigma^2 for
linear and 1/2 for logistic experts. So the posterior logit of z = 1 is phi = a + 2 c y b, EM is
mirror descent with the mirror map A below, and L = const + A(theta) - E[log(2 cosh(phi/2))].
Source: the paper's section on symmetric mixtures of experts; E is the sample mean.
"""

import math
from abc import abstractmethod
from functools import cache
from types import ModuleType

import numpy as np
import scipy

from emmoe.models._shared import log_cosh
from emmoe.models._shared.laws import Law
from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array, Blocks, Column
from emmoe.models.regression import SATURATED, RegressionModel

RECOVERY = (
    Column("relative_error_beta", "|beta_t - beta*| / |beta*|, modulo symmetry"),
    Column("relative_error_w", "|w_t - w*| / |w*|, modulo symmetry"),
)
SOLVED = 1e-14  # of an M-step's equation: what a Newton search ends at


@cache
def compiled() -> ModuleType:
    """Return the compiled pass, loaded when it is first used: planning needs no numba."""
    from emmoe.models._compiled import symmetric_pass

    return symmetric_pass


class SymmetricModel(RegressionModel, MirrorModel):
    """SymMoLinE and SymMoLogE; subclasses give c, the component's loss and the expert's part of A.

    The M-step's default tolerance lets an EM step certify the mirror step to 1e-8 |grad L|, and far
    from a stationary point asks for more."""

    described = "a symmetric mixture of two experts"
    columns = RECOVERY
    simulates = True
    m_step_tolerance = 1e-9

    def blocks(self, shape: int) -> Blocks:
        return {"beta": slice(0, shape), "w": slice(shape, 2 * shape)}

    def _prepare(self) -> None:
        self._round_off = np.finfo(float).eps * np.abs(self.sample.x).mean(axis=0).max()
        self.xt = np.ascontiguousarray(self.sample.x.T, dtype=float)
        self.y = np.ascontiguousarray(self.sample.y, dtype=float)

    def _prepare_batch(self) -> None:
        """Leave out what subclasses prepare: it serves the M-step alone."""
        SymmetricModel._prepare(self)

    def _split(self, theta: Array) -> tuple[Array, Array]:
        d = self.sample.x.shape[1]
        return theta[:d], theta[d:]

    def logits(self, theta: Array) -> tuple[Array, Array, Array]:
        """Return b, a and the posterior logit phi, each of shape (n,)."""
        b, a = (self.sample.x @ part for part in self._split(theta))
        self.work["forward"] += 1
        return b, a, a + 2 * self.statistic_weight * self.sample.y * b

    @property
    @abstractmethod
    def law(self) -> Law:
        """The law of y given x and z = 1, for the theory's checks."""

    @property
    @abstractmethod
    def statistic_weight(self) -> float:
        """c of the natural statistic (c y z x, z x / 2)."""

    @abstractmethod
    def _pass(self, theta: Array) -> tuple[float, Array]:
        """Return L and, (2, p), its gradient and the expected statistic."""

    @abstractmethod
    def _expert_mirror(self, b: Array) -> float:
        """The expert's part of the mirror map from b = x'beta."""

    @abstractmethod
    def _expert_mirror_derivative(self, b: Array) -> Array:
        """d/db of the expert's part of the mirror map, per observation."""

    @abstractmethod
    def expert_mirror_hessian(self, b: Array) -> Array:
        """The expert's block of Hess A, shape (d, d)."""

    @abstractmethod
    def _expert_m_step(
        self, beta: Array, target: Array, gradient: Array, tolerance: float
    ) -> Array:
        """Solve grad A_expert(beta+) = target; gradient is grad A_expert(beta) - target."""

    @abstractmethod
    def _draw_targets(self, b: Array, z: Array, rng: np.random.Generator) -> Array:
        """Draw y given b and z."""

    def simulate(self, x: Array, theta: Array, rng: np.random.Generator) -> Array:
        """Draw targets y (n,) for features x (n, d) from the model at theta."""
        d = x.shape[1]
        a = x @ theta[d:]
        z = np.where(rng.random(len(x)) < 0.5 * (1 + np.tanh(a / 2)), 1.0, -1.0)
        return self._draw_targets(x @ theta[:d], z, rng)

    def _example_targets(self, x: Array, truth: Array, rng: np.random.Generator) -> Array:
        return self.simulate(x, truth, rng)

    def mirror_map(self, theta: Array) -> float:
        """Return A(theta)."""
        b, a, _ = self.logits(theta)
        return self._expert_mirror(b) + log_cosh.log_2cosh(a / 2).mean()

    def mirror_gradient(self, theta: Array) -> Array:
        """Return grad A(theta), shape (p,)."""
        b, a, _ = self.logits(theta)
        self.work["backward"] += 1
        columns = np.stack([self._expert_mirror_derivative(b), np.tanh(a / 2) / 2])
        return (columns @ self.sample.x / len(b)).ravel()

    def mirror_hessian(self, theta: Array) -> Array:
        """Return Hess A(theta), block diagonal, shape (p, p): a Gram for each block that varies."""
        b, a, _ = self.logits(theta)
        self.work["gram"] += 1
        return scipy.linalg.block_diag(self.expert_mirror_hessian(b), log_cosh.hessian(self.xt, a))

    def missing_information(self, theta: Array) -> Array:
        """Return I_z(theta) = E[Var(z | x, y) (c y, 1/2)(c y, 1/2)' (x) xx'], shape (p, p).

        The mean is taken over the data at hand, not over the model at theta."""
        self.work["gram"] += 3
        weight = self.statistic_weight * self.sample.y
        variance = log_cosh.sech2_half(self.logits(theta)[2])
        of_beta, mixed, of_w = (
            compiled().gram(self.xt, variance * score)
            for score in (weight**2, weight / 2, np.full_like(weight, 0.25))
        )
        return np.block([[of_beta, mixed], [mixed, of_w]])

    def _products(self) -> float:
        """The E-step takes x' times the columns of both the gradient and the statistic."""
        return super()._products() + self.work.get("e_step", 0)

    def loss(self, theta: Array) -> float:
        self.work["forward"] += 1
        return self._pass(theta)[0]

    def loss_and_gradient(self, theta: Array) -> tuple[float, Array]:
        self.work["forward"] += 1
        self.work["backward"] += 1
        loss, (gradient, _) = self._pass(theta)
        return loss, gradient

    def e_step(self, theta: Array) -> tuple[float, Array, Array]:
        self.work["forward"] += 1
        self.work["backward"] += 1
        self.work["e_step"] += 1
        loss, (gradient, statistic) = self._pass(theta)
        return loss, gradient, statistic

    def posterior(self, theta: Array) -> Array:
        phi = self.logits(theta)[2]
        return np.exp(-np.logaddexp(0, np.stack([-phi, phi])))

    def separable(self, theta: Array) -> bool:
        """Whether the gate has left all doubt behind on most points."""
        return self._saturated(self._split(theta)[1])

    def _saturated(self, part: Array) -> bool:
        return bool(np.mean(np.abs(self.sample.x @ part) > SATURATED) > 0.5)

    def recovery_errors(self, theta: Array, truth: Array) -> dict[str, float]:
        differences = [member - truth for member in self.orbit(theta)]
        nearest = min(differences, key=lambda difference: difference @ difference)
        pairs = zip(self._split(nearest), self._split(truth), strict=True)
        errors = [math.sqrt((e @ e) / (part @ part)) for e, part in pairs]
        return {"beta": errors[0], "w": errors[1]}

    def q_gradient(self, theta: Array, statistic: Array) -> Array:
        return self.mirror_gradient(theta) - statistic

    def m_step(self, theta: Array, statistic: Array, gradient: Array, tolerance: float) -> Array:
        """Solve grad A(theta+) = statistic to `tolerance`, but for round-off; with the default, or
        less, at least to SOLVED."""
        bound = tolerance * np.abs(gradient).max()
        if tolerance <= self.m_step_tolerance:
            bound = min(SOLVED, bound)
        bound = max(bound, self._round_off)
        d = self.sample.x.shape[1]
        new = np.empty_like(theta)
        new[:d] = self._expert_m_step(theta[:d], statistic[:d], gradient[:d], bound)
        new[d:] = self._solve(theta[d:], statistic[d:], gradient[d:], bound)
        return new

    def _solve(self, v: Array, target: Array, gradient: Array, tolerance: float) -> Array:
        """Solve E[x tanh(x'v+/2)]/2 = target from v; gradient is the left side at v less target."""
        return log_cosh.solve(self.xt, target, v, gradient, tolerance, self.work)
