"""How often a fit reaches the best that all of them found, over seeds of its starts."""

import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.measures.probes._mixtures import problem_of
from emmoe.mixture import Fitted, fit
from emmoe.mixture.status import STATUSES
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.objective import Column

NEAR = 0.05  # nats below the best, within which a run has reached it

NEEDS = MixtureOfExperts
COLUMNS = (
    Column("seed", "of the starts", type="integer"),
    Column("experts", "K", type="integer"),
    Column("rows", "n", type="integer"),
    Column("covariates", "d", type="integer"),
    Column("status", "of the fit", type=STATUSES),
    Column("log_likelihood", "nats; of a separable fit the supremum"),
    Column("starts", "how many there were", type="integer"),
    Column("hits", "how many ended within 0.05 nats of the best of all seeds", type="integer"),
    Column("iterations", "of EM, over all starts", type="integer"),
)


def measure(scene: Probed, seeds: int = 20) -> pd.DataFrame:
    """Return a row a seed, 1 and on, of fits with the settings that `fit` has by default."""
    problem = problem_of(scene)
    fits = {seed: fit(problem, scene.model.experts, seed=seed) for seed in range(1, seeds + 1)}
    best = max(found.supremum for found in fits.values())
    width = problem.x.shape[1]
    return pd.DataFrame(
        [{"seed": seed, "covariates": width, **_row(found, best)} for seed, found in fits.items()]
    )


def _row(found: Fitted, best: float) -> dict[str, int | float | str]:
    """Return the columns of a fit."""
    ends = [run["log_likelihood"] for run in found.restarts if run["basin"] is not None]
    return {
        "experts": found.n_experts,
        "rows": found.n_rows,
        "status": found.status,
        "log_likelihood": found.supremum,
        "starts": len(found.restarts),
        "hits": sum(end >= best - NEAR for end in ends),
        "iterations": sum(run["iterations"] for run in found.restarts),
    }
