"""The mirror-descent certificate: EM's step is a unit mirror step, and nothing else passes.

Residuals are of grad A(theta_{t+1}) - grad A(theta_t) + grad L(theta_t), relative to
|grad L(theta_t)|, grad L computed apart from the M-step. identity_1 and identity_2 are I1 and I2,
relative to their terms. The controls (half a step, a gradient step, no step) must fail. Runs whose
estimate goes to infinity (status separable) stand apart: the M-step's curvature vanishes along it,
and it ends at the round-off of its gradient, before the tolerance is met. Solved on in extended
precision the same steps pass, and pass when that is rounded (`emmoe.tables.extended_steps`).

:section: theory
:title: Certificate: EM's step is a unit mirror-descent step
:caption: Largest residual of the mirror-descent equation relative to the gradient, of the two exact
    identities relative to their terms, and the smallest of the controls (half a step, a gradient
    step, no step), which must fail the same check.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import RUN, joined

TOLERANCE = 1e-8
IDENTITY_TOLERANCE = 1e-13
CONTROLS = ["control_half_step", "control_gradient_step", "control_no_step"]
IDENTITIES = ["identity_1", "identity_2"]
NEEDS = ["status", "mirror_residual", "mirror_steps", *IDENTITIES, *CONTROLS]
COLUMNS = [
    "experiment", "model", "estimate", "runs", "runs_unchecked", "steps", "mirror_residual_max",
    *(f"{name}_max" for name in IDENTITIES), *(f"{name}_min" for name in CONTROLS),
    "runs_failing", "identities_failing", "controls_passing",
]  # fmt: skip


def build(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS], otherwise="em")],
) -> pd.DataFrame:
    """Return COLUMNS, one row an experiment, model and kind of estimate ("finite", "infinite"),
    over the runs of EM that were not skipped.

    curves: the fitters that are EM, "em" if empty. runs_unchecked: runs without a step to check;
    steps: iterations checked; runs_failing: residual above TOLERANCE or not a number;
    identities_failing: the same for IDENTITY_TOLERANCE; controls_passing: runs in which any control
    passes the same check (must be 0).
    """
    runs = joined(runs_tables, curves or {"em": "EM"}, NEEDS)
    runs["estimate"] = np.where(runs["status"] == "separable", "infinite", "finite")
    groups = runs[runs["status"] != "skipped"].groupby(COLUMNS[:3])
    rows = [dict(zip(COLUMNS[:3], key, strict=True)) | _row(part) for key, part in groups]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(runs: pd.DataFrame) -> dict:
    residual, checked = runs["mirror_residual"], runs["mirror_steps"] > 0
    identities = runs.loc[checked, IDENTITIES].max(axis=1, skipna=False)
    return {
        "runs": len(runs),
        "runs_unchecked": int((~checked).sum()),
        "steps": int(runs["mirror_steps"].sum()),
        "mirror_residual_max": residual.max(),
        **{f"{name}_max": runs[name].max() for name in IDENTITIES},
        **{f"{name}_min": runs[name].min() for name in CONTROLS},
        "runs_failing": int((~(residual[checked] <= TOLERANCE)).sum()),
        "identities_failing": int((~(identities <= IDENTITY_TOLERANCE)).sum()),
        "controls_passing": int((runs[CONTROLS] <= TOLERANCE).any(axis=1).sum()),
    }
