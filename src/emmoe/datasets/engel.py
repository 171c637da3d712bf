"""Engel's (1857) budgets of 235 Belgian households: food expenditure by income.

As Koenker and Bassett (1982) give them, in francs; in the public domain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emmoe.datasets.base import Dataset
from emmoe.models.regression import Sample

FILE = Path(__file__).parent / "_shared" / "engel.csv"
HOUSEHOLDS = 235


@dataclass(frozen=True)
class Engel(Dataset):
    """Both get mean 0 and variance 1. All replicates share the rows."""

    @classmethod
    def example(cls) -> "Engel":
        return cls()

    @property
    def shape(self) -> int:
        return 1

    @property
    def entries(self) -> int:
        return HOUSEHOLDS

    def samples(self, model, truths, rngs, split, files) -> Iterator[tuple[list[int], Sample]]:
        rows = np.loadtxt(FILE, delimiter=",", skiprows=1, encoding="utf-8")
        rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
        for position in range(len(rngs)):
            yield [position], Sample(rows[:, :1], rows[:, 1])
