"""What a person reads when a job fails by no fault of the program: one line, no traceback."""

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emmoe.store.errors import EmmoeError

# What the system says of a disk that is full, over a quota or a limit, read-only or forbidden.
OF_THE_DISK = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "ENOTDIR")
}


@contextmanager
def told(nameless: str = "the disk") -> Iterator[None]:
    """Turn a user's mistake, or a disk that does not take a file, into one line and exit code 1.

    nameless: what is named where the system does not say which file."""
    try:
        yield
    except EmmoeError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        where, why = error.filename or nameless, os.strerror(error.errno)
        sys.exit(f"error: cannot use {where}: {why}: mend that and run the same command again")


@contextmanager
def spoken() -> Iterator[None]:
    """Do as `told` for a command that prints to a terminal, a pipe or a file.

    Characters that its encoding lacks are printed escaped; where nobody reads any more it ends
    quietly, as other commands do; where nothing can be written, in one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with told("standard output or the disk"):
            yield
            print(end="", flush=True)
    except BrokenPipeError:
        sys.exit(128 + signal.SIGPIPE)
    except MemoryError as error:
        sys.exit(f"error: out of memory: {' '.join(str(error).split()) or 'too large an input'}")
    except KeyboardInterrupt:
        sys.exit("interrupted")
    finally:
        _drop_unwritable()


def _drop_unwritable() -> None:
    """Keep Python, which flushes when it ends, from failing there once more."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def logged(log: str, attempt: int = 1) -> Iterator[None]:
    """Do as `told`, and leave the line in the log.

    An attempt after the first repeats the line and gives up where one was left: Snakemake retries
    whatever fails, but only a job that was killed, and so left no line, may do better next time."""
    mistake = Path(log)
    if attempt == 1:
        mistake.unlink(missing_ok=True)
    elif mistake.exists() and (left := mistake.read_text(encoding="utf-8").strip()):
        sys.exit(left)
    try:
        with told():
            yield
    except SystemExit as end:
        if isinstance(end.code, str):
            with suppress(OSError):  # of a full disk the terminal tells
                mistake.write_text(f"{end.code}\n", encoding="utf-8")
        raise
    except MemoryError as error:  # leaves no line: with more memory another attempt may do
        sys.exit(f"error: out of memory: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        sys.exit("interrupted: run the same command again to go on")
