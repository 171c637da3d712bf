"""EM's rate on many random mixtures of experts: predicted from the information, and observed.

Predicted: the largest eigenvalue rho of I_c^-1 I_z at the maximum. Observed: by how much an EM step
with solved M-steps brings two points on both sides of the maximum closer, along the slowest
direction: what bends EM's path on one side does so on the other.
"""

import numpy as np
import pandas as pd
import scipy

from emmoe.lab.probe import Probed
from emmoe.mixture import Fitted, Problem, em, fit, profile
from emmoe.mixture.information import information
from emmoe.mixture.status import STATUSES
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.objective import Column

STARTS = 4
APART = 1e-6  # each one's first distance from the maximum, relative to its norm
STEPS = 2  # more would end in round-off where EM is fast

NEEDS = MixtureOfExperts
COLUMNS = (
    Column("problem", "its number", type="integer"),
    Column("status", "of the fit", type=STATUSES),
    Column("predicted", "rho; missing for a fit that is no maximum"),
    Column("observed", "mean ratio of the distances after and before a step; missing alike"),
)


def measure(scene: Probed, problems: int, n: int, seed: int) -> pd.DataFrame:
    """Return a row a problem: parameters N(0, 1), x ~ N(0, I), n rows."""
    rows = []
    for number in range(problems):
        rng, model = np.random.default_rng([seed, number]), scene.model
        x = rng.standard_normal((n, model.sample.shape))
        truth = rng.standard_normal(scene.start.size)
        problem = Problem(x, model.simulate(x, truth, rng), model.family, classes=model.classes)
        found = fit(problem, model.experts, n_init=STARTS)
        row = {"problem": number, "status": found.status, "predicted": np.nan, "observed": np.nan}
        if found.status == "maximum":
            row |= {"predicted": found.rate, "observed": _observed(problem, found)}
        rows.append(row)
    return pd.DataFrame(rows)


def _observed(problem: Problem, found: Fitted) -> float:
    """Return the mean ratio, in the norm of I_c, of a few steps of two points that begin near the
    maximum, opposite each other."""
    model, best = profile.model_of(problem, found), found.theta
    own = information(model, best)
    slowest = scipy.linalg.eigh(own.missing, own.complete)[1][:, -1]
    step = slowest * APART * np.linalg.norm(best) / np.linalg.norm(slowest)
    pair = before = best + step, best - step
    for _ in range(STEPS):
        pair = tuple(em.solved_em_step(model, point)[1] for point in pair)
    first, last = (one - other for one, other in (before, pair))
    return float((last @ own.complete @ last / (first @ own.complete @ first)) ** (0.5 / STEPS))
