"""How often Wald intervals of a mixture of experts hold the truth: fits to many fresh samples.

The truth is the fit to the experiment's sample, from which the samples are drawn. Where their noise
is another than the model's, it is what the fits tend to: the fit to LIMIT rows (White, 1982).
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.measures.probes._mixtures import problem_of
from emmoe.mixture import Fitted, Problem, fit, inference, predict, profile
from emmoe.mixture.information import information
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.objective import Array, Column
from emmoe.store.errors import DataError

STARTS = 4  # of each fit
ERRORS = ("observed", "robust")
QUANTILE = 1.959963984540054  # of 95 %, two-sided
LIMIT = 500_000  # rows, of which the estimate's error is small beside that of n

NEEDS = MixtureOfExperts
COLUMNS = (
    Column("parameter", "block, expert (from 0), row of the expert, feature", type="string"),
    Column("observed", "share of 95 % intervals with observed information that hold the truth"),
    Column("robust", "the same with sandwich errors"),
    Column("complete", "the same with the complete data's information, which is too much"),
    Column("warned", "share of the fits that carry a warning"),
    Column("fits", "samples whose fit is a maximum: the others are left out", type="integer"),
    Column("draws", "samples", type="integer"),
)


@dataclass(frozen=True)
class Law:
    """What samples are drawn from: the fit to the experiment's sample, its gaussian noise stretched
    to Student's t with so many degrees of freedom, and by exp(growth times the first feature)."""

    model: MixtureOfExperts
    fitted: Fitted
    freedom: float
    growth: float

    def __post_init__(self):
        if not self.well_specified and self.model.family != "gaussian":
            raise DataError(f"freedom and growth are of gaussian noise, not {self.model.family}")

    @property
    def well_specified(self) -> bool:
        """Whether the noise is the model's own."""
        return self.freedom == np.inf and self.growth == 0

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return x (n, d), standard normal, and y (n,)."""
        x = rng.standard_normal((n, self.model.sample.shape))
        if self.well_specified:
            return x, self.model.simulate(x, self.fitted.theta_given, rng)
        y, expert = predict.draw(self.fitted, x, int(rng.integers(2**31)))
        mean = predict.expert_mean(self.fitted, x)[np.arange(n), expert]
        stretch = np.exp(self.growth * x[:, 0])
        if self.freedom < np.inf:
            stretch *= np.sqrt(self.freedom / rng.chisquare(self.freedom, n))
        return x, mean + stretch * (y - mean)


def measure(
    scene: Probed, n: int, draws: int, seed: int, freedom: float = np.inf, growth: float = 0.0
) -> pd.DataFrame:
    """Return a row a parameter; n: rows a sample; freedom, growth: of the noise (`Law`), gaussian
    experts only."""
    model = scene.model
    law = Law(model, fit(problem_of(scene), model.experts, n_init=STARTS), freedom, growth)
    truth = _truth(law, seed)
    fits = []
    for draw in range(draws):
        x, y = law.draw(n, np.random.default_rng([seed, draw]))
        problem = Problem(x, y, model.family, classes=model.classes)
        found = fit(problem, model.experts, n_init=STARTS)
        if found.status == "maximum":
            fits.append({**_holds(problem, found, truth), "warned": bool(found.warnings)})
    names = [" ".join(map(str, name)).strip() for name in law.fitted.parameter_names]
    kinds = (*ERRORS, "complete", "warned")
    shares = {k: np.mean([own[k] for own in fits], axis=0) if fits else np.nan for k in kinds}
    return pd.DataFrame({"parameter": names, **shares, "fits": len(fits), "draws": draws})


def _truth(law: Law, seed: int) -> Array:
    """Return the parameters that fits to samples of the law tend to."""
    if law.well_specified:
        return law.fitted.theta_given
    x, y = law.draw(LIMIT, np.random.default_rng([seed, LIMIT]))
    return fit(Problem(x, y, law.model.family), law.model.experts, n_init=STARTS).theta_given


def _holds(problem: Problem, found: Fitted, truth: Array) -> dict[str, Array]:
    """Return which intervals hold the truth, under the labels that are nearest to it."""
    own = found.theta_given
    nearest = min(_relabellings(found), key=lambda p: np.linalg.norm(p @ own - truth))
    gap = np.abs(nearest @ own - truth)
    matrices = {kind: inference.covariance(found, kind) for kind in ERRORS}
    matrices["complete"] = _complete(problem, found)
    return {
        kind: gap <= QUANTILE * inference.errors(nearest @ matrix @ nearest.T)
        for kind, matrix in matrices.items()
    }


def _complete(problem: Problem, found: Fitted) -> Array:
    """Return I_c^-1, as refitting each expert with its responsibilities as weights would give."""
    known = information(profile.model_of(problem, found), found.theta).complete
    return found.jacobian @ np.linalg.inv(known) @ found.jacobian.T / found.total_weight


def _relabellings(found: Fitted) -> list[Array]:
    """Return the linear maps that relabel the experts."""
    layout, identity = found.given_layout, np.eye(found.theta_given.size)
    orders = permutations(range(found.n_experts))
    return [
        np.array([layout.permuted(unit, np.array(order)) for unit in identity]).T
        for order in orders
    ]
