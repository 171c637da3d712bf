"""MoLogE: K multinomial logistic experts over C classes under a soft-max gate, linear in x.

theta = (gate (K, d), experts (K, C, d)), no intercepts; P(y|x) is the sum over k of
softmax(gate x)_k softmax(expert_k x)_y. Source: the paper's Random Invert experiment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emmoe.models._shared import softmax, softmax_curvature, whitened_cg, whitened_lbfgs
from emmoe.models._shared.whitening import Whitening
from emmoe.models.curved import CurvedModel
from emmoe.models.objective import Array, Blocks, Column, Example, OutOfBudget
from emmoe.models.regression import SATURATED, RegressionModel, Sample
from emmoe.store.errors import DataError

HELD_OUT = (
    Column("test_accuracy", "share of the test set that is classified right", "fraction"),
    Column("test_cross_entropy", "mean -log P(y | x) over the test set", "nats"),
    Column("validation_accuracy", "the same of the validation set", "fraction"),
    Column("validation_cross_entropy", "the same of the validation set", "nats"),
)


@dataclass(eq=False)
class LogisticExperts(RegressionModel, CurvedModel):
    """K experts (the paper has 2), C classes; targets are 0..C-1."""

    experts: int = 2
    classes: int = 10
    described = "a mixture of logistic experts"
    columns = HELD_OUT
    stacked = True
    m_step_tolerance = 1e-6

    def __post_init__(self):
        if self.experts < 2 or self.classes < 2:
            raise ValueError("experts and classes must be at least 2")

    @classmethod
    def example(cls, seed: int = 0, classes: int = 3, **settings: Any) -> Example:
        return super().example(seed, classes=classes, **settings)

    def _example_targets(self, x: Array, truth: Array, rng: np.random.Generator) -> NDArray:
        return rng.integers(self.classes, size=len(x))

    def blocks(self, shape: int) -> Blocks:
        gate = self.experts * shape
        return {"gate": slice(0, gate), "experts": slice(gate, gate * (1 + self.classes))}

    @property
    def identifiable(self) -> int:
        """Without a row of the gate and one of each expert, which the soft-max makes redundant."""
        return (self._rows - 1 - self.experts) * self.sample.shape

    def _prepare(self) -> None:
        if not np.isin(self.sample.y, np.arange(self.classes)).all():
            raise DataError(f"targets must be classes 0..{self.classes - 1}: recode y")
        self._share = 1.0

    def _weights(self, theta: Array) -> Array:
        """Return theta as rows of logit weights, shape (R, K + K C, d)."""
        return theta.reshape(-1, self._rows, self.sample.x.shape[1])

    @property
    def _rows(self) -> int:
        """J = K + K C, the rows of theta."""
        return self.experts * (1 + self.classes)

    def _pass(self, theta: Array, fixed: Array | None = None, with_gradient: bool = True):
        """Return the mean loss (R,), its gradient (R, p) and the responsibilities (R, K, n).

        With `fixed` responsibilities the loss is -Q. Without a gradient that part means nothing."""
        sample, weights = self.sample, self._weights(theta)
        if sample.signs is not None and len(sample.signs) != len(weights):
            raise ValueError(f"{len(weights)} replicates of theta, {len(sample.signs)} of signs")
        n = len(sample.x)
        posterior = fixed
        if fixed is None:
            posterior = np.empty((len(weights), self.experts, n), theta.dtype)
        loss, offset = np.zeros(len(weights)), np.zeros(weights.shape[:2])
        total = np.zeros(weights.shape)
        for rows in softmax.chunks(n):
            z = softmax.products(weights, sample, rows)
            known = fixed is not None
            part, shift = softmax.evaluate(z, weights, sample, rows, posterior, known)
            loss += part
            offset += shift
            if with_gradient:
                total += softmax.backward(z, sample, rows)
        self._charge(forward=self._share, backward=self._share * with_gradient)
        gradient = ((total + offset[:, :, None]) / n).astype(theta.dtype)
        return loss / n, gradient.reshape(len(weights), -1), posterior

    def loss(self, theta: Array):
        return self._pass(theta, with_gradient=False)[0].reshape(theta.shape[:-1])[()]

    def loss_and_gradient(self, theta: Array):
        loss, gradient, _ = self._pass(theta)
        return loss.reshape(theta.shape[:-1])[()], gradient.reshape(theta.shape)

    def posterior(self, theta: Array) -> Array:
        posterior = self._pass(theta, with_gradient=False)[2]
        return posterior.reshape(*theta.shape[:-1], *posterior.shape[1:])

    def e_step(self, theta: Array):
        """Return L(theta), -Q's gradient, and the responsibilities (R, K, n), the statistic."""
        loss, gradient, posterior = self._pass(theta)
        self.work.update(e_step=1)
        return loss.reshape(theta.shape[:-1])[()], gradient.reshape(theta.shape), posterior

    def q_gradient(self, theta: Array, statistic: Array) -> Array:
        return self._pass(theta, fixed=statistic)[1].reshape(theta.shape)

    def m_step(self, theta: Array, statistic: Array, gradient: Array, tolerance: float) -> Array:
        """Minimise -Q by L-BFGS, one replicate after the other.

        Where an expert can separate its classes -Q has no minimiser: the search then ends at its
        limit, and work["unsolved_m_steps"] counts it. No gradient is asked to be smaller than what
        a search by values can reach, given their round-off."""
        weights, reachable = self._weights(theta), 0.2 * np.sqrt(np.finfo(theta.dtype).eps)
        self.whitening()
        bounds = tolerance * np.abs(gradient.reshape(len(weights), -1)).max(axis=1)
        bounds = np.maximum(bounds, reachable)
        solved = [
            self._m_step_one(r, len(weights), start, statistic[r : r + 1], bounds[r])
            for r, start in enumerate(weights)
        ]
        return np.array(solved, theta.dtype).reshape(theta.shape)

    def _m_step_one(
        self, r: int, replicates: int, start: Array, responsibilities: Array, bound: float
    ) -> Array:
        one, white = self._replicate(r, replicates), self._whitening.replicate(r, replicates)

        def objective(v: Array) -> tuple[float, Array]:
            value, slope, _ = one._pass(v.astype(start.dtype).reshape(1, -1), responsibilities)
            return float(value[0]), slope.reshape(v.shape).astype(float)

        solution, solved = whitened_lbfgs.solve(objective, start.astype(float), white, bound)
        self.work.update(unsolved_m_steps=int(not solved))
        return solution

    def _replicate(self, r: int, replicates: int) -> "LogisticExperts":
        """Return the model bound to one of the replicates alone; its work is this one's."""
        sample = self.sample
        signs = None if sample.signs is None else sample.signs[r : r + 1]
        one = self.bind(Sample(sample.x, sample.y, signs))
        one.work, one.limit, one._share = self.work, self.limit, 1 / replicates
        return one

    def _charge(self, **work: float) -> None:
        """Count work, and give up beyond the limit, which a single M-step may far exceed."""
        self.work.update(work)
        if self.passes() > self.limit:
            raise OutOfBudget

    def second_moments(self) -> Array:
        """E[xx'] of every replicate's features, from one Gram that all share."""
        x, signs = self.sample.x, self.sample.signs
        (moment,) = super().second_moments()
        if signs is None:
            return moment[None]
        inverted = signs < 0
        totals = (row.astype(x.dtype) @ x / len(x) for row in inverted)
        parts = zip(totals, inverted.mean(axis=1), strict=True)
        return np.array([moment - t - t[:, None] + share for t, share in parts])

    def whitening(self) -> Whitening:
        if self.sample.signs is not None:  # a product of the signs with the images
            self._charge_once("inverted", backward=1 / self._rows)
        return super().whitening()

    def newton_step(self, theta: Array, gradient: Array) -> Array:
        """Return the step of conjugate gradients, one replicate after the other, in coordinates
        that whiten the features, to a tenth of the gradient (inexact Newton)."""
        weights, white = self._weights(theta), self.whitening()
        steps = [
            self._newton_step_one(r, len(weights), start, slope, white.replicate(r, len(weights)))
            for r, (start, slope) in enumerate(zip(weights, self._weights(gradient), strict=True))
        ]
        return np.array(steps, theta.dtype).reshape(theta.shape)

    def _newton_step_one(
        self, r: int, replicates: int, start: Array, slope: Array, white: Whitening
    ) -> Array:
        one = self._replicate(r, replicates)
        product = one._curvature(start[None], of_q=True)

        def hessian(v: Array) -> Array:
            return product(v.astype(start.dtype).reshape(1, *start.shape)).ravel().astype(float)

        return whitened_cg.solve(hessian, slope.ravel().astype(float), white)

    def hessian_product(self, theta: Array) -> Callable[[Array], Array]:
        product = self._curvature(self._weights(theta), of_q=False)
        return lambda v: product(self._weights(v)).reshape(v.shape)

    def _curvature(self, weights: Array, of_q: bool) -> Callable[[Array], Array]:
        """Return the product with the Hessian of L, or of -Q, at weights (R, J, d)."""
        at = softmax_curvature.Point(weights, self.sample, self.experts)
        self.work.update(forward=self._share)

        def product(change: Array) -> Array:
            self._charge(forward=self._share, backward=self._share)
            return at.product(change, of_q)

        return product

    def separable(self, theta: Array):
        """Whether the gate has left all doubt behind on most points, shape () or (R,)."""
        weights, saturated = self._weights(theta), 0
        for rows in softmax.chunks(len(self.sample.x)):
            z = softmax.logits(weights, self.sample, rows)
            saturated += (np.ptp(z[:, : self.experts], axis=1) > SATURATED).sum(axis=1)
        return (saturated > len(self.sample.x) / 2).reshape(theta.shape[:-1])[()]

    def orbit(self, theta: Array) -> list[Array]:
        """All permutations of the experts, with the soft-maxes' common shifts removed."""
        gate, experts = np.split(self._weights(theta)[0], [self.experts])
        experts = experts.reshape(self.experts, self.classes, -1)
        gate, experts = gate - gate.mean(axis=0), experts - experts.mean(axis=1, keepdims=True)
        orders = [list(order) for order in permutations(range(self.experts))]
        return [np.concatenate([gate[o].ravel(), experts[o].ravel()]) for o in orders]

    def log_probability(self, theta: Array, sample: Sample) -> Array:
        """Return log P(y = c | x), shape (R, C, n)."""
        weights = self._weights(theta)
        out = np.empty((len(weights), self.classes, len(sample.x)), theta.dtype)
        for rows in softmax.chunks(len(sample.x)):
            joint = softmax.log_joint(softmax.logits(weights, sample, rows), self.experts)
            out[:, :, rows] = softmax.logsumexp(joint, 1)[:, 0]
        return out

    def held_out(self, theta: Array) -> dict[str, Array]:
        """Return accuracy and cross entropy (nats) on each held-out sample, shape (R,) each."""
        found = {}
        for name, part in (("test", self.sample.test), ("validation", self.sample.validation)):
            if part is not None:
                log_probability = self.log_probability(theta, part)
                hit = log_probability.argmax(axis=1) == part.y
                of_target = log_probability[:, part.y, np.arange(len(part.y))]
                found[f"{name}_accuracy"] = hit.mean(axis=1)
                found[f"{name}_cross_entropy"] = -of_target.mean(axis=1, dtype=float)
        return found
