"""What of an estimator's parameters and data is refused before the numerics see it."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture.problem import LARGEST
from emmoe.store.errors import DataError

Array = NDArray[np.floating]
REALS = ("tol", "variance_floor", "variance_penalty", "alpha")
FIXED_SEED = 0  # of random_state=None: the same answer at each run
COUNTED = 1e10  # the largest count: beyond it a log-likelihood has no digits to certify, and
# scipy's quantiles of Poisson laws are NaN


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise DataError for a setting that is no number; the numerics check its range."""
    for name in REALS:
        value = settings.get(name, 0.0)
        if not isinstance(value, Real) or isinstance(value, bool | np.bool):
            raise DataError(f"{name} must be a number, got {value!r}")


def check_scales(y: Array, weights: Array | None, family: str) -> None:
    """Raise DataError for targets or weights whose size leaves no room to compute in."""
    largest = np.abs(y).max()
    if 0 < largest < 1 / LARGEST:
        raise DataError(f"y has no value beyond {1 / LARGEST:g}: rescale it")
    if family == "poisson" and largest > COUNTED:
        raise DataError(f"y has counts beyond {COUNTED:g}: take family gaussian")
    if weights is not None:
        _check_weights(weights)


def _check_weights(weights: Array) -> None:
    """Raise DataError for weights that are negative, or in all out of range."""
    if (weights < 0).any():
        raise DataError(f"{int((weights < 0).sum())} weights are negative")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not 1 / LARGEST <= total <= LARGEST:
        said = f"weights add up to {total:g}, not to {1 / LARGEST:g} to {LARGEST:g}"
        raise DataError(f"{said}: they say how often a row counts, rescale them")


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """Return the seed that a random_state stands for; None is always the same one.

    Raises DataError for what is none."""
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if random_state is None:
        return FIXED_SEED
    if not isinstance(random_state, Integral) or random_state < 0:
        said = "random_state must be None, a whole number of at least 0 or a RandomState"
        raise DataError(f"{said}, got {random_state!r}")
    return int(random_state)
