"""Checks an archive: every file against its checksum, every result against its provenance."""

import hashlib
import json
import zipfile
from typing import Any

from emmoe.archive import contents
from emmoe.archive.file import SUMS, read, read_sums
from emmoe.store.errors import DataError


def mismatches(archive: zipfile.ZipFile) -> list[str]:
    """Return a line for each file that is missing, damaged, altered or not listed, naming it."""
    expected, found, lines = read_sums(archive), {}, []
    for name, sha256 in sorted(expected.items()):
        try:
            found[name] = hashlib.sha256(read(archive, name)).hexdigest()
        except DataError as error:
            lines.append(str(error))
        else:
            lines += _difference(name, found[name], sha256, SUMS)
    unlisted = sorted(set(archive.namelist()) - set(expected) - {SUMS})
    lines += [f"{name}: not listed in {SUMS}" for name in unlisted]
    for name in found:
        if name.endswith("provenance.json"):
            lines += _of_provenance(archive, name, found)
    return lines


def _of_provenance(archive: zipfile.ZipFile, name: str, found: dict[str, str]) -> list[str]:
    """The results that are not what a provenance file says was written."""
    try:
        recorded = contents.recorded(name, content(archive, name))
    except DataError as error:
        return [str(error)]
    return [
        line
        for output, sha256 in recorded.items()
        for line in _difference(output, found.get(output), sha256, name)
    ]


def content(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    """Return a provenance file's content; raises DataError, naming it, for what is none."""
    try:
        found = json.loads(read(archive, name))
        contents.recorded(name, found)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{name}: not a provenance file") from None
    return found


def _difference(name: str, found: str | None, expected: str, source: str) -> list[str]:
    if found == expected or found is None:  # what is missing is told once, by the checksums
        return []
    return [f"{name}: SHA-256 {found[:12]}… instead of {expected[:12]}… in {source}"]
