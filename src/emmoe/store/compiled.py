"""A place for compiled code where neither the sources nor the home can be written."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
SOURCES = Path(__file__).parents[1] / "models" / "_compiled"


def find_place() -> str | None:
    """Return the temporary folder that compiled code goes to, or None where numba has a place.

    It is for this process and those that it starts, and removed with it. To be called before a
    model is imported: numba refuses to be without a place."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    places = (os.environ.get(VARIABLE), SOURCES / "__pycache__", Path(cache, "numba"))
    if any(_takes_files(place) for place in places if place):
        return None
    os.environ[VARIABLE] = folder = tempfile.mkdtemp(prefix="emmoe-compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def told_place(folder: str) -> str:
    """Return what to say of a temporary folder for compiled code."""
    said = f"compiled code is kept in {folder} until this run ends"
    return (
        f"{said}: neither the sources nor ~/.cache can be written; {VARIABLE} names another place"
    )


def _takes_files(folder: Path | str) -> bool:
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
