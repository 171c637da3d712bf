"""Newton's method on the joint likelihood, truncated: a trust region whose steps are found by
conjugate gradients (Steihaug, 1983), by scipy's trust-ncg."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emmoe.fitters import _search
from emmoe.fitters._coordinates import coordinates
from emmoe.fitters.base import Fitter, State
from emmoe.models.curved import CurvedModel
from emmoe.models.objective import Array, Objective


@dataclass(frozen=True)
class TruncatedNewton(Fitter):
    """radius: the first trust region's; whitened: whether it searches in coordinates that whiten
    the features.

    An iteration is one of the trust region's, with its products with the Hessian; one whose step is
    refused repeats the state. Once scipy finds no step, the last state is repeated at no cost."""

    radius: float = 1.0
    whitened: bool = False

    needs = CurvedModel

    def __post_init__(self):
        if not 0 < self.radius < np.inf:
            raise ValueError(f"radius must be positive, got {self.radius}")

    def refuses(self, model: Objective) -> str | None:
        return _search.one_replicate(model) or super().refuses(model)

    def iterate(self, model: CurvedModel, theta: Array) -> Iterator[State]:
        options = {"initial_trust_radius": self.radius, "max_trust_radius": 1e6 * self.radius}
        options |= {"gtol": 0, "maxiter": _search.UNLIMITED}
        own = coordinates(model, self.whitened)
        return _search.states(model, theta, own, "trust-ncg", options)
