"""The parameters at which runs end, a row an entry."""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads
from emmoe.tables._shared import parameters


def build(
    *,
    runs: Annotated[pd.DataFrame, Reads("runs", columns=parameters.COLUMNS)],
    curves: Mapping[str, str],
) -> pd.DataFrame:
    """Return cell, fitter, replicate, status, loss, block, entry (from 0 in each block) and value:
    the model says what the entries are. curves: the fitters to take, every one if empty."""
    return parameters.long(runs, curves)
