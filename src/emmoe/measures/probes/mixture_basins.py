"""Where the starts of a fit end: a row a start, for several numbers of experts."""

import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.measures.probes._mixtures import problem_of
from emmoe.mixture import fit
from emmoe.mixture.fitted import Restart
from emmoe.mixture.starts import TURN
from emmoe.mixture.status import STATUSES
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.objective import Column

NONE = -1  # the basin of a run that is not ranked
RACED = "raced"  # a start that the race left behind

NEEDS = MixtureOfExperts
COLUMNS = (
    Column("experts", "K", type="integer"),
    Column("start", "its number", type="integer"),
    Column("law", "that it was drawn from", type=tuple(sorted(set(TURN)))),
    Column("log_likelihood", "nats, where it ended"),
    Column("status", "of its end", type=(*STATUSES, RACED)),
    Column("basin", "0 is the best, -1 none: the run is degenerate or raced", type="integer"),
)


def measure(
    scene: Probed, experts: tuple[int, ...], starts: int = 20, seed: int = 1
) -> pd.DataFrame:
    """Return a row a number of experts and start."""
    problem, rows = problem_of(scene), []
    for number in experts:
        found = fit(problem, number, n_init=starts, seed=seed)
        rows += [_row(number, run) for run in found.restarts]
    return pd.DataFrame(rows)


def _row(number: int, run: Restart) -> dict[str, float | str]:
    """Return the columns of a run."""
    return {
        "experts": number, "start": run["start"], "law": run["law"],
        "log_likelihood": run["log_likelihood"], "status": run["status"],
        "basin": NONE if run["basin"] is None else run["basin"],
    }  # fmt: skip
