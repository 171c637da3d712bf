"""How many experts an experiment's sample asks for: the best fit of each number, and criteria."""

import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.measures.probes._mixtures import problem_of
from emmoe.mixture import Fitted, choice
from emmoe.mixture.status import STATUSES
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.objective import Column

NEEDS = MixtureOfExperts
CRITERIA = ("aic", "bic", "icl")
COLUMNS = (
    Column("experts", "K", type="integer"),
    Column("status", "of the fit", type=STATUSES),
    Column("rows", "n", type="integer"),
    Column("parameters", "D, free ones", type="integer"),
    Column("log_likelihood", "nats; of a separable fit the supremum"),
    Column("rate", "rho, EM's rate at the fit"),
    Column("hits", "of the starts, how many ended at the best", type="integer"),
    Column("starts", "how many there were", type="integer"),
    Column("aic", "Akaike's criterion; missing for a penalised fit, which is no maximum"),
    Column("bic", "Schwarz's; missing alike"),
    Column("icl", "Biernacki, Celeux and Govaert's (2000); missing alike"),
    Column("held_out", "log-likelihood of a row under the fit to the other folds, nats"),
    Column("held_out_se", "its standard error, over rows"),
)


def measure(
    scene: Probed, experts: tuple[int, ...], starts: int = 20, folds: int = 10, seed: int = 1
) -> pd.DataFrame:
    """Return a row a number of experts; seed: of starts and folds."""
    problem = problem_of(scene)
    rows, fits = choice.compare(problem, experts, folds=folds, seed=seed, n_init=starts)
    return pd.DataFrame([_row(row, own) for row, own in zip(rows, fits, strict=True)])


def _row(compared: dict, found: Fitted) -> dict:
    """Return COLUMNS of a fit and of what `choice.compare` says of it."""
    kept = (*CRITERIA, "held_out", "held_out_se")
    return {
        "experts": found.n_experts,
        "status": found.status,
        "rows": found.n_rows,
        "parameters": found.n_parameters,
        "log_likelihood": found.supremum,
        "rate": found.rate,
        "hits": found.basins[0]["hits"] if found.basins else 0,
        "starts": len(found.restarts),
        **{name: compared[name] for name in kept},
    }
