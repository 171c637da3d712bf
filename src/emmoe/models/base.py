"""What every model offers.

theta holds all parameters in one flat vector whose named slices are the model's blocks. Its shape
is (p,); a model with ``stacked = True`` also takes (R, p), R replicates that share one design.
Losses then have shape () or (R,), and gradients the shape of theta.
"""

import copy
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from emmoe.store.errors import DataError

Array = NDArray[np.floating]
Blocks = dict[str, slice]
SATURATED = 50.0  # a logit beyond which a probability is 0 or 1 for every purpose


@dataclass(frozen=True)
class Sample:
    """Features x (n, d) and targets y (n,), the held-out parts if there are any, and, for
    randomly inverted images, the signs (R, n): +1 leaves an image as it is, -1 inverts it."""

    x: Array
    y: NDArray
    signs: NDArray | None = None
    test: "Sample | None" = None
    validation: "Sample | None" = None

    def __post_init__(self):
        if np.ndim(self.x) != 2 or np.shape(self.y) != np.shape(self.x)[:1]:
            shapes = f"{np.shape(self.x)} and {np.shape(self.y)}"
            raise DataError(f"x and y have shapes {shapes}: they must be (n, d) and (n,)")
        if self.signs is not None:
            if np.ndim(self.signs) != 2 or np.shape(self.signs)[1] != len(self.x):
                raise DataError(f"signs have shape {np.shape(self.signs)}: they must be (R, n)")
            if not (np.abs(self.signs) == 1).all():
                raise DataError("signs must be +1 or -1")
        for name, values in (("x", self.x), ("y", self.y)):
            if not np.isfinite(values).all():
                raise DataError(f"{name} holds values that are not finite: remove those rows")


class Model(ABC):
    """A model; `bind` attaches a sample, and every method but `blocks` needs a bound one.

    `work` counts, where it is done, what a fitter asks for, in units of the training sample and as
    a mean over the replicates that share it: forward (x times parameters), backward (x' times
    columns), gram (x' D x), e_step, and unsolved_m_steps."""

    stacked: ClassVar[bool] = False
    m_step_tolerance: ClassVar[float]
    sample: Sample
    work: Counter

    @abstractmethod
    def blocks(self, d: int) -> Blocks:
        """Return the named slices of theta for d features."""

    def bind(self, sample: Sample) -> "Model":
        """Return a copy of the model attached to a sample; raises DataError if they do not fit."""
        n, d = sample.x.shape
        if n < d:
            raise DataError(f"n = {n} rows for d = {d} features: the model needs n >= d")
        bound = copy.copy(self)
        bound.sample, bound.work = sample, Counter()
        bound._prepare()
        return bound

    def _prepare(self) -> None:
        """Check the targets and compute what depends on the sample alone."""

    def _prepare_batch(self) -> None:
        """Compute of that what `loss_and_gradient` needs; a batch may have fewer rows than d."""
        self._prepare()

    @abstractmethod
    def loss(self, theta: Array) -> Any:
        """Return L(theta), the mean negative log-likelihood."""

    @abstractmethod
    def loss_and_gradient(self, theta: Array) -> tuple[Any, Array]:
        """Return L(theta) and its gradient, from the marginal likelihood."""

    def batch_gradient(self, theta: Array, rows: NDArray[np.integer]) -> Array:
        """Return the gradient of the mean loss over some rows of the sample. Its work counts as
        their share of a full pass."""
        sample, batch = self.sample, copy.copy(self)
        signs = None if sample.signs is None else sample.signs[:, rows]
        batch.sample, batch.work = Sample(sample.x[rows], sample.y[rows], signs), Counter()
        batch._prepare_batch()
        gradient = batch.loss_and_gradient(theta)[1]
        share = len(rows) / len(sample.x)
        self.work.update({name: share * count for name, count in batch.work.items()})
        return gradient

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

    @abstractmethod
    def separable(self, theta: Array) -> Any:
        """Return whether the estimate is on its way to infinity: logits beyond SATURATED on most
        points. Shape () or (R,)."""

    @abstractmethod
    def orbit(self, theta: Array) -> list[Array]:
        """Return all parameters (p,) that give the likelihood of theta (p,) by symmetry, theta
        itself (without what a soft-max ignores) first."""

    def passes(self) -> float:
        """Return the data passes so far: a forward and a backward product make one, a Gram one."""
        return (self.work["forward"] + self.work["backward"]) / 2 + self.work["gram"]

    def recovery_errors(self, theta: Array, truth: Array) -> dict[str, float]:
        """Return |theta_block - truth_block| / |truth_block| of the orbit member nearest truth."""
        reference = self.orbit(truth)[0]
        nearest = min(self.orbit(theta), key=lambda member: np.linalg.norm(member - reference))
        norm, difference = np.linalg.norm, nearest - reference
        blocks = self.blocks(self.sample.x.shape[1]).items()
        return {name: float(norm(difference[s]) / norm(reference[s])) for name, s in blocks}
