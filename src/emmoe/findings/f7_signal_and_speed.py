"""F7: of two symmetric linear experts, a larger gate alone does not make EM faster."""

from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.findings.base import Finding, digits
from emmoe.record.reads import Reads

TITLE = "Which signal makes EM faster"
CLAIM = (
    "In the symmetric mixture of two linear experts, a larger |w*| alone does not make EM faster; "
    "a larger |beta*| does."
)
MODEL = "symmetric_linear"
AXES = {"norm_beta": "|beta*|", "norm_w": "|w*|"}


def find(*, rates: Annotated[pd.DataFrame, Reads("table", of="rates")]) -> Finding:
    """Return the finding from the table of rates of a sweep: population rho, lambda_max(M), and its
    median at the sample optimum."""
    cells = rates[(rates["model"] == MODEL) & (rates["fitter"] == "em")]
    numbers: dict = {"cells": len(cells), "angles": sorted(map(float, cells["angle"].unique()))}
    for source in ("gap_population", "gap_hat_median"):
        numbers[source] = {axis: _steps(cells, axis, source) for axis in AXES}
    beta, gate = (numbers["gap_population"][axis] for axis in AXES)
    if not (beta["steps"] and gate["steps"]):
        text = "The grid has fewer than two values of a norm, so nothing can be compared."
        return Finding("F7", TITLE, CLAIM, text, None, numbers)
    holds = beta["faster"] == beta["steps"] and 2 * gate["slower"] > gate["steps"]
    return Finding("F7", TITLE, CLAIM, _text(numbers, beta, gate, holds), bool(holds), numbers)


def _steps(cells: pd.DataFrame, axis: str, column: str) -> dict[str, float]:
    """Compare neighbouring cells along an axis, all else fixed: how many steps up the axis make EM
    faster and slower, and the median factor in 1 - rho."""
    others = [name for name in ("angle", *AXES) if name != axis]
    factors = [
        after / before
        for _, line in cells.sort_values(axis).groupby(others)
        for before, after in zip(line[column][:-1], line[column][1:], strict=True)
    ]
    factors = np.array([factor for factor in factors if np.isfinite(factor)])
    return {
        "steps": len(factors), "faster": int((factors > 1).sum()),
        "slower": int((factors < 1).sum()),
        "median_factor": float(np.median(factors)) if len(factors) else np.nan,
    }  # fmt: skip


def _text(numbers: dict, beta: dict, gate: dict, holds: bool) -> str:
    sample = numbers["gap_hat_median"]
    text = (
        f"Over {numbers['cells']} cells of norms and angles, EM's population rate rho was compared "
        f"between neighbours. Of {beta['steps']} steps to a larger |beta*| at the same |w*| and "
        f"angle, {beta['faster']} make EM faster, and 1 - rho changes by a median factor of "
        f"{digits(beta['median_factor'])}. Of {gate['steps']} steps to a larger |w*| at the same "
        f"|beta*| and angle, {gate['faster']} make it faster and {gate['slower']} slower, with a "
        f"median factor of {digits(gate['median_factor'])}. At the sample optima it is "
        f"{sample['norm_beta']['faster']} of {sample['norm_beta']['steps']} for |beta*| and "
        f"{sample['norm_w']['faster']} of {sample['norm_w']['steps']} for |w*|. "
    )
    if holds and gate["faster"]:
        return text + "So a larger |beta*| makes EM faster, and a larger |w*| mostly slower."
    if holds:
        return text + "So a larger |beta*| makes EM faster, and a larger |w*| alone slower."
    return text + "So the claim does not come out on this grid."
