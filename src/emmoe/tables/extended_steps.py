"""Mirror steps that fail the certificate, done again in extended precision.

:section: theory
:title: Failing certificates in extended precision
:caption: The worst step of five failing runs: its residual as it was taken, as solved in extended
    precision, and as that solution is once rounded to double precision.
"""

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
