"""Checks an archive: every file against its checksum, every result against its provenance."""

import hashlib
import zipfile

import msgspec

from emmoe.archive.contents import FOLDER
from emmoe.archive.file import SUMS, read, read_sums
from emmoe.store.errors import DataError
from emmoe.store.provenance import Made


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
        outputs = made(archive, name).outputs
    except DataError as error:
        return [str(error)]
    return [
        line
        for output, sha256 in outputs.items()
        for line in _difference(f"{FOLDER}/{output}", found.get(f"{FOLDER}/{output}"), sha256, name)
    ]


def made(archive: zipfile.ZipFile, name: str) -> Made:
    """Return a provenance file's content; raises DataError, naming it, for what is none."""
    try:
        return msgspec.json.decode(read(archive, name), type=Made)
    except msgspec.MsgspecError:
        raise DataError(f"{name}: not a provenance file") from None


def _difference(name: str, found: str | None, expected: str, source: str) -> list[str]:
    if found == expected or found is None:  # what is missing is told once, by the checksums
        return []
    return [f"{name}: SHA-256 {found[:12]}… instead of {expected[:12]}… in {source}"]
