"""The optimum of a sample, from which a contest measures its targets: no rival has a part in it."""

from collections.abc import Iterable

from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Array
from emmoe.theory.optimum import Optimum, settle


def reference(model: MirrorModel, starts: Iterable[Array]) -> Optimum:
    """Return the lowest of the stationary points that the starts (p,) settle at; among those that
    agree to round-off, one that is certified."""
    found = [settle(model, start) for start in starts]
    lowest = min(optimum.loss for optimum in found)
    near = [own for own in found if own.loss <= lowest + 1e-12 * (1 + abs(lowest))]
    return max(near, key=lambda own: own.certified)
