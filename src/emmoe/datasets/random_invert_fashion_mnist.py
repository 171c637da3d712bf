"""Random Invert Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): 28 x 28 images in 10 classes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from emmoe.datasets._shared.idx import read_idx
from emmoe.datasets._shared.random_invert import Part, check_validation_size, invert
from emmoe.datasets.base import Dataset
from emmoe.models.regression import Sample


@dataclass(frozen=True)
class RandomInvertFashionMnist(Dataset):
    """train_size: the first images of the official training set, the last validation_size of which,
    if any, are held out for validation; the test set is the official."""

    train_size: int = 60000
    validation_size: int | None = None

    files = (
        "fashion-mnist/train-images-idx3-ubyte.gz",
        "fashion-mnist/train-labels-idx1-ubyte.gz",
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "fashion-mnist/t10k-labels-idx1-ubyte.gz",
    )
    dtype = np.float32

    @classmethod
    def example(cls) -> "RandomInvertFashionMnist":
        return cls(train_size=1000)

    def __post_init__(self):
        if not 784 <= self.train_size <= 60000:
            raise ValueError(f"train_size must be within 784..60000, got {self.train_size}")
        check_validation_size(self.validation_size, self.train_size)

    @property
    def shape(self) -> int:
        return 784

    @property
    def entries(self) -> int:
        return 70_000 * 784

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        read = tuple(files[name] for name in self.files)
        changed = tuple(p.stat().st_mtime_ns if p.is_file() else None for p, _ in read)
        (images, labels), test = _parts(read, changed)
        train = images[: self.train_size], labels[: self.train_size]
        yield list(range(len(rngs))), invert(train, test, rngs, self.validation_size)


@lru_cache(maxsize=1)
def _parts(files: tuple[tuple[Path, str], ...], changed: tuple[int | None, ...]) -> list[Part]:
    """The official training and test sets, read anew once a file has changed."""
    arrays = [read_idx(*file) for file in files]
    images = [a.reshape(len(a), -1).astype(np.float32) / np.float32(255) for a in arrays[::2]]
    return list(zip(images, (a.astype(np.intp) for a in arrays[1::2]), strict=True))
