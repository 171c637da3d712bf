"""Features and targets of `normal_features`, in one sample as `default_rng(seed)` draws it.

A sample that anybody can draw again without this package: the seed is the sample's own, not the
record's, so that its reference values stay what they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from emmoe.datasets._shared.normal import Normal
from emmoe.datasets.base import Rng
from emmoe.models.objective import Array, Blocks
from emmoe.models.regression import Sample


@dataclass(frozen=True)
class SeededFeatures(Normal):
    """x (n, d) is drawn first, then the model's y; parameters: theta* in the model's order, without
    any those that 1 + seed draws, N(0, 1) each.

    All replicates share the sample, and differ in their starts."""

    seed: int = field(kw_only=True)

    @classmethod
    def example(cls) -> "SeededFeatures":
        return cls(n=80, d=2, seed=1)

    def __post_init__(self):
        super().__post_init__()
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")

    def truth(self, blocks: Blocks, rng: Rng) -> Array:
        return super().truth(blocks, np.random.default_rng(1 + self.seed))

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        own = super().samples(model, truths[:1], [np.random.default_rng(self.seed)], split, files)
        for _, sample in own:
            yield list(range(len(rngs))), sample
