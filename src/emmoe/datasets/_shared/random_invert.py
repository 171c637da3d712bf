"""Random Invert: images with pixels in [0, 1], each inverted (x -> 1 - x) with probability 1/2.

The replicates of a block share one copy of the images; a sample's signs say which are inverted.
Source: the paper's experiment on Random Invert Fashion-MNIST.
"""

from collections.abc import Sequence

import numpy as np

from emmoe.datasets.base import Rng
from emmoe.models.objective import Array
from emmoe.models.regression import Sample

Part = tuple[Array, np.ndarray]  # images (n, d) and labels (n,)


def invert(
    train: Part, test: Part, rngs: Sequence[Rng], validation_size: int | None = None
) -> Sample:
    """Return the sample of len(rngs) replicates, inversions drawn from each one's generator.

    The last validation_size training images, if any, are held out for validation."""
    sizes = len(train[0]), len(test[0])
    signs = [[1 - 2 * rng.integers(0, 2, size, dtype=np.int8) for size in sizes] for rng in rngs]
    of_train, of_test = (np.array([s[part] for s in signs]) for part in (0, 1))
    rest, validation = len(train[0]) - (validation_size or 0), None
    if validation_size is not None:
        images, labels = (part[rest:] for part in train)
        validation = Sample(images, labels, of_train[:, rest:])
    images, labels = (part[:rest] for part in train)
    return Sample(images, labels, of_train[:, :rest], Sample(*test, of_test), validation)


def check_validation_size(size: int | None, train_size: int) -> None:
    """Raise ValueError unless at least half of the training images are left to train on."""
    if size is not None and not 0 < size <= train_size // 2:
        raise ValueError(f"validation_size must be within 1..{train_size // 2}, got {size}")
