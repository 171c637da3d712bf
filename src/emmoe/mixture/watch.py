"""Who follows a search: what is told of it, and what an interruption (Ctrl-C) leaves of it."""

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass

STOPPING = "interrupted: ending with the starts that are done; once more ends it at once"


Told = Callable[[str], None]


def _unheard(_: object) -> None:
    """Tell nobody."""


@dataclass(eq=False)
class Watch:
    """`say` gets a line a stage, `share` which part of the search's runs is done.

    An interruption ends the program; where there is `stopping`, which is told, it ends the search
    alone, whose best of `starts` starts is what is left, and a second one ends the program."""

    say: Told = _unheard
    share: Callable[[float], None] = _unheard
    stopping: Told | None = None
    starts: int | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the search was ended."""
        return self.starts is not None

    @contextmanager
    def keeping(self, done: Sized) -> Iterator[None]:
        """End what is within where it is interrupted, with the starts that are `done`."""
        try:
            yield
        except KeyboardInterrupt:
            if self.stopping is None or self.interrupted:
                raise
            self.starts = len(done)
            self.stopping(STOPPING)
