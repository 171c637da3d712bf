"""A fit along its one covariate: rows, experts with their gate, mean and predictive interval."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.measures.probes._mixtures import problem_of
from emmoe.mixture import Fitted, Problem, fit, predict
from emmoe.mixture.status import STATUSES
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.objective import Array, Column
from emmoe.store.errors import DataError

POINTS = 200  # of a curve
PARTS = ("row", "expert", "mean", "low", "high")

NEEDS = MixtureOfExperts
COLUMNS = (
    Column("part", "a row of the data, or a point of a curve", type=PARTS),
    Column("expert", "from 1; of a row the most responsible one, 0 of other parts", type="integer"),
    Column("x", "the covariate"),
    Column("y", "the target, or the curve's height"),
    Column("share", "the expert's gate probability, of a row its responsibility; else 1"),
    Column("status", "of the fit", type=STATUSES),
)


def measure(
    scene: Probed, experts: int, starts: int = 20, level: float = 0.95, seed: int = 1
) -> pd.DataFrame:
    """Return the rows, and POINTS of each curve; level: of the predictive interval.

    Raises DataError for a sample with several covariates."""
    problem = problem_of(scene)
    if problem.x.shape[1] != 1:
        raise DataError(f"curves take one covariate, the sample has {problem.x.shape[1]}")
    found = fit(problem, experts, n_init=starts, seed=seed)
    table = pd.concat([_rows(problem, found), *_curves(problem.x, found, level)])
    return table.assign(status=found.status).reset_index(drop=True)


def _rows(problem: Problem, found: Fitted) -> pd.DataFrame:
    posterior = predict.responsibilities(found, problem.x, problem.y)
    owner, share = posterior.argmax(axis=1) + 1, posterior.max(axis=1)
    return _part("row", owner, problem.x[:, 0], problem.y, share)


def _curves(x: Array, found: Fitted, level: float) -> Iterator[pd.DataFrame]:
    """Yield each curve over the range of x."""
    at = np.linspace(x.min(), x.max(), POINTS)[:, None]
    means, gate = predict.expert_mean(found, at), predict.gate_proba(found, at)
    for k in range(found.n_experts):
        yield _part("expert", k + 1, at[:, 0], means[:, k], gate[:, k])
    low, high = predict.interval(found, at, level)
    for name, values in (("mean", predict.mean(found, at)), ("low", low), ("high", high)):
        yield _part(name, 0, at[:, 0], values, 1.0)


def _part(part: str, expert: int | Array, x: Array, y: Array, share: float | Array) -> pd.DataFrame:
    return pd.DataFrame({"part": part, "expert": expert, "x": x, "y": y, "share": share})
