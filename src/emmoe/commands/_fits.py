"""Fits of several numbers of experts: how far they are, and what an interruption leaves of them."""

import sys
import threading
import time
from collections.abc import Callable, Sequence

from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.mixture.watch import NothingDone, Watch
from emmoe.store.progress import spell

EVERY = 10.0  # seconds between two lines on one fit

Fit = Callable[[int, Watch], MixtureOfExperts]  # of a number of experts, followed by a watch


def fits(experts: Sequence[int], starts: int, fit: Fit) -> list[MixtureOfExperts]:
    """Return the fit of each number of experts.

    An interruption ends the fit at hand with the starts that are done, and no other is begun.
    Raises KeyboardInterrupt where it leaves nothing, and at a second one."""
    waiting, found = _Waiting(experts, starts), []
    watch = Watch()
    try:
        for number in experts:
            watch = Watch(share=waiting.share, stopping=_say)
            found.append(waiting.for_(fit, number, watch))
            if watch.interrupted:
                break
        else:
            return found
    except KeyboardInterrupt as ended:
        second = watch.interrupted and not isinstance(ended, NothingDone)
        if second or not found:
            raise
    _say(f"going on with what is done: {', '.join(_named(own) for own in found)}")
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _named(own: MixtureOfExperts) -> str:
    """A fit as a person knows it."""
    left, asked = own.starts_left_, own.n_init
    return f"K = {own.n_experts}{f' ({left} of {asked} starts left undone)' if left else ''}"


class _Waiting:
    """Tells a person at a terminal what is fitted, and how long the rest may take if the time of a
    fit grows as starts times the square of K."""

    def __init__(self, experts: Sequence[int], starts: int):
        self._starts = starts
        self._all = sum(map(self._work, experts))
        self._done = self._share = self._current = 0.0  # work of fits, part and work of this one
        self._begun = self._since = time.monotonic()

    def _work(self, number: int) -> float:
        return float((self._starts if number > 1 else 1) * number**2)

    def share(self, part: float) -> None:
        """Note which part of the fit at hand is done."""
        self._share, self._since = part, time.monotonic()

    def for_(self, fit: Fit, number: int, watch: Watch) -> MixtureOfExperts:
        """Return a fit; meanwhile, say how far it is."""
        ended, self._share, self._current = threading.Event(), 0.0, self._work(number)
        if sys.stderr is not None and sys.stderr.isatty():
            label = f"K = {number}, {self._starts} start{'s' * (self._starts > 1)}"
            threading.Thread(target=self._tell, args=(label, ended), daemon=True).start()
        try:
            found = fit(number, watch)
        finally:
            ended.set()
        self._done += self._current
        self._current, self._since = 0.0, time.monotonic()
        return found

    def _tell(self, label: str, ended: threading.Event) -> None:
        _say(f"{label}: {self.line(time.monotonic())}")
        while not ended.wait(EVERY):
            _say(f"{label}: {self.line(time.monotonic())}")

    def line(self, now: float) -> str:
        """Return what time has passed, and what may be left."""
        passed = f"{spell(now - self._begun)} so far"
        done = self._done + self._share * self._current
        if not done:
            return passed
        rest = (self._since - self._begun) / done * (self._all - done)
        return f"{passed}, about {spell(max(rest - (now - self._since), 0.0))} left"
