"""A searched setting, and its simulation by the machinery of every other experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from msgspec.structs import replace

from emmoe.lab.fit import Files, fit_block
from emmoe.lab.recorder import CONVERGED
from emmoe.models.objective import Array
from emmoe.record import cells, plan
from emmoe.record.entries import Experiment, Fitter

ONLY = "setting"  # the name of the one experiment and of its one fitter
TO_FINAL = "excess_loss_to_final"
METRICS = (
    "loss",
    "test_accuracy",
    "excess_loss_to_truth",
    "relative_error_beta",
    "relative_error_w",
)


@dataclass(frozen=True)
class Setting:
    """names: its id by algorithm (two, where one simulation serves two); parameters: what was
    searched, for the tables; experiment: the one it is tried in; fitter: the one tried."""

    names: Mapping[str, str]
    parameters: Mapping[str, Any]
    experiment: Experiment
    fitter: Fitter


def simulate(
    setting: Setting, seed: int, replicates: int, iterations: int, files: Files
) -> dict[str, Array]:
    """Return every metric's values (replicates, iterations + 1).

    A run that converged keeps its last values; after a run diverged they are NaN."""
    experiment = replace(
        setting.experiment,
        seed=seed,
        fitters={ONLY: setting.fitter},
        replicates=replicates,
        replicates_per_block=replicates,
        iterations=iterations,
    )
    (block,) = cells.grid(experiment).names
    fits = fit_block(plan.fit_task(experiment, [ONLY], block), files, lambda line: None)
    return _values(pd.DataFrame(fits.rows), iterations)


def _values(trace: pd.DataFrame, iterations: int) -> dict[str, Array]:
    converged = trace.groupby("replicate")["status"].last() == CONVERGED
    values = {}
    for metric in METRICS:
        if metric in trace:
            table = trace.pivot(index="replicate", columns="iteration", values=metric)
            table = table.reindex(columns=range(iterations + 1))
            values[metric] = table.ffill(axis=1).where(converged, table, axis=0).to_numpy()
    values[TO_FINAL] = values["loss"] - values["loss"][:, -1:]
    return values
