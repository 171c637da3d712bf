"""The truth plus a uniformly random direction, at a random relative distance for each block."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emmoe.models.objective import Array, Blocks
from emmoe.starts.base import Start, random_direction


@dataclass(frozen=True)
class NearTruth(Start):
    """distance: block -> [mean, sd] of |theta_0 - theta*| / |theta*|; floor: its smallest value."""

    distance: Mapping[str, tuple[float, float]]
    floor: float = 0.0

    needs_truth = True

    @classmethod
    def example(cls, blocks: Blocks) -> "NearTruth":
        return cls(dict.fromkeys(blocks, (0.5, 0.1)))

    def __post_init__(self):
        if self.floor < 0:
            raise ValueError(f"floor must not be negative, got {self.floor}")
        for block, (mean, sd) in self.distance.items():
            if sd < 0:
                raise ValueError(f"distance.{block}: the sd of [{mean}, {sd}] is negative")

    def draw(self, blocks: Blocks, truth: Array | None, rng: np.random.Generator) -> Array:
        start = truth.copy()
        for name, part in blocks.items():
            relative = max(self.floor, rng.normal(*self.distance[name]))
            direction = random_direction(part.stop - part.start, rng)
            start[part] += relative * np.linalg.norm(truth[part]) * direction
        return start
