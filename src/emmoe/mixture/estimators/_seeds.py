"""Seeds as scikit-learn gives them."""

from numbers import Integral

import numpy as np

from emmoe.store.errors import DataError

FIXED_SEED = 0  # of random_state=None: the same answer at each run


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
