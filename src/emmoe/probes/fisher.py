"""Fisher's identity along a run: the gradient of -Q(. | theta) at theta is the gradient of L.

Gradient EM takes its first inner step along the gradient that the E-step's own pass gives. So the
identity is checked on the other formula, that of the inner steps (`q_gradient`), as well.
"""

from itertools import islice

import numpy as np
import pandas as pd

from emmoe.fitters.base import State
from emmoe.models.base import Array, Model
from emmoe.probes.base import Scene


def measure(scene: Scene, one: str, two: str, reference: str) -> pd.DataFrame:
    """Return a row an iteration t of three runs from the same start.

    one, two: fitters that are gradient EM with one and with two inner steps; reference: gradient
    descent with the same steps. difference_one, difference_two: |theta_t - reference's| in the
    largest entry, relative to the reference's; identity: |q gradient - grad L| / |grad L| at the
    reference's theta_t; gradient_norm: |grad L| there."""
    runs = [_states(scene, name) for name in (reference, one, two)]
    rows = []
    for t, (plain, first, second) in enumerate(zip(*runs, strict=True)):
        row = {"iteration": t, "difference_one": _difference(first, plain)}
        row["difference_two"] = _difference(second, plain)
        row["identity"] = _identity(scene.model, plain.theta)
        rows.append(row | {"gradient_norm": float(np.linalg.norm(plain.gradient))})
    return pd.DataFrame(rows)


def _states(scene: Scene, name: str) -> list[State]:
    states = scene.fitters[name].iterate(scene.model, scene.start)
    return list(islice(states, scene.iterations + 1))


def _difference(state: State, reference: State) -> float:
    gap = np.abs(state.theta - reference.theta).max()
    return float(gap / np.abs(reference.theta).max())


def _identity(model: Model, theta: Array) -> float:
    gradient = model.loss_and_gradient(theta)[1]
    statistic = model.e_step(theta)[2]
    gap = np.linalg.norm(model.q_gradient(theta, statistic) - gradient)
    return float(gap / np.linalg.norm(gradient))
