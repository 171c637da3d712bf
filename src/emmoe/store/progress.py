"""How far a run of the workflow is, and how long the rest may take by what jobs took before."""

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

import pandas as pd

from emmoe.store.layout import Layout

LINES = "EMMOE_LINES"  # the variable that names the file for what jobs say, if not the terminal
ENOUGH = 5.0  # seconds of finished jobs from which on they tell this machine's speed
SHOWN = 2  # running jobs that a line names


def last_seconds(layout: Layout) -> dict[str, float]:
    """Return the CPU seconds of rules' jobs by what they are of (`Layout.timed`), from the
    benchmark files of the last runs."""
    paths = sorted(Path(layout.benchmarks).rglob("*.tsv"))
    found = {layout.timed(path.as_posix()): _seconds(path) for path in paths}
    return {name: seconds for name, seconds in found.items() if seconds is not None}


def kept_together(names: Iterable[str], kept: Mapping[str, float]) -> float | None:
    """Return the seconds that jobs of these names took in the kept run, whose records leave some
    kinds out (gathering); None if it has none of them."""
    known = [kept[name] for name in names if name in kept]
    return sum(known) if known else None


def _seconds(path: Path) -> float | None:
    try:
        last = pd.read_csv(path, sep="\t", encoding="utf-8").iloc[-1]
        seconds = float(last["cpu_time"])
        return seconds if math.isfinite(seconds) else None
    except (OSError, ValueError, LookupError):  # a run may have been killed while it was written
        return None


class Progress:
    """Jobs done of all, those that run, and an estimate of the time left.

    Times are seconds; jobs have numbers. Jobs of which nothing is known count as the median of the
    others; what finished jobs took beside what was expected of them tells the machine's speed."""

    def __init__(self) -> None:
        self.total = self.cores = 0
        self.expected: dict[int, float] = {}
        self.running: dict[int, tuple[str, float]] = {}
        self.done: set[int] = set()
        self.took = self.thought = 0.0

    def plan(self, expected: Mapping[int, float | None], cores: int) -> None:
        """Take over all jobs that are to run, with what is known of their seconds."""
        known = [seconds for seconds in expected.values() if seconds is not None]
        usual = median(known) if known else None
        own = {job: usual if seconds is None else seconds for job, seconds in expected.items()}
        self.expected = {job: seconds for job, seconds in own.items() if seconds is not None}
        self.total, self.cores = len(expected), max(cores, 1)

    def start(self, job: int, name: str, now: float) -> None:
        self.running[job] = (name, now)

    def finish(self, job: int, now: float) -> None:
        self.done.add(job)
        _, since = self.running.pop(job, ("", now))
        if job in self.expected:
            self.took += now - since
            self.thought += self.expected[job]

    def left(self, now: float) -> float | None:
        """Return the seconds that the rest may take, None if nothing is known of any job."""
        if not self.expected:
            return None
        speed = self.took / self.thought if self.thought >= ENOUGH else 1.0
        rest = {
            job: max(speed * seconds - (now - self.running.get(job, ("", now))[1]), 0.0)
            for job, seconds in self.expected.items()
            if job not in self.done
        }
        return max(sum(rest.values()) / self.cores, max(rest.values(), default=0.0))

    @property
    def complete(self) -> bool:
        return len(self.done) == self.total

    def line(self, now: float) -> str:
        """Return it all in one line."""
        text = f"{len(self.done)} of {self.total} jobs done"
        if not self.running:
            return text
        left, names = self.left(now), [name for name, _ in self.running.values()]
        text += f", about {spell(left)} left" if left is not None else ""
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"{text}, running {', '.join(names[:SHOWN])}{more}"


def spell(seconds: float) -> str:
    """Return a duration in words: 40 s, 12 min, 3 h 5 min."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def redirect(path: str) -> None:
    """Have all jobs that this process starts say what they say into a file."""
    os.environ[LINES] = path
