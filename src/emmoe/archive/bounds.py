"""What an archive from a stranger may cost to check: all bounds in one place.

They are far above what a full run needs (`docs/archive.md` sets both side by side), and what is
beyond one of them is refused in a line, before it is read.
"""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from emmoe.record.cells import grid
from emmoe.record.entries import Record
from emmoe.record.plan import limit
from emmoe.record.step_grid import variants
from emmoe.store.errors import DataError

MB = 10**6
ENTRIES = 100_000  # files of an archive, and lines of its manifest
DIRECTORY = 16 * MB  # of the list of files that a zip ends with
NAME = 400  # characters
FILE = 1000 * MB  # of a file
RATIO, FREE = 50, MB  # of a file, unpacked to packed, unless it is small; ours are below 12
RATIO_WHOLE, FREE_WHOLE = 10, 20 * MB  # of the whole; ours is below 2
READ = 200 * MB  # of a file that is held in memory
MANIFEST = 16 * MB
CONFIG = 400_000  # bytes; config.yaml with all written out has 65 000
JSON, NODES, DEPTH = 16 * MB, 500_000, 50  # of a JSON file: bytes, values, brackets within brackets
LINES, WIDTH = 100, 400  # that are printed, and characters of each
PLANNED, PER_FILE = 10_000, 10  # cells, fits and steps that a config may declare, and more a file
SECONDS, SECONDS_PER_FILE = 6.0, 1e-3  # CPU time for reading and planning a config
# Of an archived table that something is made from; a fit's rows are bounded by its task.
ROWS, COLUMNS, CELL = 1_000_000, 200, 100  # CELL: bytes of an entry
MINUTES = 60  # CPU time of whatever is made again; an option
CAUTION = 4  # by which estimates of a fit's time are too long (emmoe.jobs.fit)
MEMORY = 8000 * MB  # address space of the process that makes again
UNREAD = 100 * MB  # of a result that is read with --full only

STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # linear in any text
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check_size(name: str, size: int, most: int) -> None:
    """Raise DataError, naming a file, if it has more bytes than a bound."""
    if size > most:
        raise DataError(f"{name}: {size} bytes: more than the {most} that are read")


def check_count(where: str, files: int) -> None:
    """Raise DataError, naming what holds them, if there are more files than a bound."""
    if files > ENTRIES:
        raise DataError(f"{where}: {files} files: more than the {ENTRIES} that are read")


def check_json(name: str, data: bytes) -> None:
    """Raise DataError, naming a JSON file, before it is parsed, if it is too large or too deep."""
    check_size(name, len(data), JSON)
    bare = STRING.sub(b"", data)
    values, ends = (sum(map(bare.count, signs)) for signs in ((b",", b"[", b"{"), (b"]", b"}")))
    if max(values, ends) > NODES:
        raise DataError(f"{name}: more than {NODES} values")
    brackets = np.frombuffer(bare.translate(None, _NO_BRACKETS), np.uint8)
    levels = np.cumsum(np.where(np.isin(brackets, np.frombuffer(b"[{", np.uint8)), 1, -1))
    if len(levels) and levels.max() > DEPTH:
        raise DataError(f"{name}: brackets within brackets, more than {DEPTH}")


def check_plan(record: Record, files: int) -> None:
    """Raise DataError if a record, read but not yet planned, declares far more cells, fits and
    steps of contests than an archive of so many files can hold."""
    planned, most = 0, PLANNED + PER_FILE * files
    for entry in record.experiments.values():
        blocks = (
            -(-limit(entry, f, "replicates") // entry.replicates_per_block) for f in entry.fitters
        )
        planned += len(grid(entry)) * (1 + sum(blocks))
    for contest in record.contests.values():
        planned += len(grid(contest))
        planned += sum(len(variants(rival)) for rival in contest.rivals.values())
    if planned > most:
        raise DataError(f"config.yaml: declares {planned} cells, fits and steps: more than {most}")


@contextmanager
def planning(files: int) -> Iterator[None]:
    """Raise DataError in what takes longer than the planning of so many files may."""
    seconds = SECONDS + SECONDS_PER_FILE * files

    def stop(number: int, frame: object) -> None:
        raise DataError(f"config.yaml: not read within {seconds:.0f} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
