"""L-BFGS on the joint likelihood (Liu and Nocedal, 1989), by scipy's L-BFGS-B."""

from collections.abc import Iterator
from dataclasses import dataclass

from emmoe.fitters import _search
from emmoe.fitters._coordinates import coordinates, needed
from emmoe.fitters.base import Fitter, State
from emmoe.models.objective import Array, Objective


@dataclass(frozen=True)
class LBFGS(Fitter):
    """memory: the number of past steps that the Hessian's approximation rests on; whitened: whether
    it searches in coordinates that whiten the features.

    An iteration is one of L-BFGS, with all evaluations of its line search. Once scipy finds no
    lower loss, near round-off, the last state is repeated and costs nothing."""

    memory: int = 10
    whitened: bool = False

    def __post_init__(self):
        if self.memory < 1:
            raise ValueError(f"memory must be at least 1, got {self.memory}")

    @property
    def needs(self) -> type[Objective]:
        return needed(self.whitened)

    def refuses(self, model: Objective) -> str | None:
        return _search.one_replicate(model) or super().refuses(model)

    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        options = {"maxcor": self.memory, "ftol": 0, "gtol": 0}
        options |= dict.fromkeys(("maxiter", "maxfun"), _search.UNLIMITED)
        own = coordinates(model, self.whitened)
        return _search.states(model, theta, own, "L-BFGS-B", options)
