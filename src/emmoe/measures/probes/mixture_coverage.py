"""How often Wald intervals of a mixture of experts hold the truth: fits to many fresh samples.

The truth is the fit to the experiment's sample, from which the samples are drawn."""

from itertools import permutations

import numpy as np
import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.mixture import Fitted, Problem, fit, inference
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.objective import Array, Column

STARTS = 4  # of each fit
QUANTILE = 1.959963984540054  # of 95 %, two-sided

NEEDS = MixtureOfExperts
COLUMNS = (
    Column("parameter", "block, expert (from 0), row of the expert, feature", type="string"),
    Column("observed", "share of 95 % intervals with observed information that hold the truth"),
    Column("robust", "the same with sandwich errors"),
    Column("fits", "samples whose fit is a maximum: the others are left out", type="integer"),
    Column("draws", "samples", type="integer"),
)


def measure(scene: Probed, n: int, draws: int, seed: int) -> pd.DataFrame:
    """Return a row a parameter; n: rows a sample."""
    model, own = scene.model, scene.model.sample
    truth = _fitted(model, own.x, own.y).theta_given
    held: dict[str, list[Array]] = {kind: [] for kind in inference.KINDS}
    for draw in range(draws):
        rng = np.random.default_rng([seed, draw])
        x = rng.standard_normal((n, own.shape))
        found = _fitted(model, x, model.simulate(x, truth, rng))
        if found.status == "maximum":
            for kind, values in held.items():
                values.append(_holds(found, truth, kind))
    shares = {kind: np.mean(values, axis=0) for kind, values in held.items()}
    names = [" ".join(map(str, name)).strip() for name in found.parameter_names]
    fits = len(held["observed"])
    return pd.DataFrame({"parameter": names, **shares, "fits": fits, "draws": draws})


def _fitted(model: MixtureOfExperts, x: Array, y: Array) -> Fitted:
    """Return the model's fit to a sample."""
    return fit(Problem(x, y, model.family, classes=model.classes), model.experts, n_init=STARTS)


def _holds(found: Fitted, truth: Array, kind: str) -> Array:
    """Return which intervals hold the truth, under the labels that are nearest to it."""
    own, matrix = found.theta_given, inference.covariance(found, kind)
    nearest = min(_relabellings(found), key=lambda p: np.linalg.norm(p @ own - truth))
    errors = inference.errors(nearest @ matrix @ nearest.T)
    return np.abs(nearest @ own - truth) <= QUANTILE * errors


def _relabellings(found: Fitted) -> list[Array]:
    """Return the linear maps that relabel the experts."""
    layout, identity = found.given_layout, np.eye(found.theta_given.size)
    orders = permutations(range(found.n_experts))
    return [
        np.array([layout.permuted(unit, np.array(order)) for unit in identity]).T
        for order in orders
    ]
