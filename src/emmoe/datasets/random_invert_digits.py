"""Random Invert on scikit-learn's bundled 8 x 8 digits (UCI optical digits; no download)."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.datasets._shared.random_invert import check_validation_size, invert
from emmoe.datasets.base import Dataset
from emmoe.models.regression import Sample

IMAGES = 1797


@dataclass(frozen=True)
class RandomInvertDigits(Dataset):
    """test_size: images held out, by one random split that all replicates share; validation_size:
    how many of the others are held out for validation, if any."""

    test_size: int = 360
    validation_size: int | None = None

    @classmethod
    def example(cls) -> "RandomInvertDigits":
        return cls(test_size=1500)

    def __post_init__(self):
        if not 0 < self.test_size < 1700:
            raise ValueError(f"test_size must be within 1..1699, got {self.test_size}")
        check_validation_size(self.validation_size, IMAGES - self.test_size)

    @property
    def shape(self) -> int:
        return 64

    @property
    def entries(self) -> int:
        return IMAGES * 64

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        from sklearn.datasets import load_digits  # not imported to plan: it takes a second

        pixels, labels = load_digits(return_X_y=True)
        order = split.permutation(len(labels))
        train, test = order[self.test_size :], order[: self.test_size]
        x = pixels / 16
        parts = (x[train], labels[train]), (x[test], labels[test])
        yield list(range(len(rngs))), invert(*parts, rngs, self.validation_size)
