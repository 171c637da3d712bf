"""Two-expert mixtures with known truth: x ~ N(0, I_d), y from a symmetric model at theta*."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.datasets.base import Dataset, Rng
from emmoe.models.objective import Array, Blocks
from emmoe.models.regression import Sample
from emmoe.starts.base import random_direction


@dataclass(frozen=True)
class Synthetic(Dataset):
    """norm_beta = |beta*|, norm_w = |w*|, angle between them in degrees, or "random" for
    independent uniform directions."""

    n: int
    d: int
    norm_beta: float
    norm_w: float
    angle: float | str

    axes = ("d", "n", "angle", "norm_beta", "norm_w")
    has_truth = True

    @classmethod
    def example(cls) -> "Synthetic":
        return cls(n=60, d=3, norm_beta=2.0, norm_w=2.0, angle="random")

    def __post_init__(self):
        if self.d < 2:
            raise ValueError(f"d must be at least 2, got {self.d}")
        if self.n < self.d:
            raise ValueError(f"n must be at least d = {self.d}, got {self.n}")
        for name in ("norm_beta", "norm_w"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.angle != "random" and (isinstance(self.angle, str) or not 0 <= self.angle <= 180):
            raise ValueError(f'angle must be "random" or within 0..180, got {self.angle!r}')

    @property
    def shape(self) -> int:
        return self.d

    @property
    def entries(self) -> int:
        return self.n * self.d

    def truth(self, blocks: Blocks, rng: Rng) -> Array:
        """Draw theta* = (beta*, w*): beta*'s direction uniform, w*'s at the angle from it."""
        u, v = random_direction(self.d, rng), random_direction(self.d, rng)
        if self.angle != "random":
            v -= (v @ u) * u
            radians = np.deg2rad(self.angle)
            v = np.cos(radians) * u + np.sin(radians) * v / np.linalg.norm(v)
        return np.concatenate([self.norm_beta * u, self.norm_w * v])

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        for position, (truth, rng) in enumerate(zip(truths, rngs, strict=True)):
            x = rng.standard_normal((self.n, self.d))
            yield [position], Sample(x, model.simulate(x, truth, rng))
