"""Fisher's identity along a run: the gradient of -Q(. | theta) at theta is the gradient of L.

Gradient EM takes its first inner step along the gradient that the E-step's own pass gives. So the
identity is checked on the formula of the further inner steps (`q_gradient`) as well, and that
against differences of the loss, which share no code with any gradient.
"""

from itertools import islice

import numpy as np
import pandas as pd

from emmoe.fitters.base import State
from emmoe.lab.probe import Probed
from emmoe.models.latent import LatentModel
from emmoe.models.objective import Column

STEP = 1e-5  # in theta, of the central difference

NEEDS = LatentModel
APART = "largest entry of |theta_t - reference's|, relative to the reference's"
COLUMNS = (
    Column("iteration", "0 is the start", type="integer"),
    Column("difference_one", f"gradient EM with one inner step: {APART}"),
    Column("difference_two", f"gradient EM with two inner steps: {APART}"),
    Column("identity", "|q gradient - grad L| / |grad L| at the reference's theta_t"),
    Column("slope", "q gradient along grad L against L's central difference, relative"),
    Column("gradient_norm", "|grad L(theta_t)|_2 of the reference"),
)


def measure(scene: Probed, one: str, two: str, reference: str) -> pd.DataFrame:
    """Return a row for each iteration t of three runs from the same start.

    one, two: fitters that are gradient EM with one and with two inner steps; reference: gradient
    descent with the same steps."""
    runs = [_states(scene, name) for name in (reference, one, two)]
    rows = []
    for t, (plain, first, second) in enumerate(zip(*runs, strict=True)):
        row = {"iteration": t, "difference_one": _difference(first, plain)}
        row["difference_two"] = _difference(second, plain)
        row |= _identity(scene.model, plain)
        rows.append(row | {"gradient_norm": float(np.linalg.norm(plain.gradient))})
    return pd.DataFrame(rows)


def _states(scene: Probed, name: str) -> list[State]:
    states = scene.fitters[name].iterate(scene.model, scene.start)
    return list(islice(states, scene.iterations + 1))


def _difference(state: State, reference: State) -> float:
    gap = np.abs(state.theta - reference.theta).max()
    return float(gap / np.abs(reference.theta).max())


def _identity(model: LatentModel, state: State) -> dict[str, float]:
    theta, gradient = state.theta, state.gradient
    size = np.linalg.norm(gradient)
    q_gradient = model.q_gradient(theta, model.e_step(theta)[2])
    shift = STEP * gradient / size
    slope = float(np.sum(model.loss(theta + shift) - model.loss(theta - shift)) / (2 * STEP))
    along = float((q_gradient * gradient).sum() / size)
    identity = float(np.linalg.norm(q_gradient - gradient) / size)
    return {"identity": identity, "slope": abs(along - slope) / abs(slope)}
