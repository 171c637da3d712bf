"""The excess loss that a run would show if the gate were known: L(beta_t, w*) - L(theta*)."""

import numpy as np

from emmoe.lab.fit import Run
from emmoe.models.symmetric import SymmetricModel

COLUMNS = ("excess_loss_true_gate",)


def analyse(run: Run) -> dict[str, list[float] | float]:
    """Return the list over t = 0, ..., T, in nats; NaN without a truth or for other models.

    beta_t is taken from the member of theta_t's orbit that is nearest the truth."""
    if run.truth is None or not isinstance(run.model, SymmetricModel):
        return {COLUMNS[0]: np.nan}
    floor = run.model.loss(run.truth)
    gate = run.model.blocks(run.model.sample.x.shape[1])["w"]
    losses = []
    for theta in run.thetas:
        copies = run.model.orbit(theta)
        point = min(copies, key=lambda member: np.linalg.norm(member - run.truth)).copy()
        point[gate] = run.truth[gate]
        losses.append(float(run.model.loss(point) - floor))
    return {COLUMNS[0]: losses}
