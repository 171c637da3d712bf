"""The small tables that scikit-learn ships, for models of rows: no download."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pandas as pd

from emmoe.datasets.base import Dataset
from emmoe.models.regression import Sample
from emmoe.store.errors import nearest

TABLES = ("breast_cancer", "diabetes", "iris", "wine")
LABEL = "target"  # scikit-learn's own: classes 0, 1, ..., or diabetes' progression


@dataclass(frozen=True)
class ScikitLearnTable(Dataset):
    """table: one of TABLES; target: its column, or `target`, scikit-learn's own; columns: the
    features, none for all others of the table.

    All replicates share the rows, and differ in their starts."""

    table: str
    target: str = LABEL
    columns: tuple[str, ...] = ()

    @classmethod
    def example(cls) -> "ScikitLearnTable":
        return cls(table="iris", target="petal width (cm)", columns=("petal length (cm)",))

    def __post_init__(self):
        if self.table not in TABLES:
            raise ValueError(f"table: there is no {self.table!r}{nearest(self.table, TABLES)}")
        known = list(_table(self.table).columns)
        for name in (self.target, *self.columns):
            if name not in known:
                raise ValueError(f"{self.table} has no column {name!r}{nearest(name, known)}")

    @property
    def features(self) -> list[str]:
        """The columns of x."""
        others = [n for n in _table(self.table).columns if n not in (self.target, LABEL)]
        return list(self.columns) or others

    @property
    def shape(self) -> int:
        return len(self.features)

    @property
    def entries(self) -> int:
        return len(_table(self.table)) * self.shape

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        table = _table(self.table)
        x, y = table[self.features].to_numpy(float), table[self.target].to_numpy(float)
        yield list(range(len(rngs))), Sample(x, y)


@cache
def _table(name: str) -> pd.DataFrame:
    """Return a table with its target."""
    from sklearn import datasets  # not imported to plan: it takes a second

    return getattr(datasets, f"load_{name}")(as_frame=True).frame
