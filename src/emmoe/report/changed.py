"""Whether a report still shows the results that are there: it holds the hash of each of them."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from emmoe.store.errors import DataError
from emmoe.store.provenance import file_hash

HASHES = re.compile(r'<script type="application/json" id="made-from">(.*?)</script>', re.DOTALL)


def hashes(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of the files that are there, by their paths."""
    return {path.as_posix(): file_hash(path) for path in paths if path.is_file()}


def changed(page: Path) -> list[str]:
    """Return the results that are not what a report shows: changed since, or gone.

    Raises DataError, naming it, for a file that is no report."""
    found = HASHES.search(page.read_text(encoding="utf-8"))
    if found is None:
        raise DataError(f"{page}: not a report of this version: run make figures")
    shown = json.loads(found[1])
    now = hashes(map(Path, shown))
    return [path for path, own in shown.items() if now.get(path) != own]


def address(page: Path) -> str:
    """Return a report's address for a browser; it tells the page what changed since."""
    old = changed(page)
    told = f"#changed={quote(','.join(old))}" if old else ""
    return f"{page.resolve().as_uri()}{told}"
