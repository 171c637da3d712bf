"""What every problem offers: a loss over named blocks of parameters, bound to what it is about.

theta holds all parameters in one flat vector whose named slices are the problem's blocks. Its shape
is (p,); a problem with ``stacked = True`` also takes (R, p), R replicates that share one design.
Losses then have shape () or (R,), and gradients the shape of theta. Nothing here asks what a sample
is, but that it has a `shape`, which is what `blocks` understands.
"""

import copy
import math
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Blocks = dict[str, slice]
EIGEN = 9  # times d^3: operations of a symmetric eigendecomposition (Golub and Van Loan, 2013)


class Column(NamedTuple):
    """A column that a component adds to a table: its type is "number", "list" (of numbers),
    "integer", "string" or the category's values; number and list may be missing."""

    name: str
    meaning: str
    unit: str = ""
    type: str | tuple[str, ...] = "number"


class OutOfBudget(Exception):
    """Ends a step that has spent more data passes than its run may."""


class Objective(ABC):
    """A loss to minimise. `bind` attaches a sample; every method but `blocks` needs a bound one.

    `work` counts, where it is done, what a fitter asks for, in units of the sample and as a mean
    over the replicates that share it. columns: what `recovery_errors` and `held_out` measure."""

    described: ClassVar[str] = "an objective"
    columns: ClassVar[tuple[Column, ...]] = ()
    stacked: ClassVar[bool] = False
    simulates: ClassVar[bool] = False  # whether it can draw targets, by `simulate`
    sample: Any
    work: Counter
    limit: float  # of the data passes; work beyond it may raise OutOfBudget

    @abstractmethod
    def blocks(self, shape: Any) -> Blocks:
        """Return the named slices of theta for a sample's shape."""

    def bind(self, sample: Any) -> Self:
        """Return a copy attached to a sample; raises DataError if they do not fit."""
        self.check(sample)
        bound = copy.copy(self)
        bound.sample, bound.work, bound.limit = sample, Counter(), math.inf
        bound._prepare()
        return bound

    def check(self, sample: Any) -> None:
        """Raise DataError for a sample that this can't be bound to."""

    def _prepare(self) -> None:
        """Compute what depends on the sample alone."""

    @classmethod
    @abstractmethod
    def example(cls, seed: int = 0) -> "Example":
        """Return a small problem, for the tests that every component must pass."""

    @property
    def replicates(self) -> int:
        """How many replicates share the sample."""
        return 1

    @property
    def observations(self) -> int:
        """n, over how many terms the loss is a mean."""
        return 1

    @property
    def identifiable(self) -> int:
        """The number of parameters that the loss does not ignore, at most p."""
        return max(part.stop for part in self.layout.values())

    @property
    def least(self) -> float | None:
        """The smallest loss on any sample, where the loss is measured from there; else None."""
        return None

    @property
    def layout(self) -> Blocks:
        """The blocks for the sample at hand."""
        return self.blocks(self.sample.shape)

    @abstractmethod
    def loss(self, theta: Array) -> Any:
        """Return L(theta)."""

    @abstractmethod
    def loss_and_gradient(self, theta: Array) -> tuple[Any, Array]:
        """Return L(theta) and its gradient."""

    def separable(self, theta: Array) -> Any:
        """Return whether the estimate is on its way to infinity, shape () or (R,)."""
        return np.zeros(theta.shape[:-1], bool)[()]

    def orbit(self, theta: Array) -> list[Array]:
        """Return all parameters (p,) that give the loss of theta (p,) by symmetry, theta itself
        (without what the loss ignores) first."""
        return [theta]

    def passes(self) -> float:
        """Return the data passes so far: a forward and a backward product make one, a Gram one."""
        return (self.work["forward"] + self.work["backward"]) / 2 + self.work["gram"]

    def flops(self) -> float:
        """Return the floating-point operations so far, per replicate; NaN if none are counted."""
        return np.nan

    def recovery_errors(self, theta: Array, truth: Array) -> dict[str, float]:
        """Return |theta_block - truth_block| / |truth_block| of the orbit member nearest truth."""
        reference = self.orbit(truth)[0]
        nearest = min(self.orbit(theta), key=lambda member: np.linalg.norm(member - reference))
        norm, difference = np.linalg.norm, nearest - reference
        blocks = self.layout.items()
        return {name: float(norm(difference[s]) / norm(reference[s])) for name, s in blocks}

    @property
    def held_out_parts(self) -> tuple[str, ...]:
        """The names of the sample's parts that are held out, for `held_out`."""
        return ()

    def held_out(self, theta: Array) -> dict[str, Array]:
        """Return what is measured on held-out parts of the sample, shape (R,) each."""
        return {}

    def measures(self, theta: Array) -> dict[str, Array]:
        """Return what else is measured of a state, shape () or (R,) each."""
        return {}


class Example(NamedTuple):
    """A bound problem, the parameters of its sample's law (or any), and a start, (p,) each."""

    model: Objective
    truth: Array
    start: Array
