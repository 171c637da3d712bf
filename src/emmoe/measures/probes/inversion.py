"""How easily the gate's task in Random Invert is told, and how the gate grows as EM learns it.

An inverted image has bright corners: a threshold on the first pixel alone guesses the inversion.
"""

from itertools import islice

import numpy as np
import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.models.objective import Array, Column
from emmoe.models.regression import Sample

PIXEL = 0
THRESHOLD = 0.5

NEEDS = LogisticExperts
COLUMNS = (
    Column("iteration", "0 is the start", type="integer"),
    Column("gate_norm", "|difference of the gate's two rows of logits|: no common shift in it"),
    Column("gate_accuracy", "share of training images whose likelier expert tells the inversion"),
    Column("train_images", "how many there are, the same in every row", type="integer"),
    Column("train_errors", "wrong guesses of the inversion by one pixel", type="integer"),
    Column("test_images", "how many there are, the same in every row", type="integer"),
    Column("test_errors", "wrong guesses of the inversion by one pixel", type="integer"),
)


def measure(scene: Probed, fitter: str) -> pd.DataFrame:
    """Return a row for each iteration t of a run of a fitter on two experts; of the two ways to
    assign them to the inversion, the better one."""
    model, states = scene.model, scene.fitters[fitter].iterate(scene.model, scene.start)
    facts = _guesses("train", model.sample) | _guesses("test", model.sample.test)
    rows = [
        {"iteration": t} | _gate(model, state.theta) | facts
        for t, state in enumerate(islice(states, scene.iterations + 1))
    ]
    return pd.DataFrame(rows)


def _guesses(name: str, sample: Sample) -> dict[str, int]:
    sign = sample.signs[0]
    pixel = np.where(sign > 0, sample.x[:, PIXEL], 1 - sample.x[:, PIXEL])
    errors = (pixel > THRESHOLD) != (sign < 0)
    return {f"{name}_images": len(sign), f"{name}_errors": int(errors.sum())}


def _gate(model: LogisticExperts, theta: Array) -> dict[str, float]:
    sample = model.sample
    first, second = theta[0, model.layout["gate"]].reshape(2, -1).astype(float)
    direction, sign = first - second, sample.signs[0]
    logit = sign * (sample.x @ direction) + (1 - sign) / 2 * direction.sum()
    agreement = float(np.mean((logit > 0) == (sign > 0)))
    norm = float(np.linalg.norm(direction))
    return {"gate_norm": norm, "gate_accuracy": max(agreement, 1 - agreement)}
