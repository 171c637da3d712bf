"""The products of a data pass alone, without anything between them: the limit of its speed."""

from collections.abc import Callable, Iterable

import numpy as np

from emmoe.models.objective import Array


def bare(x: Array, weights: Array, parts: Iterable[slice]) -> Callable[[], None]:
    """Return a call that does a pass's products over x (n, d), part by part of its rows: the
    weights (J, d) with the images, and an array of that shape (J, m) with the images.

    Everything it writes to is allocated before."""
    parts = list(parts)
    sizes = {part.stop - part.start for part in parts}
    logits = {size: np.ones((len(weights), size), x.dtype) for size in sizes}
    gradient = np.empty_like(weights)

    def products() -> None:
        for part in parts:
            columns = logits[part.stop - part.start]
            np.matmul(weights, x[part].T, out=columns)
            np.matmul(columns, x[part], out=gradient)

    return products
