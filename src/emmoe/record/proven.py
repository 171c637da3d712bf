"""Which records were checked before, by this code: a second run need not load all that draws only
to see again what it takes."""

import hashlib
import importlib.util
import os
import platform
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

from emmoe.record.entries import Record
from emmoe.store.files import atomic
from emmoe.store.provenance import PACKAGE, file_hash

MOST = 50  # records that are remembered


def proof(record: Record) -> str:
    """Return a SHA-256 of all that the check of a record depends on: the record, the tables that it
    reads, the code."""
    data = [own.data for own in (*record.experiments.values(), *record.contests.values())]
    texts = {text for own in data for text in own.settings.values() if isinstance(text, str)}
    tables = {text: _read(text) for text in sorted(texts) if os.path.isfile(text)}
    return hashlib.sha256(f"{record} {tables} {_code()}".encode()).hexdigest()


def _read(table: str) -> str:
    try:
        return file_hash(table)
    except OSError as error:
        return str(error)


@cache
def _code() -> str:
    """A SHA-256 of the package, its data files included, and of the version of Python."""
    found = hashlib.sha256(platform.python_version().encode())
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(f"{path.relative_to(PACKAGE)} {file_hash(path)}\n".encode())
    return found.hexdigest()


def is_proven(proof: str) -> bool:
    """Return whether a record of this proof was found right before."""
    return proof in _proofs()


def remember(proof: str) -> None:
    """Keep the proof of a record that was found right, where that can be written."""
    known = _proofs()
    if proof in known:
        return
    with suppress(OSError), atomic(_kept()) as temporary:
        temporary.write_bytes(msgspec.json.encode([*known, proof][-MOST:]))


def _proofs() -> list[str]:
    try:
        return msgspec.json.decode(_kept().read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        return []


def _kept() -> Path:
    """A file beside Python's own compiled code."""
    return Path(importlib.util.cache_from_source(__file__)).with_name("proven.json")
