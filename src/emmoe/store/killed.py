"""What a killed run left behind: jobs that still work, and files that they have not finished.

Every job inherits the environment variable MARK, by which Linux shows it; Slurm shows its jobs by
their folder and the prefix of their names (profiles/slurm)."""

from __future__ import annotations  # make clean may run with an older Python

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from emmoe.store import flock
from emmoe.store.errors import RunError

MARK = "EMMOE_RUN"
PREFIX = "emmoe_"  # of the names of Slurm jobs
PATIENCE = 60.0  # seconds that a killed job may take to end
PROCESSES = Path("/proc")
# Names that `store.files.atomic` and `store.download` give to files that are not finished.
UNFINISHED = re.compile(r"\..+\.\d+\.\w+|\..+\.[0-9a-f]{8}\.part")


def end_jobs(folder: Path, own_job: str | None) -> int:
    """End all jobs of runs of a folder, the Slurm job of this process apart; return their number.

    Raises RunError if they do not end or Slurm does not answer."""
    cancelled = _end(lambda: _queued(folder) - {own_job}, _cancel)
    return cancelled + _end(lambda: _marked(folder), lambda job: os.kill(int(job), signal.SIGKILL))


def remove_unfinished(folders: Sequence[Path]) -> int:
    """Remove all files in folders that no process will finish; return their number."""
    files = [path for folder in folders for path in _unfinished(folder)]
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _unfinished(folder: Path) -> Iterator[Path]:
    for path in folder.rglob(".*"):
        if UNFINISHED.fullmatch(path.name) and path.is_file() and not _is_written(path):
            yield path


def _is_written(path: Path) -> bool:
    """Whether a process holds the file, as a download does: of a run elsewhere, as ours ended."""
    with suppress(FileNotFoundError), open(path, "rb") as stream:
        try:
            flock.share(stream)
        except BlockingIOError:
            return True
        except OSError:  # there are no locks
            return False
    return False


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
    processes = [p for p in PROCESSES.glob("[0-9]*") if p.name != str(os.getpid())]
    return {process.name for process in processes if _has_mark(process, folder)}


def _has_mark(process: Path, folder: Path) -> bool:
    """Whether a process has a folder's mark.

    Raises RunError for another user's, whose environment is hidden, that runs a job's script
    there."""
    try:
        own = (process / "environ").read_bytes().split(b"\0")
        return os.fsencode(f"{MARK}={folder}") in own
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return False
    except OSError:
        if not _runs_script(process, folder):
            return False
        who = f"process {process.name}, which another user started"
        raise RunError(f"{who}, works in {folder}: wait until it has ended") from None


def _runs_script(process: Path, folder: Path) -> bool:
    with suppress(OSError):
        scripts = os.fsencode(folder / ".snakemake" / "scripts") + b"/"
        return any(a.startswith(scripts) for a in (process / "cmdline").read_bytes().split(b"\0"))
    return False


def _queued(folder: Path) -> set[str]:
    """This user's jobs in Slurm's queue that were submitted from a folder, if any ever were.

    Raises RunError if Slurm does not answer."""
    if not (folder / ".snakemake" / "slurm_logs").is_dir():  # the plugin makes it
        return set()
    command = ["squeue", "--me", "--noheader", "--format=%A|%j|%Z"]
    try:
        asked = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        said = "squeue does not answer, and a killed run may have jobs in the queue"
        raise RunError(f"{said}: run the same command again when it does") from None
    rows = [line.split("|", 2) for line in os.fsdecode(asked.stdout).splitlines()]
    return {job for job, name, place in rows if name.startswith(PREFIX) and place == str(folder)}


def _cancel(job: str) -> None:
    subprocess.run(["scancel", job], capture_output=True)
