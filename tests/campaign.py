"""The campaign of bad input: what a case is, how it may end, and how many there were.

A case ends well if it is refused in one line, or if every run of it ends in a status with results
that are finite, or blank where the status says why. Anything else fails: another exception (a
traceback for whoever runs it), a NaN in a result, or a case that takes longer than PATIENCE.
"""

import signal
import zlib
from collections import Counter
from contextlib import contextmanager

import pandas as pd
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from emmoe.lab.columns import as_table
from emmoe.store.errors import EmmoeError

PATIENCE = 60  # CPU seconds; a case takes milliseconds, but may have something to compile
WAITING = 3600  # seconds, on a busy machine, until a case that does nothing counts as hanging
CASES: Counter[str] = Counter()  # in process, and through the command line
WITHOUT_STATE = {"skipped", "diverged"}  # statuses of runs that may have no state to show
RUNS = ("loss", "gradient_norm")  # of the table of runs; what analyses leave unresolved is missing


class Hang(Exception):
    """A case that did not end."""


def cases(examples, name, **strategies):
    """Run the decorated function, now, on so many generated cases, the same ones every time for
    the same name."""
    quiet = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    def run(case):
        before = CASES["in process"]

        @seed(zlib.crc32(name.encode()))
        @quiet
        @given(st.fixed_dictionaries(strategies))
        def one(values):
            CASES["in process"] += 1
            with in_time():
                case(**values)

        one()
        assert CASES["in process"] - before >= examples

    return run


@contextmanager
def in_time():
    """Raise Hang in what uses more than PATIENCE, or uses nothing and WAITING is over."""

    def stop(number, frame):
        raise Hang(f"not done after {PATIENCE} s of work or {WAITING} s")

    timers = (
        (signal.ITIMER_PROF, signal.SIGPROF, PATIENCE),
        (signal.ITIMER_REAL, signal.SIGALRM, WAITING),
    )
    before = [signal.signal(number, stop) for _, number, _ in timers]
    for timer, _, seconds in timers:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for (timer, number, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def refusal(function, *arguments):
    """Return the one line with which a function refuses its arguments, or None if it does not."""
    try:
        function(*arguments)
    except EmmoeError as error:
        message = str(error)
        assert message.strip() and len(message.splitlines()) == 1
        return message
    return None


def assert_sound(fits):
    """Check the rows of `emmoe.lab.fit.fit_block` as they would be written, and that what is there
    is finite: only a run without a state has blanks. A table in which an analysis came out infinite
    is refused, in a line that names the column."""
    for kind, rows in (("trace", fits.rows), ("runs", fits.runs)):
        message = refusal(as_table, kind, "e", rows)
        assert message is None or (kind == "runs" and "holds infinite values" in message), message
        frame = pd.DataFrame(rows)
        blank = frame["loss"].isna()
        assert set(frame[blank]["status"]) <= WITHOUT_STATE
        columns = list(RUNS) if kind == "runs" else list(frame)
        assert not frame[~blank][columns].isna().to_numpy().any()
    assert all(run["reason"] for run in fits.runs if run["status"] == "skipped")
