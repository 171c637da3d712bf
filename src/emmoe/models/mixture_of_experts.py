"""K experts of any family of `emmoe.mixture` under a soft-max gate, for the fitters of the project.

theta = (gate rows (K-1, 1 + d), expert rows (K, m, 1 + d), log sigma (K,) of gaussian ones), each
row's intercept first, in the units of x and y; the last gate row is 0. The passes are the library's
on whitened columns, an affine map away: theta = J (the library's theta) + c.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
import scipy

from emmoe.mixture import Problem, em, fit, information, penalty, sample
from emmoe.mixture.families import Family, of_name
from emmoe.mixture.layout import Layout
from emmoe.mixture.maximise import Factor
from emmoe.mixture.model import Mixture
from emmoe.mixture.status import separable_blocks
from emmoe.models.curved import CurvedModel
from emmoe.models.objective import EIGEN, Array, Blocks, Column, Example
from emmoe.models.regression import Sample
from emmoe.store.errors import DataError

RECOVERY = (
    Column("relative_error_gate", "|gate_t - gate*| / |gate*|, modulo relabelling"),
    Column(
        "relative_error_experts", "|experts_t - experts*| / |experts*|, of the same relabelling"
    ),
)
LISTED = 6  # experts up to which all relabellings are listed


@dataclass(eq=False)
class MixtureOfExperts(CurvedModel):
    """family: gaussian, logistic, multinomial (with classes) or poisson; experts: K;
    above_maximum: whether the loss is measured from the certified maximum of the sample."""

    family: str = "gaussian"
    experts: int = 2
    classes: int | None = None
    above_maximum: bool | None = None  # None, not False: the seeds follow from what is set
    described = "a mixture of experts"
    columns = RECOVERY
    simulates = True
    m_step_tolerance = 1e-9

    def __post_init__(self):
        if not 2 <= self.experts <= LISTED:
            raise ValueError(f"experts must be 2 to {LISTED}, got {self.experts}")
        try:
            self.law  # noqa: B018
        except DataError as error:
            raise ValueError(str(error)) from None

    @property
    def law(self) -> Family:
        """The family."""
        return of_name(self.family, self.classes)

    def parameters(self, d: int) -> Layout:
        """Return where the parameters are in theta."""
        return Layout(self.experts, self.law.rows, 1 + d, 1 + d, self.law.has_scale)

    def blocks(self, shape: int) -> Blocks:
        """The experts' block holds their log sigma too."""
        layout = self.parameters(shape)
        gate = layout.gate_size
        return {"gate": slice(0, gate), "experts": slice(gate, layout.size)}

    def _prepare(self) -> None:
        x, y = self.sample.x.astype(float), self.sample.y.astype(float)
        data = sample.make(Problem(x, y, self.family, classes=self.classes).checked())
        layout = self.parameters(x.shape[1])
        if data.experts.design.dropped:
            raise DataError("some columns of x are determined by others: leave them out")
        self._mixture = Mixture(data, layout, penalty.make(layout, data, 0.0, 0.0, 1.0))
        row = data.experts.design.raw_map()
        scales = [np.eye(self.experts)] if layout.scale else []
        expert = [data.unit * row] * (self.experts * layout.rows)
        self._map = scipy.linalg.block_diag(*[row] * (self.experts - 1), *expert, *scales)
        self._inverse = np.linalg.inv(self._map)
        shift = np.zeros((self.experts, layout.rows, 1 + x.shape[1]))
        shift[:, :, 0] = data.centre
        log_unit = np.full(self.experts, np.log(data.unit))
        self._shift = layout.join(np.zeros(layout.gate_size), shift, log_unit)
        self._least = 0.0
        if self.above_maximum:
            data = x.tobytes(), y.tobytes()
            self._least = _least_loss(self.family, self.classes, self.experts, *data)

    @classmethod
    def example(cls, seed: int = 0, n: int = 120, d: int = 3, **settings) -> Example:
        """Return a problem of n rows and d features, drawn at random parameters."""
        rng, model = np.random.default_rng([seed, n, d]), cls(**settings)
        x, truth = rng.standard_normal((n, d)), rng.standard_normal(model.parameters(d).size)
        bound = model.bind(Sample(x, model.simulate(x, truth, rng)))
        return Example(bound, truth, rng.standard_normal(truth.size))

    @property
    def least(self) -> float | None:
        return 0.0 if self.above_maximum else None

    def check(self, sample: Sample) -> None:
        n, size = len(sample.x), self.parameters(sample.shape).size
        if n < size:
            raise DataError(f"n = {n} rows for {size} parameters: the model needs as many")
        if trouble := self.law.problem_with(np.asarray(sample.y, float)):
            raise DataError(f"family {self.family} {trouble}")

    def _inner(self, theta: Array) -> Array:
        """Return the library's theta."""
        return self._inverse @ (theta - self._shift)

    def loss(self, theta: Array) -> float:
        self.work["forward"] += 1
        return self._mixture.loss(self._inner(theta)) - self._least

    def loss_and_gradient(self, theta: Array) -> tuple[float, Array]:
        self.work.update(forward=1, backward=1)
        loss, gradient = self._mixture.loss_and_gradient(self._inner(theta))
        return loss - self._least, self._inverse.T @ gradient

    def posterior(self, theta: Array) -> Array:
        self.work["forward"] += 1
        return self._mixture.responsibilities(self._inner(theta))

    def e_step(self, theta: Array) -> tuple[float, Array, Array]:
        """Return L(theta), its gradient, and the responsibilities (K, n), the statistic."""
        self.work.update(e_step=1, forward=1, backward=1)
        loss, gradient, posterior = em.e_step(self._mixture, self._inner(theta))
        return loss - self._least, self._inverse.T @ gradient, posterior

    def q_gradient(self, theta: Array, statistic: Array) -> Array:
        self.work.update(forward=1, backward=1)
        gradient = self._mixture.q_gradient(self._inner(theta), statistic)
        return self._inverse.T @ gradient

    def m_step(self, theta: Array, statistic: Array, gradient: Array, tolerance: float) -> Array:
        """Solve each block by Newton's method, until its decrement is below (tolerance |g|)^2; a
        gaussian expert is least squares."""
        largest = np.abs(self._map.T @ gradient).max()
        inner, decrement = self._inner(theta), (tolerance * largest) ** 2
        solved = em.m_step(self._mixture, inner, statistic, decrement)
        share = solved.products / (self.experts - 1 + self.experts * self.law.rows)
        self.work.update(forward=share, backward=share, gram=solved.grams)
        return self._map @ solved.theta + self._shift

    def newton_step(self, theta: Array, gradient: Array) -> Array:
        """Return |I_c|^-1 gradient, I_c of the responsibilities at theta: in log sigma -Q is not
        convex, and far from its minimum I_c may have negative eigenvalues."""
        curvature = information.complete(self._mixture, self._inner(theta))
        k, m = self.experts, self.law.rows
        self._charge_curvature(k * (k - 1) // 2 + k * m * (m + 1) // 2)
        self.work["dense"] += (EIGEN + 2) * theta.size**3
        return self._map @ Factor(*np.linalg.eigh(curvature)).solve(self._map.T @ gradient)

    def hessian_product(self, theta: Array) -> Callable[[Array], Array]:
        hessian = information.hessian(self._mixture, self._inner(theta))
        rows = self.experts - 1 + self.experts * self.law.rows
        self._charge_curvature(rows * (rows + 1) // 2)

        def product(v: Array) -> Array:
            self.work["dense"] += 2 * hessian.size
            return self._inverse.T @ (hessian @ (self._inverse @ v))

        return product

    def _charge_curvature(self, grams: int) -> None:
        """Count an E-step, and the Grams of blocks of a matrix of second derivatives."""
        self.work.update(forward=1, gram=grams)

    def separable(self, theta: Array) -> bool:
        """Whether some block can be doubled without a fall of the likelihood."""
        with np.errstate(all="ignore"):  # a run may have diverged
            return bool(separable_blocks(self._mixture, self._inner(theta)))

    def orbit(self, theta: Array) -> list[Array]:
        """All relabellings of the experts."""
        layout = self.parameters(self.sample.shape)
        orders = permutations(range(self.experts))
        return [layout.permuted(theta, np.array(order)) for order in orders]

    def simulate(self, x: Array, theta: Array, rng: np.random.Generator) -> Array:
        """Draw targets y (n,) for features x (n, d) from the model at theta."""
        gate, experts, log_scale = self.parameters(x.shape[1]).split(theta)
        full = np.column_stack([np.ones(len(x)), x])
        logits = np.column_stack([full @ gate.T, np.zeros(len(x))])
        share = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
        z = (rng.random(len(x))[:, None] * share[:, -1:] > share[:, :-1]).sum(axis=1)
        eta = np.einsum("nd,nmd->mn", full, experts[z])
        return self.law.draw(eta, log_scale[z], rng)

    @property
    def observations(self) -> int:
        return len(self.sample.x)

    def flops(self) -> float:
        """Return the operations so far of products with the features, intercepts among them:
        forward and backward 2 n p each, a Gram n q (q + 1) for q = 1 + d; and of `dense`."""
        n, q = self.observations, 1 + self.sample.shape
        products = self.work["forward"] + self.work["backward"]
        size = self.parameters(self.sample.shape).size
        return 2 * n * size * products + n * q * (q + 1) * self.work["gram"] + self.work["dense"]


@lru_cache(maxsize=2)
def _least_loss(family: str, classes: int | None, experts: int, x: bytes, y: bytes) -> float:
    """Return L at the certified maximum of a sample, which a contest binds once a run; raises
    DataError where the best end of twenty starts is none."""
    target = np.frombuffer(y)
    rows = np.frombuffer(x).reshape(len(target), -1)
    found = fit(Problem(rows, target, family, classes=classes), experts)
    if found.status != "maximum":
        said = "the likelihood has no certified maximum"
        raise DataError(f"above_maximum: {said}, it is {found.status}")
    return -found.loglik / len(target)
