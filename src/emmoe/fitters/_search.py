"""Lets a minimiser of scipy's be iterated over, as fitters are.

scipy calls back, where a fitter is asked for its next state. So scipy searches in a thread of its
own, which asks for evaluations and reports the points that it accepts. Only one of the two threads
runs at a time, and the model is called in the one that iterates.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
import scipy

from emmoe.fitters._coordinates import Coordinates
from emmoe.fitters.base import State
from emmoe.models.objective import Array, Objective

UNLIMITED = 2**31 - 1
WITH_PRODUCTS = ("trust-ncg",)
EVALUATE, PRODUCT, ITERATED = "evaluate", "product", "iterated"
Settings = Mapping[str, Any]


def one_replicate(model: Objective) -> str | None:
    """Return why a search cannot run on a bound model, or None if it can."""
    if model.replicates > 1:
        return f"searches for one replicate, not {model.replicates}: set replicates_per_block: 1"
    return None


def states(
    model: Objective, theta: Array, own: Coordinates, method: str, options: Settings
) -> Iterator[State]:
    """Yield the start, and where each iteration of scipy's `method` ends, which searches in own
    coordinates; once it is done, the last state for ever, at no cost."""
    problem = _Problem(model, theta, own)
    yield problem.accepted
    with closing(_Search(problem.at, method, options)) as search:
        for kind, point, direction in search:
            if kind == ITERATED:
                yield problem.accept(point)
                search.answer(None)
            elif kind == PRODUCT:
                search.answer(problem.product(point, direction))
            else:
                search.answer(problem.evaluate(point))
    while True:
        yield problem.accepted


class _Problem:
    """The model as scipy asks for it: at (p,) is the last point evaluated, in own coordinates."""

    def __init__(self, model: Objective, theta: Array, own: Coordinates):
        self.model, self.theta, self.own = model, theta, own
        self.at = own.into(theta.astype(float)).ravel()
        self.accepted = self.evaluated = State(theta, *model.loss_and_gradient(theta))
        self._curved: tuple[Array, Callable[[Array], Array]] | None = None

    def _out(self, u: Array) -> Array:
        return self.own.out(u.reshape(self.theta.shape)).astype(self.theta.dtype)

    def _gradient(self, gradient: Array) -> Array:
        return self.own.out(gradient.astype(float)).ravel()

    def evaluate(self, point: Array) -> tuple[float, Array]:
        """Return L and its gradient by own coordinates (p,)."""
        if not np.array_equal(point, self.at):
            theta = self._out(point)
            self.at, self.evaluated = point, State(theta, *self.model.loss_and_gradient(theta))
        loss, gradient = self.evaluated.loss, self.evaluated.gradient
        return np.asarray(loss).item(), self._gradient(gradient)

    def accept(self, point: Array) -> State:
        """Return the state of an iteration's end: the last one evaluated, or the one before."""
        if np.array_equal(point, self.at):
            self.accepted = self.evaluated
        return self.accepted

    def product(self, point: Array, direction: Array) -> Array:
        """Return the Hessian of L by own coordinates at a point, times a direction (p,)."""
        if self._curved is None or not np.array_equal(point, self._curved[0]):
            self._curved = point, self.model.hessian_product(self._out(point))
        return self._gradient(self._curved[1](self._out(direction)))


class _Closed(Exception):
    """Ends scipy's search from within when nobody wants further states; also its natural end."""


class _Search:
    """Iterates over scipy's requests: (EVALUATE, point, None), (PRODUCT, point, direction) or,
    where an iteration ends, (ITERATED, point, None). Each wants `answer` before the next."""

    def __init__(self, start: Array, method: str, options: Settings):
        self._requests, self._answers = SimpleQueue(), SimpleQueue()
        self._thread = Thread(target=self._run, args=(start, method, options), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[tuple[str, Array, Array | None]]:
        while not isinstance(request := self._requests.get(), BaseException):
            yield request
        if not isinstance(request, _Closed):
            raise request

    def answer(self, found: Any) -> None:
        """Let scipy go on."""
        self._answers.put((found,))

    def close(self) -> None:
        """End the thread."""
        self._answers.put(None)
        self._thread.join()

    def _run(self, start: Array, method: str, options: Settings) -> None:
        calls = {"fun": lambda x: self._ask(EVALUATE, x), "jac": True}
        calls["callback"] = lambda x: self._ask(ITERATED, x)
        if method in WITH_PRODUCTS:
            calls["hessp"] = lambda x, v: self._ask(PRODUCT, x, v.copy())
        end: BaseException = _Closed()
        try:
            scipy.optimize.minimize(x0=start, method=method, options=dict(options), **calls)
        except BaseException as error:
            end = error
        self._requests.put(end)

    def _ask(self, kind: str, point: Array, direction: Array | None = None) -> Any:
        self._requests.put((kind, point.copy(), direction))
        answer = self._answers.get()
        if answer is None:
            raise _Closed
        return answer[0]
