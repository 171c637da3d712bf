"""L-BFGS on the joint likelihood (Liu and Nocedal, 1989), by scipy's L-BFGS-B.

scipy calls back, where a fitter is asked for its next state. So scipy searches in a thread of its
own, which asks for evaluations and reports the points that it accepts. Only one of the two threads
runs at a time, and the model is called in the one that iterates.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

import numpy as np
from scipy.optimize import minimize

from emmoe.fitters.base import Fitter, State
from emmoe.models.objective import Array, Objective

UNLIMITED = 2**31 - 1


@dataclass(frozen=True)
class LBFGS(Fitter):
    """memory: the number of past steps that the Hessian's approximation rests on.

    An iteration is one of L-BFGS, with all evaluations of its line search. Once scipy finds no
    lower loss, near round-off, the last state is repeated and costs nothing."""

    memory: int = 10

    def __post_init__(self):
        if self.memory < 1:
            raise ValueError(f"memory must be at least 1, got {self.memory}")

    def refuses(self, model: Objective) -> str | None:
        if model.replicates > 1:
            return (
                f"searches for one replicate, not {model.replicates}: set replicates_per_block: 1"
            )
        return super().refuses(model)

    def iterate(self, model: Objective, theta: Array) -> Iterator[State]:
        evaluated = accepted = None
        with closing(_Search(theta.ravel().astype(float), self.memory)) as search:
            for point in search:
                if point is not None:
                    at = point.reshape(theta.shape).astype(theta.dtype)
                    evaluated = State(at, *model.loss_and_gradient(at))
                if point is None or accepted is None:
                    accepted = evaluated
                    yield accepted
                search.answer(np.asarray(evaluated.loss).item(), evaluated.gradient)
        while True:
            yield accepted


class _Closed(Exception):
    """Ends scipy's search from within when nobody wants further states; also its natural end."""


class _Search:
    """Iterates over scipy's requests: a point (p,) to evaluate, or None when it accepts the last.

    Each wants `answer` before the next: L and grad L at the last point."""

    def __init__(self, start: np.ndarray, memory: int):
        self._requests, self._answers = SimpleQueue(), SimpleQueue()
        self._thread = Thread(target=self._run, args=(start, memory), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[np.ndarray | None]:
        while not isinstance(request := self._requests.get(), BaseException):
            yield request
        if not isinstance(request, _Closed):
            raise request

    def answer(self, loss: float, gradient: Array) -> None:
        """Let scipy go on."""
        self._answers.put((loss, gradient.ravel().astype(float)))

    def close(self) -> None:
        """End the thread."""
        self._answers.put(None)
        self._thread.join()

    def _run(self, start: np.ndarray, memory: int) -> None:
        options = {"maxcor": memory, "ftol": 0, "gtol": 0}
        options |= dict.fromkeys(("maxiter", "maxfun"), UNLIMITED)
        calls = {"fun": self._ask, "jac": True, "callback": lambda x: self._ask(None)}
        end: BaseException = _Closed()
        try:
            minimize(x0=start, method="L-BFGS-B", options=options, **calls)
        except BaseException as error:
            end = error
        self._requests.put(end)

    def _ask(self, point: np.ndarray | None) -> tuple[float, np.ndarray]:
        self._requests.put(None if point is None else point.copy())
        answer = self._answers.get()
        if answer is None:
            raise _Closed
        return answer
