"""Arguments that several commands have."""

import argparse
import os
import stat
import sys
from contextlib import suppress

from emmoe.store.errors import DataError


def natural(text: str) -> int:
    """Return a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def ending(path: str) -> str:
    """Return the path of a file to be read as a whole; raises DataError for a device, which may
    have no end, and for a standard input that is closed."""
    if path == "-" and sys.stdin is None:
        raise DataError("standard input: is closed: name a file")
    mode = 0
    with suppress(OSError, ValueError):  # whoever reads it says why not; ValueError: a NUL
        mode = os.stat(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise DataError(f"{path}: a device: name a file, or - for the standard input")
    return path


def takes_config(parser: argparse.ArgumentParser) -> None:
    """Add the files of a record."""
    said = "files, each over the ones before; config.yaml alone if none is named"
    parser.add_argument("config", nargs="*", default=["config.yaml"], help=said)
