"""The number of experts, by an information criterion."""

from collections.abc import Iterable, Sequence
from typing import TypedDict, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone

from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.mixture.estimators._errors import InvalidInput

CRITERIA = ("aic", "bic", "icl")


class Tried(TypedDict):
    """A number of experts that was fitted."""

    n_experts: int
    status: str
    loglik: float
    n_parameters: int
    aic: float
    bic: float
    icl: float
    smallest_expert: float
    basins: int
    hits: int
    starts: int


Estimator = TypeVar("Estimator", bound=MixtureOfExperts)


def select_n_experts(
    estimator: Estimator,
    X: ArrayLike,
    y: ArrayLike,
    n_experts: Iterable[int] = range(1, 6),
    criterion: str = "bic",
    sample_weight: ArrayLike | None = None,
) -> tuple[pd.DataFrame, Estimator]:
    """Fit copies of an estimator with several numbers of experts; return a row for each, and the
    fit whose criterion ("bic", "aic" or "icl") is smallest.

    Penalised fits, where the likelihood has no finite maximum, have no criterion: they are chosen
    only where no other number has one, the fewest experts first. Raises ValueError for a criterion
    that there is not, or no number."""
    if criterion not in CRITERIA:
        raise InvalidInput(f"criterion must be one of {', '.join(CRITERIA)}, got {criterion!r}")
    fits = [clone(estimator).set_params(n_experts=k) for k in n_experts]
    if not fits:
        raise InvalidInput("n_experts names no number: give for example range(1, 6)")
    for own in fits:
        own.fit(X, y, sample_weight=sample_weight)
    return pd.DataFrame(compared(fits)), best_of(fits, criterion)


def compared(fits: Sequence[MixtureOfExperts]) -> list[Tried]:
    """Return a row per fit: what it was, and how often the best optimum of it was reached."""
    return [_row(own) for own in fits]


def best_of(fits: list[Estimator], criterion: str) -> Estimator:
    """Return the fit with the smallest criterion; the first, where none has one."""
    values = [getattr(own, f"{criterion}_") for own in fits]
    return fits[int(np.argmin(np.nan_to_num(values, nan=np.inf)))]


def _row(own: MixtureOfExperts) -> Tried:
    basins = own._fitted.basins
    return Tried(
        n_experts=own.n_experts, status=own.status_, loglik=own.loglik_,
        n_parameters=own.n_parameters_, aic=own.aic_, bic=own.bic_, icl=own.icl_,
        smallest_expert=float(own.effective_rows_.min()), basins=len(basins),
        hits=basins[0]["hits"] if basins else 0, starts=len(own.restarts_),
    )  # fmt: skip
