"""Random Invert: images with pixels in [0, 1], each inverted (x -> 1 - x) with probability 1/2.

The replicates of a block share one copy of the images; a sample's signs say which are inverted.
Source: the paper's experiment on Random Invert Fashion-MNIST.
"""

from collections.abc import Sequence

import numpy as np

from emmoe.datasets.base import Rng
from emmoe.models.base import Array, Sample


def invert(
    train: tuple[Array, np.ndarray], test: tuple[Array, np.ndarray], rngs: Sequence[Rng]
) -> Sample:
    """Return the sample of len(rngs) replicates, inversions drawn from each one's generator."""
    sizes = len(train[0]), len(test[0])
    signs = [[1 - 2 * rng.integers(0, 2, size, dtype=np.int8) for size in sizes] for rng in rngs]
    held_out = Sample(*test, signs=np.array([s[1] for s in signs]))
    return Sample(*train, signs=np.array([s[0] for s in signs]), test=held_out)
