"""One run at a time in a folder, and one at a time that writes to a folder of results.

Two folders may share their results, so that both are locked. The locks are the kernel's (flock):
they end with the process that holds them, however that ends, while the jobs of a killed run live
on, until the next one ends them. Where neither a lock nor Linux can tell, on a file system without
locks or on another machine than the last run's, nothing is ended or removed: whoever starts the run
is asked to.
"""

from __future__ import annotations  # make clean may run with an older Python

import atexit
import os
import re
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from emmoe.store import flock, killed
from emmoe.store.errors import RunError
from emmoe.store.layout import OLDER

NAME = "run.lock"
LINE = re.compile(r"process \d+ on (\S+) in (/.*)", re.DOTALL)  # a folder may hold line breaks
# The folders below .snakemake that Snakemake makes at each start.
RECORDS = ("auxiliary", "incomplete", "iocache", "locks", "metadata", "shadow")
LONGEST = 5000  # bytes of a line: more than any path has


class Lock:
    """A file that one run at a time holds, and in it a line that says which."""

    def __init__(self, path: Path, what: str):
        """what: that in which only one run may work."""
        self.path, self._what = path, what
        self._planned = self._touched()
        self.holds = True  # if this file system has locks

    def _touched(self) -> int | None:
        """When a run last took or released the lock; None if none did."""
        return self.path.stat().st_mtime_ns if self.path.is_file() else None

    def take(self) -> str:
        """Hold the lock until this process ends; return the line of a run that was killed, or "".

        Raises RunError if another run holds it, or did since this lock was made, or if the file is
        no lock."""
        known = self.path.is_file()
        if not known and os.path.lexists(self.path):
            raise RunError(f"{self.path}: not a file, and the lock belongs there: move it away")
        self.path.parent.mkdir(exist_ok=True)
        stream = open(self.path, "a+b")  # noqa: SIM115 (closing it releases the lock)
        try:
            self._flock(stream)
            if (self._touched() if known else None) != self._planned:
                said = f"another run was working in {self._what} while this one was planned"
                raise RunError(f"{said}: run the same command again")
            last = self._line(stream)
        except RunError:
            stream.close()
            raise
        self._stream = stream
        return last

    def _flock(self, stream: IO[bytes]) -> None:
        try:
            flock.take(stream)
        except BlockingIOError:
            said = f"another run is working in {self._what} ({self._line(stream)})"
            raise RunError(f"{said}: wait for it or stop it") from None
        except OSError as error:  # some file systems of clusters have no locks, nor has Windows
            said = f"nothing keeps a second run out of {self._what}"
            print(f"{self.path}: {error.strerror}: {said}", file=sys.stderr, flush=True)
            self.holds = False

    def _line(self, stream: IO[bytes]) -> str:
        """The line of who holds the lock, or did until it was killed; "" if nobody."""
        stream.seek(0)
        line = os.fsdecode(stream.read(LONGEST))
        if line and not (line.endswith("\n") and LINE.fullmatch(line[:-1])):
            said = f"{self.path}: damaged, so that it cannot be told who holds it"
            raise RunError(f"{said}: see that no run works in {self._what}, then delete it")
        return line.removesuffix("\n")

    def sign(self, folder: Path) -> None:
        """Write who holds the lock; the line is taken out when this process ends in order."""
        line = f"process {os.getpid()} on {socket.gethostname()} in {folder}\n"
        self._stream.truncate(0)
        self._stream.write(os.fsencode(line))
        self._stream.flush()
        atexit.register(self._stream.truncate, 0)


class Guard:
    """Lets one run at a time work in a folder. Made before a run is planned, held by `begin`."""

    def __init__(self, folder: Path, written: Sequence[Path]):
        """folder: where the run works; written: the folders in it that jobs write to, first the
        one of the results.

        Raises RunError where a file has the name of one of these."""
        self._folder, self._written = folder.resolve(), written
        own = self._folder / ".snakemake"
        records = (own / name for name in RECORDS)
        for path in {part for last in (*records, *written) for part in (last, *last.parents)}:
            if os.path.lexists(path) and not path.is_dir():
                raise RunError(f"{path}: a file has the name of a folder: move it away")
        results = self._folder / written[0]
        self._locks = Lock(own / NAME, "this folder"), Lock(results / f".{NAME}", str(written[0]))
        self._own_job = os.environ.get("SLURM_JOB_ID")  # the plugin hides it later
        os.environ[killed.MARK] = str(self._folder)

    def begin(self) -> None:
        """Do as `hold`; raises RunError, too, where results of an older version lie."""
        self.hold()
        _refuse_older(self._written[0])

    def hold(self) -> None:
        """Hold the locks until this process ends; end and remove what a killed run left.

        Raises RunError if another run holds one, or did since this one was planned, or if results
        cannot be written."""
        work, results = self._locks
        left = [work.take()]
        _try_to_write(self._written[0])
        left.append(results.take())
        for last in dict.fromkeys(filter(None, left)):
            self._clear(last)
        for lock in self._locks:
            lock.sign(self._folder)

    def _clear(self, last: str) -> None:
        """End the jobs of a killed run and remove the files that they had not finished."""
        machine, folder = LINE.fullmatch(last).groups()
        holds = all(lock.holds for lock in self._locks)
        if not (holds and machine == socket.gethostname() and killed.PROCESSES.is_dir()):
            said = f"the last run ({last}) was killed or still works: from here it cannot be told"
            names = " and ".join(str(lock.path) for lock in self._locks)
            raise RunError(f"{said}: end it and its jobs, then delete {names}")
        jobs = killed.end_jobs(Path(folder), self._own_job)
        ended = f"{jobs} jobs of it ended, {killed.remove_unfinished(self._written)} unfinished"
        said = f"The last run ({last}) was killed: {ended} files removed."
        print(said.encode(errors="backslashreplace").decode(), file=sys.stderr)


def _refuse_older(results: Path) -> None:
    """Raise RunError where results lie that another version laid out: they would mix."""
    for name in OLDER:
        if (results / name).exists():
            said = f"{results / name}: made by an older version, which laid results out otherwise"
            raise RunError(f"{said}: move {results} away, or delete all in it but reference/")


def _try_to_write(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        said = f"{folder}: cannot be written ({error.strerror})"
        raise RunError(f"{said}: make it a folder that you may write to") from None
