"""How many experts: information criteria, and the held-out log-likelihood by cross-validation.

There is no likelihood-ratio test: the null lies on the boundary, where it is irregular.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from emmoe.mixture import predict
from emmoe.mixture.families.base import Array
from emmoe.mixture.fit import fit
from emmoe.mixture.fitted import Fitted
from emmoe.mixture.problem import Problem
from emmoe.store.errors import DataError

CRITERIA = {"aic": 1, "bic": 1, "icl": 1, "held_out": -1}  # each, and the sign that makes it a cost
Row = dict[str, float | str]  # of a comparison, by column


def compare(
    problem: Problem, numbers: Iterable[int], *, folds: int = 0, seed: int = 0, **settings: Any
) -> tuple[list[Row], list[Fitted]]:
    """Return a row a number of experts, and the fits.

    With folds (2 or more), held_out is the log-likelihood of each row under the fit to the other
    folds, in nats over the weights' sum, and held_out_se its standard error. settings: of `fit`."""
    problem, rows, fits = problem.checked(), [], []
    parts = _parts(len(problem.y), folds, seed)
    for number in numbers:
        found = fit(problem, number, seed=seed, **settings)
        row = {"n_experts": number, "status": found.status, "loglik": found.loglik}
        row |= {"n_parameters": found.n_parameters}
        row |= {name: getattr(found, name) for name in ("aic", "bic", "icl")}
        if parts:
            row |= _held_out(problem, number, parts, seed, settings)
        rows.append(row)
        fits.append(found)
    return rows, fits


def best(rows: list[Row], criterion: str = "bic") -> int:
    """Return the position of the best row; raise DataError where no fit has the criterion."""
    if criterion not in CRITERIA:
        raise DataError(f"criterion must be one of {', '.join(CRITERIA)}, got {criterion!r}")
    if not rows or criterion not in rows[0]:
        raise DataError(f"no {criterion} to choose by: give numbers of experts, and folds >= 2")
    costs = np.array([CRITERIA[criterion] * row[criterion] for row in rows])
    if not np.isfinite(costs).any():
        raise DataError(
            f"no fit has a finite {criterion}: all are penalised; ask for fewer experts"
        )
    return int(np.nanargmin(costs))


def _parts(n: int, folds: int, seed: int) -> list[Array]:
    """Return the rows of each fold, drawn at random."""
    if folds == 0:
        return []
    if not 2 <= folds <= n // 2:
        raise DataError(f"folds must lie between 2 and {n // 2}, half of the rows, got {folds}")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 1)))
    return np.array_split(rng.permutation(n), folds)


def _held_out(
    problem: Problem, number: int, parts: list[Array], seed: int, settings: dict[str, Any]
) -> dict[str, float]:
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
    return {"held_out": mean, "held_out_se": float(error)}


def _rows(problem: Problem, rows: Array) -> Problem:
    """Return some rows of a checked problem."""
    offset = None if problem.offset is None else problem.offset[rows]
    return replace(
        problem,
        x=problem.x[rows],
        y=problem.y[rows],
        weights=problem.weights[rows],
        offset=offset,
    )
