"""Fits of several numbers of experts: how far they are, and what an interruption leaves of them."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.store.progress import spell

EVERY = 10.0  # seconds between two lines on one fit
LONG = 30.0  # seconds of a fit, from which more than its first start is kept on the way
MORE = 5  # times as many starts as were kept before

Fit = Callable[[int, int], MixtureOfExperts]  # of a number of experts, from so many starts


def fits(experts: Sequence[int], starts: int, fit: Fit) -> list[MixtureOfExperts]:
    """Return the fit of each number of experts.

    Several starts are begun with the first of them alone, which tells the time that they take and
    is what an interruption leaves; where they take long, with the first five, 25, ... too. Raises
    KeyboardInterrupt where it leaves nothing."""
    waiting, found = _Waiting(experts, starts), {}
    try:
        for number in experts:
            for count in waiting.counts(number):
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
    return f"K = {own.n_experts}{f' from {own.n_init} of {starts} starts' if partly else ''}"


class _Waiting:
    """Tells a person at a terminal what is fitted, and how long the rest may take if the time of a
    fit grows as starts times the square of K."""

    def __init__(self, experts: Sequence[int], starts: int):
        self._starts = starts
        self._left = float(sum(sum(self._planned(k)) * k**2 for k in experts))
        self._done, self._begun = 0.0, time.monotonic()
        self._since = self._begun

    def _planned(self, number: int) -> list[int]:
        return [1, self._starts] if min(number, self._starts) > 1 else [self._starts]

    def counts(self, number: int) -> Iterator[int]:
        """The starts of each fit of a number of experts, the last of them all."""
        *first, last = self._planned(number)
        yield from first
        count = MORE
        while first and count < last and self._pace() * last * number**2 > LONG:
            self._left += count * number**2
            yield count
            count *= MORE
        yield last

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
        self._done += starts * number**2
        self._left -= starts * number**2
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
        rest = self._pace() * self._left
        return f"{passed}, about {spell(max(rest - (now - self._since), 0.0))} left"

    def _pace(self) -> float:
        """Seconds that a start of one expert took."""
        return (self._since - self._begun) / self._done
