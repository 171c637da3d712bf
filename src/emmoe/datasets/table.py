"""A table of one's own: CSV or Parquet, columns coded as `emmoe fit` codes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from emmoe.datasets.base import Dataset
from emmoe.models.regression import Sample
from emmoe.store.coding import coding, numbers
from emmoe.store.tabular import read_table

EXAMPLE = Path(__file__).parents[1] / "commands" / "project" / "data.csv"


@dataclass(frozen=True)
class Table(Dataset):
    """path: the file, from where the run works; target: its column; columns: the features, none
    for all others; categorical: those with levels; classes: whether the target's values, sorted,
    are the classes 0, 1, ...; scaled: whether features get mean 0 and variance 1, scaled_target:
    whether the target does; intercept: whether a column of ones comes first, for models that have
    no intercept of their own.

    All replicates share the rows, and differ in their starts."""

    path: str
    target: str
    columns: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    classes: bool = False
    scaled: bool = True
    scaled_target: bool | None = None  # None, not False: the seeds follow from what is set
    intercept: bool = False

    reads = ("path",)

    def __post_init__(self):
        if self.classes and self.scaled_target:
            raise ValueError("scaled_target is for numbers: leave it out where classes is true")

    @classmethod
    def example(cls) -> "Table":
        return cls(path=str(EXAMPLE), target="growth", columns=("size", "dose"))

    @property
    def shape(self) -> int:
        return self._rows()[0].shape[1]

    @property
    def entries(self) -> int:
        return self._rows()[0].size

    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and targets (n,); raises DataError for a file that cannot be coded."""
        path = Path(self.path)
        return _rows(self, path.stat().st_mtime_ns if path.is_file() else None)

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        x, y = self._rows()
        for position in range(len(rngs)):
            yield [position], Sample(x, y)


@cache
def _rows(own: Table, changed: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The rows of a table, read anew once the file has changed."""
    table = read_table(own.path)
    coded = coding(table, own.target, own.columns or None, own.categorical)
    x, target = coded.features(table), coded.targets(table)
    if own.scaled:
        x = _scaled(x)
    if own.classes:
        y = np.unique(target.to_numpy(), return_inverse=True)[1]
    else:
        y = numbers(target, "set classes: true for its values to be classes")
    if own.scaled_target:
        y = _scaled(y)
    ones = np.ones((len(x), int(own.intercept)))
    return np.column_stack([ones, x]), y


def _scaled(values: np.ndarray) -> np.ndarray:
    """Values less their mean, over their deviation where there is one."""
    deviation = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
