"""The mirror-descent certificate: EM's step is a unit mirror step, and nothing else passes.

Residuals are of grad A(theta_{t+1}) - grad A(theta_t) + grad L(theta_t), relative to
|grad L(theta_t)|, grad L computed apart from the M-step. identity_1 and identity_2 are I1 and I2,
relative to their terms. The controls (half a step, a gradient step, no step) must fail.
"""

from collections.abc import Mapping

import pandas as pd

from emmoe.tables.runs import joined

TOLERANCE = 1e-8
CONTROLS = ["control_half_step", "control_gradient_step", "control_no_step"]
IDENTITIES = ["identity_1", "identity_2"]
NEEDS = ["status", "mirror_residual", "mirror_steps", *IDENTITIES, *CONTROLS]
COLUMNS = [
    "experiment", "model", "runs", "runs_unchecked", "steps", "mirror_residual_max",
    *(f"{name}_max" for name in IDENTITIES), *(f"{name}_min" for name in CONTROLS),
    "runs_failing", "controls_passing",
]  # fmt: skip


def build(*, curves: Mapping[str, str], **runs_tables: pd.DataFrame) -> pd.DataFrame:
    """Return COLUMNS, one row an experiment and model, over the runs of EM that were not skipped.

    curves: the fitters that are EM, "em" if empty. runs_unchecked: runs without a residual;
    steps: iterations checked; runs_failing: residual above TOLERANCE; controls_passing: runs in
    which any control passes the same check (must be 0).
    """
    runs = joined(runs_tables, curves or {"em": "EM"}, NEEDS)
    groups = runs[runs["status"] != "skipped"].groupby(["experiment", "model"])
    rows = [dict(zip(COLUMNS[:2], key, strict=True)) | _row(part) for key, part in groups]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(runs: pd.DataFrame) -> dict:
    residual = runs["mirror_residual"]
    return {
        "runs": len(runs),
        "runs_unchecked": int(residual.isna().sum()),
        "steps": int(runs["mirror_steps"].sum()),
        "mirror_residual_max": residual.max(),
        **{f"{name}_max": runs[name].max() for name in IDENTITIES},
        **{f"{name}_min": runs[name].min() for name in CONTROLS},
        "runs_failing": int((residual > TOLERANCE).sum()),
        "controls_passing": int((runs[CONTROLS] <= TOLERANCE).any(axis=1).sum()),
    }
