"""Every block in a uniformly random direction, with a given norm: a start that knows nothing."""

from dataclasses import dataclass

import numpy as np

from emmoe.models.objective import Array, Blocks
from emmoe.starts.base import Start, random_direction, size


@dataclass(frozen=True)
class RandomDirection(Start):
    """norm of every block; zero is refused, since theta = 0 is a fixed saddle of EM."""

    norm: float

    @classmethod
    def example(cls, blocks: Blocks) -> "RandomDirection":
        return cls(1.0)

    def __post_init__(self):
        if self.norm == 0:
            raise ValueError("norm: zero is a fixed saddle point, no fitter can leave it")
        if self.norm < 0:
            raise ValueError(f"norm must be positive, got {self.norm}")

    def draw(self, blocks: Blocks, truth: Array | None, rng: np.random.Generator) -> Array:
        start = np.empty(size(blocks))
        for part in blocks.values():
            start[part] = self.norm * random_direction(part.stop - part.start, rng)
        return start
