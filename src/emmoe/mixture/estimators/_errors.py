"""The numerics' refusals as scikit-learn has them."""

from collections.abc import Iterator
from contextlib import contextmanager

from emmoe.store.errors import DataError


class InvalidInput(DataError, ValueError):
    """Data or a parameter that cannot be used: one line that says what to do."""


@contextmanager
def value_errors() -> Iterator[None]:
    """Turn DataError into an error that is a ValueError too, as callers of scikit-learn expect."""
    try:
        yield
    except DataError as error:
        raise InvalidInput(str(error)) from None
