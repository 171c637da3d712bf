"""Independent normal parameters, the same standard deviation for all."""

from dataclasses import dataclass

import numpy as np

from emmoe.models.objective import Array, Blocks
from emmoe.starts.base import Start, size


@dataclass(frozen=True)
class Gaussian(Start):
    """variance of every parameter."""

    variance: float

    @classmethod
    def example(cls, blocks: Blocks) -> "Gaussian":
        return cls(1.0)

    def __post_init__(self):
        if not self.variance > 0:
            raise ValueError(f"variance must be positive, got {self.variance}")

    def draw(self, blocks: Blocks, truth: Array | None, rng: np.random.Generator) -> Array:
        return np.sqrt(self.variance) * rng.standard_normal(size(blocks))
