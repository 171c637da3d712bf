"""The excess loss that a run would show if the gate were known: L(beta_t, w*) - L(theta*)."""

import numpy as np

from emmoe.lab.fit import Run
from emmoe.models.objective import Column
from emmoe.models.symmetric import SymmetricModel

NEEDS = SymmetricModel
COLUMNS = (Column("excess_loss_true_gate", "L(beta_t, w*) - L(theta*), over t", "nats", "list"),)


def analyse(run: Run) -> dict[str, list[float] | float]:
    """Return the list over t = 0, ..., T, in nats; NaN without a truth.

    beta_t is taken from the member of theta_t's orbit that is nearest the truth."""
    name = COLUMNS[0].name
    if run.truth is None:
        return {name: np.nan}
    floor = run.model.loss(run.truth)
    gate = run.model.layout["w"]
    losses = []
    for theta in run.thetas:
        copies = run.model.orbit(theta)
        point = min(copies, key=lambda member: np.linalg.norm(member - run.truth)).copy()
        point[gate] = run.truth[gate]
        losses.append(float(run.model.loss(point) - floor))
    return {name: losses}
