"""The kernel's locks on open files (flock): they end with the process that holds them."""

from __future__ import annotations  # make clean may run with an older Python

import errno
from typing import IO


def take(stream: IO[bytes]) -> None:
    """Lock a file for this process; waits for no other one.

    Raises BlockingIOError if another process holds it, and OSError where there are no such locks:
    on some file systems of clusters, and on Windows."""
    _flock(stream, "LOCK_EX")


def share(stream: IO[bytes]) -> None:
    """Lock a file with others that only share it; raises as `take` does."""
    _flock(stream, "LOCK_SH")


def _flock(stream: IO[bytes], kind: str) -> None:
    try:
        import fcntl  # Unix's alone
    except ImportError:
        raise OSError(errno.ENOSYS, "this system has no file locks") from None
    fcntl.flock(stream, getattr(fcntl, kind) | fcntl.LOCK_NB)
