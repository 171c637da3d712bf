"""How many experts: information criteria, and the held-out log-likelihood by cross-validation.

There is no likelihood-ratio test: the null lies on the boundary, where it is irregular.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NotRequired, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture import predict
from emmoe.mixture.fit import fit
from emmoe.mixture.fitted import Fitted
from emmoe.mixture.problem import CheckedProblem, Problem
from emmoe.store.errors import DataError

CRITERIA = {"aic": 1, "bic": 1, "icl": 1, "held_out": -1}  # each, and the sign that makes it a cost
Rows = NDArray[np.integer]  # positions


class Settings(TypedDict, total=False):
    """What `fit` may be told."""

    n_init: int
    max_iter: int
    tol: float
    variance_floor: float
    variance_penalty: float
    alpha: float


class Row(TypedDict):
    """A number of experts in a comparison."""

    n_experts: int
    status: str
    loglik: float
    n_parameters: int
    aic: float
    bic: float
    icl: float
    held_out: NotRequired[float]
    held_out_se: NotRequired[float]


def compare(
    problem: Problem,
    numbers: Iterable[int],
    *,
    folds: int = 0,
    seed: int = 0,
    **settings: Unpack[Settings],
) -> tuple[list[Row], list[Fitted]]:
    """Return a row a number of experts, and the fits.

    With folds (2 or more), held_out is the log-likelihood of each row under the fit to the other
    folds, in nats over the weights' sum, and held_out_se its standard error. settings: of `fit`."""
    checked, rows, fits = problem.checked(), [], []
    parts = _parts(len(checked.y), folds, seed)
    for number in numbers:
        found = fit(checked, number, seed=seed, **settings)
        row = Row(
            n_experts=number, status=found.status, loglik=found.loglik,
            n_parameters=found.n_parameters, aic=found.aic, bic=found.bic, icl=found.icl,
        )  # fmt: skip
        if parts:
            row["held_out"], row["held_out_se"] = _held_out(checked, number, parts, seed, settings)
        rows.append(row)
        fits.append(found)
    return rows, fits


def best(rows: list[Row], criterion: str = "bic") -> int:
    """Return the position of the best row; raise DataError where no fit has the criterion."""
    if criterion not in CRITERIA:
        raise DataError(f"criterion must be one of {', '.join(CRITERIA)}, got {criterion!r}")
    if not rows or criterion not in rows[0]:
        raise DataError(f"no {criterion} to choose by: give numbers of experts, and folds >= 2")
    costs = CRITERIA[criterion] * np.array([dict(row)[criterion] for row in rows], float)
    if not np.isfinite(costs).any():
        raise DataError(
            f"no fit has a finite {criterion}: all are penalised; ask for fewer experts"
        )
    return int(np.nanargmin(costs))


def _parts(n: int, folds: int, seed: int) -> list[Rows]:
    """Return the rows of each fold, drawn at random."""
    if folds == 0:
        return []
    if not 2 <= folds <= n // 2:
        raise DataError(f"folds must lie between 2 and {n // 2}, half of the rows, got {folds}")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 1)))
    return np.array_split(rng.permutation(n), folds)


def _held_out(
    problem: CheckedProblem, number: int, parts: list[Rows], seed: int, settings: Settings
) -> tuple[float, float]:
    """Return the mean held-out log-likelihood and its standard error over rows."""
    density = np.empty(len(problem.y))
    for part in parts:
        others = np.setdiff1d(np.arange(len(density)), part)
        found = fit(_rows(problem, others), number, seed=seed, **settings)
        own = _rows(problem, part)
        density[part] = predict.log_density(found, own.x, own.y, own.offset)
    weight = problem.weights / problem.weights.sum()
    mean = float(weight @ density)
    error = np.sqrt((weight**2 * (density - mean) ** 2).sum())
    return mean, float(error)


def _rows(problem: CheckedProblem, rows: Rows) -> CheckedProblem:
    """Return some rows of a checked problem."""
    offset = None if problem.offset is None else problem.offset[rows]
    return replace(
        problem,
        x=problem.x[rows],
        y=problem.y[rows],
        weights=problem.weights[rows],
        offset=offset,
    )
