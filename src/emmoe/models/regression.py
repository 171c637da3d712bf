"""Regression models: a sample of rows, passes over it, and batches of its rows."""

import copy
from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from emmoe.models._shared.whitening import Whitening
from emmoe.models.objective import EIGEN, Array, Example, Objective
from emmoe.store.errors import DataError

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

    @property
    def shape(self) -> int:
        """d, the number of features."""
        return self.x.shape[1]


class RegressionModel(Objective):
    """A model of targets given features; its blocks follow from d, the number of features.

    `work` counts forward (x times parameters), backward (x' times columns), gram (x' D x), and
    dense, the operations on matrices and vectors of parameters."""

    described = "a model of regression rows"
    sample: Sample
    _whitening: Whitening | None

    def bind(self, sample: Sample) -> Self:
        bound = super().bind(sample)
        bound._whitening = None
        return bound

    def check(self, sample: Sample) -> None:
        n, d = sample.x.shape
        if n < d:
            raise DataError(f"n = {n} rows for d = {d} features: the model needs n >= d")

    @classmethod
    def example(
        cls, seed: int = 0, n: int = 120, d: int = 3, scale: float = 1.0, **settings: Any
    ) -> Example:
        """Return a problem of n rows and d features, targets from a truth with entries of standard
        deviation `scale`; settings: of the model."""
        rng = np.random.default_rng([seed, n, d])
        model = cls(**settings)
        p = max(part.stop for part in model.blocks(d).values())
        x, truth = rng.standard_normal((n, d)), scale * rng.standard_normal(p)
        bound = model.bind(Sample(x, model._example_targets(x, truth, rng)))
        return Example(bound, truth, rng.standard_normal(p))

    @abstractmethod
    def _example_targets(self, x: Array, truth: Array, rng: np.random.Generator) -> NDArray:
        """Draw targets for `example`."""

    @property
    def observations(self) -> int:
        return len(self.sample.x)

    @property
    def held_out_parts(self) -> tuple[str, ...]:
        parts = ("test", "validation")
        return tuple(name for name in parts if getattr(self.sample, name) is not None)

    @property
    def replicates(self) -> int:
        signs = self.sample.signs
        return 1 if signs is None else len(signs)

    def _prepare_batch(self) -> None:
        """Compute of what depends on the sample alone what `loss_and_gradient` needs; a batch may
        have fewer rows than d."""
        self._prepare()

    def second_moments(self) -> Array:
        """Return E[xx'] of every replicate's features, (R, d, d)."""
        x = self.sample.x
        return (x.T @ x).astype(float)[None] / len(x)

    def whitening(self) -> Whitening:
        """Return the coordinates that whiten the features; theta must be rows of d parameters."""
        if self._whitening is None:
            self._whitening = Whitening(self.second_moments(), self.work)
        self._charge_once("moment", gram=1)
        self._charge_once("whitening", dense=(EIGEN + 4) * self.sample.shape**3)
        return self._whitening

    def _charge_once(self, what: str, **work: float) -> None:
        """Count, when it is first asked for in a run, what depends on the sample alone."""
        if not self.work[what]:
            self.work.update({what: 1, **work})

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

    def flops(self) -> float:
        """Return the operations so far, per replicate, of products with the features: forward and
        backward 2 n p each, a Gram n d (d + 1), for one triangle of x' D x; and of `dense`. A
        multiplication and an addition are two; the element-wise functions in between, which take
        as long where d is small, are not counted."""
        n, d = self.sample.x.shape
        p = max(part.stop for part in self.layout.values())
        gram, dense = (self.work.get(name, 0) for name in ("gram", "dense"))
        return 2 * n * p * self._products() + n * d * (d + 1) * gram + dense

    def _products(self) -> float:
        """The products with the features so far, each with all parameters."""
        return sum(self.work.get(name, 0) for name in ("forward", "backward"))
