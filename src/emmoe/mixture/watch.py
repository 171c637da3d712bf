"""Who follows a search: what is told of it, and what an interruption (Ctrl-C) leaves of it."""

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass

STOPPING = "interrupted: ending with the starts that are done; once more ends it at once"


Told = Callable[[str], None]


def _unheard(_: object) -> None:
    """Tell nobody."""


class NothingDone(KeyboardInterrupt):
    """An interruption that came before anything was done which could be kept."""


@dataclass(eq=False)
class Watch:
    """`say` gets a line a stage, `share` which part of the fit is done: of its stage at hand the
    part from `low` to `high`.

    An interruption ends the program; where there is `stopping`, which is told, it ends the search
    alone, which leaves so many starts undone, and a second one ends the program."""

    say: Told = _unheard
    share: Callable[[float], None] = _unheard
    stopping: Told | None = None
    left: int | None = None
    low: float = 0.0
    high: float = 1.0

    @property
    def interrupted(self) -> bool:
        """Whether a search was ended."""
        return self.left is not None

    def done(self, part: float) -> None:
        """Tell which part of the stage at hand is done."""
        self.share(self.low + (self.high - self.low) * part)

    @contextmanager
    def keeping(self, done: Sized, asked: int) -> Iterator[None]:
        """End what is within where it is interrupted, with what is `done` of what was asked for."""
        try:
            yield
        except KeyboardInterrupt:
            if self.stopping is None or self.interrupted:
                raise
            self.left = max(asked - len(done), 0)
            self.stopping(STOPPING)
