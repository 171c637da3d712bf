"""What every data set offers. Its settings are the fields of a dataclass, plus `axes`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emmoe.models.objective import Array, Blocks, Objective
from emmoe.models.regression import Sample

Rng = np.random.Generator


class Dataset(ABC):
    """One cell's data: `files` names the downloads it reads (as <folder>/<file>), `reads` the
    settings that are paths of a person's own files, `axes` the settings that a grid may vary."""

    axes: ClassVar[tuple[str, ...]] = ()
    has_truth: ClassVar[bool] = False
    files: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = ()
    dtype: ClassVar[type] = np.float64

    @property
    @abstractmethod
    def shape(self) -> Any:
        """What a model's blocks follow from: for regressions d, the number of features."""

    @property
    @abstractmethod
    def entries(self) -> int:
        """How many numbers a sample holds, held-out parts included."""

    @classmethod
    @abstractmethod
    def example(cls) -> "Dataset":
        """Return a small one, for tests."""

    def truth(self, blocks: Blocks, rng: Rng) -> Array | None:
        """Draw the true parameters (p,) of a model with these blocks, None where there are none."""
        return None

    @abstractmethod
    def samples(
        self,
        model: Objective,
        truths: Sequence[Array | None],
        rngs: Sequence[Rng],
        split: Rng,
        files: dict[str, tuple[Path, str]],
    ) -> Iterator[tuple[list[int], Sample]]:
        """Yield (positions, sample): the replicates, by position, that share a sample.

        rngs are the replicates' own generators, split the one they have in common; files maps a
        download's name to its path and SHA-256."""
