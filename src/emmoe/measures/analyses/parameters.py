"""The parameters at a run's end, under labels by which runs can be compared.

Of the relabellings that leave the loss as it is, the one nearest the truth where there is one, else
the one whose first entry is largest (where two are equal, whose second is, and so on).
"""

import numpy as np

from emmoe.lab.fit import Run
from emmoe.models.objective import Array, Column, Objective
from emmoe.store.errors import DataError

NEEDS = Objective
COLUMNS = (
    Column("parameters", "theta_T, relabelled, block after block", type="list"),
    Column("parameter_blocks", "its blocks with their sizes: gate 3, experts 8", type="text"),
)


def analyse(run: Run) -> dict[str, list[float] | str]:
    """Return the columns; raises DataError where replicates share a state."""
    model, end = run.model, run.thetas[-1]
    if end.ndim > 1 and len(end) > 1:
        said = "replicates that share a sample run as one: set replicates_per_block: 1"
        raise DataError(f"parameters: {said}")
    theta = _relabelled(run, end.ravel().astype(float))
    parts = [(name, theta[at]) for name, at in model.layout.items()]
    return {
        "parameters": np.concatenate([part for _, part in parts]).tolist(),
        "parameter_blocks": ", ".join(f"{name} {len(part)}" for name, part in parts),
    }


def _relabelled(run: Run, theta: Array) -> Array:
    """Return theta under other labels of what the loss does not tell apart."""
    members = run.model.orbit(theta)
    if run.truth is None:
        return max(members, key=tuple)
    truth = run.model.orbit(run.truth)[0]
    return min(members, key=lambda member: np.linalg.norm(member - truth))
