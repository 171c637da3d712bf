"""Random Invert on scikit-learn's bundled 8 x 8 digits (UCI optical digits; no download)."""

from collections.abc import Iterator
from dataclasses import dataclass

from sklearn.datasets import load_digits

from emmoe.datasets.base import Dataset
from emmoe.datasets.random_invert import invert
from emmoe.models.base import Sample


@dataclass(frozen=True)
class RandomInvertDigits(Dataset):
    """test_size: images held out, by one random split that all replicates share."""

    test_size: int = 360

    def __post_init__(self):
        if not 0 < self.test_size < 1700:
            raise ValueError(f"test_size must be within 1..1699, got {self.test_size}")

    @property
    def features(self) -> int:
        return 64

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        pixels, labels = load_digits(return_X_y=True)
        order = split.permutation(len(labels))
        train, test = order[self.test_size :], order[: self.test_size]
        x = pixels / 16
        sample = invert((x[train], labels[train]), (x[test], labels[test]), rngs)
        yield list(range(len(rngs))), sample
