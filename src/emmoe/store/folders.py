"""Folders that are built beside the one they replace, and take its place in one step."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux's fcntl.h and fs.h


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder beside `path`, which takes its place at the end.

    On any failure it is removed; what a killed process left of one is removed, or put back where
    it lacks, the next time."""
    path = Path(path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = _aside(path)
    if aside.exists() and not path.exists():
        os.replace(aside, path)
    for left in (*path.parent.glob(f".{path.name}.*.new"), *([aside] if aside.exists() else [])):
        shutil.rmtree(left)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        temporary.mkdir()
        yield temporary
        if path.exists():
            _exchange(temporary, path)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _aside(path: Path) -> Path:
    """Where a folder lies between two renames."""
    return path.with_name(f".{path.name}.aside")


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change names: on Linux at once, whenever the process is killed.

    Elsewhere, and on file systems that cannot, a kill between two renames leaves `other` aside."""
    libc = ctypes.CDLL(None)
    paths = (AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other))
    if hasattr(libc, "renameat2") and libc.renameat2(*paths, RENAME_EXCHANGE) == 0:
        return
    aside = _aside(other)
    os.replace(other, aside)
    os.replace(one, other)
    os.replace(aside, one)
