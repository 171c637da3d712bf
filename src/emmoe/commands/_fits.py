"""Fits of several numbers of experts: how far they are, and what an interruption leaves of them."""

import sys
import threading
import time
from collections.abc import Callable, Sequence

from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.store.progress import spell

EVERY = 10.0  # seconds between two lines on one fit

Fit = Callable[[int, int], MixtureOfExperts]  # of a number of experts, from so many starts


def fits(experts: Sequence[int], starts: int, fit: Fit) -> list[MixtureOfExperts]:
    """Return the fit of each number of experts.

    Several starts are begun with the first of them alone, which tells the time that they take and
    is what an interruption leaves. Raises KeyboardInterrupt where it leaves nothing."""
    stages = [(k, n) for k in experts for n in ((1, starts) if min(k, starts) > 1 else (starts,))]
    waiting, found = _Waiting(stages), {}
    try:
        for number, count in stages:
            found[number] = waiting.for_(fit, number, count)
    except KeyboardInterrupt:
        if not found:
            raise
        done = ", ".join(_named(own, starts) for own in found.values())
        print(f"interrupted: going on with what is done, {done}", file=sys.stderr)
    return list(found.values())


def _named(own: MixtureOfExperts, starts: int) -> str:
    """A fit as a person knows it."""
    partly = own.n_experts > 1 and own.n_init < starts
    return f"K = {own.n_experts}{' from its first start alone' if partly else ''}"


class _Waiting:
    """Tells a person at a terminal what is fitted, and how long the rest may take if the time of a
    fit grows as starts times the square of K."""

    def __init__(self, stages: Sequence[tuple[int, int]]):
        self._left = [starts * number**2 for number, starts in stages]
        self._done, self._begun = 0, time.monotonic()
        self._since = self._begun

    def for_(self, fit: Fit, number: int, starts: int) -> MixtureOfExperts:
        """Return a fit; meanwhile, say how far it is."""
        ended = threading.Event()
        label = f"K = {number}, {starts} start{'s' * (starts > 1)}"
        if sys.stderr is not None and sys.stderr.isatty():
            threading.Thread(target=self._tell, args=(label, ended), daemon=True).start()
        try:
            found = fit(number, starts)
        finally:
            ended.set()
        self._done += self._left.pop(0)
        self._since = time.monotonic()
        return found

    def _tell(self, label: str, ended: threading.Event) -> None:
        print(f"{label}: {self.line(time.monotonic())}", file=sys.stderr, flush=True)
        while not ended.wait(EVERY):
            print(f"{label}: {self.line(time.monotonic())}", file=sys.stderr, flush=True)

    def line(self, now: float) -> str:
        """Return what time has passed, and what may be left."""
        passed = f"{spell(now - self._begun)} so far"
        if not self._done:
            return passed
        rest = (self._since - self._begun) / self._done * sum(self._left)
        return f"{passed}, about {spell(max(rest - (now - self._since), 0.0))} left"
