"""Iterations of a fitter against another's, cell by cell, those that never arrive as infinite.

:section: theory
:title: Iterations of gradient descent against EM's
:caption: Quotients of the cells' median iterations; a cell in which gradient descent does not
    arrive counts as infinite.
"""

from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import CELL

COLUMNS = [
    "model", "one", "other", "cells", "one_arrives", "other_arrives", "both_arrive",
    "ratio_both", "ratio", "ratio_max",
]  # fmt: skip


def build(
    *,
    curves: dict[str, str],
    rates: Annotated[pd.DataFrame, Reads("table", of="rates")],
    one: str,
    other: str,
) -> pd.DataFrame:
    """Return COLUMNS, one row a model; one, other: fitters.

    one_arrives: cells whose median run reaches the tolerance. ratio: the median over the cells in
    which `one` arrives of the quotient of the other's median iterations to its own, infinite where
    the other does not arrive; ratio_both: over those alone in which both do, which leaves out the
    slow; ratio_max: the largest of these."""
    cells = [name for name in CELL if name != "experiment"]
    wide = _iterations(rates, one, cells).to_frame("one")
    wide["other"] = _iterations(rates, other, cells)
    rows = [
        {"model": model, "one": one, "other": other} | _row(part)
        for model, part in wide.groupby(level="model")
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _iterations(rates: pd.DataFrame, fitter: str, cells: list[str]) -> pd.Series:
    own = rates[rates["fitter"] == fitter].set_index(cells)
    median = own["iterations_to_tolerance_median"]
    return median.mask(own["censored_median"].astype(bool), np.inf)


def _row(wide: pd.DataFrame) -> dict:
    arrives = np.isfinite(wide)
    ratio = (wide["other"] / wide["one"])[arrives["one"]]
    both = ratio[np.isfinite(ratio)]
    return {
        "cells": len(wide),
        "one_arrives": int(arrives["one"].sum()),
        "other_arrives": int(arrives["other"].sum()),
        "both_arrive": len(both),
        "ratio_both": both.median(),
        "ratio": ratio.median(),
        "ratio_max": both.max(),
    }
