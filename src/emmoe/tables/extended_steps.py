"""Mirror steps that fail the certificate, done again in extended precision."""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd

from emmoe.record.reads import Reads


def build(
    *,
    curves: Mapping[str, str],
    **steps: Annotated[pd.DataFrame, Reads("probe", of="extended_step")],
) -> pd.DataFrame:
    """Return the rows of `emmoe.measures.probes.extended_step`, with the run's name before each."""
    rows = pd.concat(steps, names=["run"])
    return rows.reset_index(level="run").reset_index(drop=True)
