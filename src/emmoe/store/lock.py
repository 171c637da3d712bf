"""One run at a time in a folder, and the end of what a killed run left behind.

The lock is the kernel's (flock): it ends with the process that holds it, however that ends, while
the jobs of a killed run live on. Every job inherits the environment variable MARK, by which Linux
shows them; Slurm shows its jobs by their folder and the prefix of their names (profiles/slurm).
Where neither the lock nor Linux can tell, on a file system without locks or on another machine than
the last run's, nothing is ended or removed: whoever starts the run is asked to.
"""

import atexit
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from emmoe.store.errors import RunError
from emmoe.store.layout import OLDER

MARK = "EMMOE_RUN"
PREFIX = "emmoe_"  # of the names of Slurm jobs
PATIENCE = 60.0  # seconds that a killed job may take to end
# Names that `store.files.atomic` and `store.download` give to files that are not finished.
PROCESSES = Path("/proc")
UNFINISHED = re.compile(r"\..+\.\d+\.\w+|\..+\.[0-9a-f]{8}\.part")


def _refuse_older(results: Path) -> None:
    """Raise RunError where results lie that another version laid out: they would mix."""
    for name in OLDER:
        if (results / name).exists():
            said = f"{results / name}: made by an older version, which laid results out otherwise"
            raise RunError(f"{said}: move {results} away, or delete all in it but reference/")


class Guard:
    """Lets one run at a time work in a folder. Made before a run is planned, held by `begin`."""

    def __init__(self, folder: Path, written: Sequence[Path]):
        """folder: where the run works; written: the folders in it that jobs write to, first the
        one of the results.

        Raises RunError where a file has the name of one of these."""
        self._folder, self._written = folder.resolve(), written
        self._lock = self._folder / ".snakemake" / "run.lock"
        self._planned = self._touched()
        self._own_job = os.environ.get("SLURM_JOB_ID")  # the plugin hides it later
        os.environ[MARK] = str(self._folder)
        for path in {part for folder in written for part in (folder, *folder.parents)}:
            if path.exists() and not path.is_dir():
                raise RunError(f"{path}: a file has the name of a folder: move it away")

    def begin(self) -> None:
        """Hold the lock until this process ends; end and remove what a killed run left.

        Raises RunError if another run holds it, or did since this one was planned, or if results
        cannot be written."""
        self._lock.parent.mkdir(exist_ok=True)
        known = self._lock.is_file()
        stream = open(self._lock, "a+", encoding="utf-8")  # noqa: SIM115 (closing releases the lock)
        held = self._take(stream)
        if (self._touched() if known else None) != self._planned:
            said = "another run was working in this folder while this one was planned"
            raise RunError(f"{said}: run the same command again")
        if last := _content(stream):  # a run that ends in order takes its line out
            self._clear(last, held)
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        stream.flush()
        atexit.register(stream.truncate, 0)
        _try_to_write(self._written[0])
        _refuse_older(self._written[0])

    def _take(self, stream: TextIO) -> bool:
        """Take the lock; return whether this file system has any."""
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = f"another run is working in this folder ({_content(stream)})"
            raise RunError(f"{said}: wait for it or stop it") from None
        except OSError as error:  # some file systems of clusters have no locks
            said = f"{self._lock}: {error.strerror}: nothing keeps a second run out of this folder"
            print(said, file=sys.stderr, flush=True)
            return False
        return True

    def _touched(self) -> int | None:
        """When a run last took or released the lock; None if none did."""
        return self._lock.stat().st_mtime_ns if self._lock.is_file() else None

    def _clear(self, last: str, held: bool) -> None:
        """End the jobs of a killed run and remove the files that they had not finished."""
        if not (held and last.endswith(f" on {socket.gethostname()}") and PROCESSES.is_dir()):
            said = f"the last run ({last}) was killed or still works: from here it cannot be told"
            raise RunError(f"{said}: end it and its jobs, then delete {self._lock}")
        cancelled = _end(lambda: _queued(self._folder) - {self._own_job}, _cancel)
        jobs = _end(lambda: _marked(self._folder), lambda job: os.kill(int(job), signal.SIGKILL))
        files = [
            path
            for folder in self._written
            for path in folder.rglob(".*")
            if UNFINISHED.fullmatch(path.name) and path.is_file()
        ]
        for path in files:
            path.unlink(missing_ok=True)
        ended = f"{jobs + cancelled} jobs of it ended, {len(files)} unfinished files removed"
        print(f"The last run ({last}) was killed: {ended}.", file=sys.stderr, flush=True)


def _content(stream: TextIO) -> str:
    stream.seek(0)
    return stream.read().strip()


def _try_to_write(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        said = f"{folder}: cannot be written ({error.strerror})"
        raise RunError(f"{said}: make it a folder that you may write to") from None


def _end(found: Callable[[], set[str]], end: Callable[[str], object]) -> int:
    """End all jobs that are found until none is any more; return how many there were."""
    ended: set[str] = set()
    until = time.monotonic() + PATIENCE
    while jobs := found():
        if time.monotonic() > until:
            raise RunError(f"jobs of a killed run do not end: {', '.join(sorted(jobs))}: end them")
        for job in jobs - ended:
            with suppress(ProcessLookupError):
                end(job)
        ended |= jobs
        time.sleep(0.1)
    return len(ended)


def _marked(folder: Path) -> set[str]:
    """The processes that were started with a folder's mark, this one apart."""
    mark = f"{MARK}={folder}".encode()
    found = set()
    for process in PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.add(process.name)
    return found - {str(os.getpid())}


def _queued(folder: Path) -> set[str]:
    """This user's jobs in Slurm's queue that were submitted from a folder, if any ever were.

    Raises RunError if Slurm does not answer."""
    if not (folder / ".snakemake" / "slurm_logs").is_dir():  # the plugin makes it
        return set()
    command = ["squeue", "--me", "--noheader", "--format=%A|%j|%Z"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        said = "squeue does not answer, and a killed run may have jobs in the queue"
        raise RunError(f"{said}: run the same command again when it does") from None
    rows = [line.split("|", 2) for line in asked.stdout.splitlines()]
    return {job for job, name, place in rows if name.startswith(PREFIX) and place == str(folder)}


def _cancel(job: str) -> None:
    subprocess.run(["scancel", job], capture_output=True)
