"""What every start law offers."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from emmoe.models.objective import Array, Blocks


class Start(ABC):
    """A law of the starting point, with its settings, the fields of a dataclass."""

    needs_truth: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def example(cls, blocks: Blocks) -> "Start":
        """Return the law with settings for some blocks, for tests."""

    @abstractmethod
    def draw(self, blocks: Blocks, truth: Array | None, rng: np.random.Generator) -> Array:
        """Draw a start theta_0 (p,); truth (p,) is None where the data have none."""


def size(blocks: Blocks) -> int:
    """Return the number of parameters of a layout."""
    return max(part.stop for part in blocks.values())


def random_direction(d: int, rng: np.random.Generator) -> Array:
    """Return a unit vector (d,), uniform on the sphere."""
    v = rng.standard_normal(d)
    return v / np.linalg.norm(v)
