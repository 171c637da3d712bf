"""x ~ N(0, I_d) and targets from the model at given parameters, as `default_rng(seed)` draws them.

A sample that anybody can draw again without this package: the seed is the sample's own, not the
record's, so that its reference values stay what they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.datasets.base import Dataset, Rng
from emmoe.models.objective import Array, Blocks
from emmoe.models.regression import Sample
from emmoe.starts.base import size


@dataclass(frozen=True)
class SeededFeatures(Dataset):
    """x (n, d) is drawn first, then the model's y; parameters: theta* in the model's order.

    All replicates share the sample, and differ in their starts."""

    n: int
    d: int
    seed: int
    parameters: tuple[float, ...] = ()

    has_truth = True

    @classmethod
    def example(cls) -> "SeededFeatures":
        return cls(n=80, d=2, seed=1)

    def __post_init__(self):
        if min(self.n, self.d) < 1:
            raise ValueError(f"n and d must be positive, got {self.n} and {self.d}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")

    @property
    def shape(self) -> int:
        return self.d

    @property
    def entries(self) -> int:
        return self.n * self.d

    def truth(self, blocks: Blocks, rng: Rng) -> Array:
        """Return the parameters; without any, those that 1 + seed draws, N(0, 1) each."""
        count = size(blocks)
        if not self.parameters:
            return np.random.default_rng(1 + self.seed).standard_normal(count)
        if len(self.parameters) != count:
            counts = f"{len(self.parameters)} parameters, the model has {count}"
            raise ValueError(f"data.parameters: {counts}")
        return np.array(self.parameters, float)

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        rng = np.random.default_rng(self.seed)
        x = rng.standard_normal((self.n, self.d))
        yield list(range(len(rngs))), Sample(x, model.simulate(x, truths[0], rng))
