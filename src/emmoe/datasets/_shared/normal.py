"""x ~ N(0, I_d) and targets drawn from the model at parameters that are given, or drawn anew."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.datasets.base import Dataset, Rng
from emmoe.models.objective import Array, Blocks
from emmoe.models.regression import Sample
from emmoe.starts.base import size


@dataclass(frozen=True)
class Normal(Dataset):
    """parameters: theta* in the model's order; where there are none, N(0, 1) each."""

    n: int
    d: int
    parameters: tuple[float, ...] = ()

    has_truth = True

    def __post_init__(self):
        if min(self.n, self.d) < 1:
            raise ValueError(f"n and d must be positive, got {self.n} and {self.d}")

    @property
    def shape(self) -> int:
        return self.d

    @property
    def entries(self) -> int:
        return self.n * self.d

    def truth(self, blocks: Blocks, rng: Rng) -> Array:
        if not self.parameters:
            return rng.standard_normal(size(blocks))
        if len(self.parameters) != size(blocks):
            counts = f"{len(self.parameters)} parameters, the model has {size(blocks)}"
            raise ValueError(f"data.parameters: {counts}")
        return np.array(self.parameters, float)

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        for position, (truth, rng) in enumerate(zip(truths, rngs, strict=True)):
            x = rng.standard_normal((self.n, self.d))
            yield [position], Sample(x, model.simulate(x, truth, rng))
