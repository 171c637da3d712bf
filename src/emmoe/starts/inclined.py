"""The truth plus an offset at a random relative distance and a given angle to the line to zero.

An offset in a uniformly random direction is at right angles to the truth in the mean; that of a
start which knows nothing, drawn about zero, points towards zero. The cosine says how much it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emmoe.models.objective import Array, Blocks
from emmoe.starts.base import Start, random_direction

RANDOM = "random"


@dataclass(frozen=True)
class Inclined(Start):
    """distance, floor: as in near_truth; cosine: block -> cosine between theta_0 - theta* and
    -theta*, or "random" for a uniformly random direction, which a block of one parameter has."""

    distance: Mapping[str, tuple[float, float]]
    cosine: Mapping[str, float | str]
    floor: float = 0.0

    needs_truth = True

    @classmethod
    def example(cls, blocks: Blocks) -> "Inclined":
        return cls(dict.fromkeys(blocks, (0.5, 0.1)), dict.fromkeys(blocks, 0.5))

    def __post_init__(self):
        smallest = {"floor": self.floor} | {f"distance.{b}": v[1] for b, v in self.distance.items()}
        for name, value in smallest.items():
            if value < 0:
                raise ValueError(f"{name}: {value} is negative")
        for block, value in self.cosine.items():
            if value != RANDOM and (isinstance(value, str) or not -1 <= value <= 1):
                raise ValueError(
                    f'cosine.{block} must be "{RANDOM}" or within -1..1, got {value!r}'
                )

    def draw(self, blocks: Blocks, truth: Array | None, rng: np.random.Generator) -> Array:
        start = truth.copy()
        for name, part in blocks.items():
            relative = max(self.floor, rng.normal(*self.distance[name]))
            direction = random_direction(part.stop - part.start, rng)
            size = np.linalg.norm(truth[part])
            if self.cosine[name] != RANDOM and size > 0 and len(direction) > 1:
                direction = _inclined(direction, -truth[part] / size, self.cosine[name])
            start[part] += relative * size * direction
        return start


def _inclined(direction: Array, towards: Array, cosine: float) -> Array:
    """Return the unit vector (d,) with a cosine to `towards`, on the side of a random one."""
    across = direction - (direction @ towards) * towards
    return cosine * towards + np.sqrt(1 - cosine**2) * across / np.linalg.norm(across)
