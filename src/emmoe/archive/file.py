"""The archive as a file: a zip whose bytes depend on its contents alone, and its checked reading.

Beside the results it holds config.yaml, as checked and with defaults filled, and SHA256SUMS, one
line per file, which `sha256sum -c SHA256SUMS` reads too. Names are sorted and times fixed. Nothing
is ever unpacked to a path that an archive names."""

import hashlib
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from emmoe.archive import contents
from emmoe.jobs.base import CURRENT, STALE, Job
from emmoe.record.entries import Record
from emmoe.store.errors import DataError
from emmoe.store.files import atomic
from emmoe.store.provenance import digest, file_hash

CONFIG, SUMS = "config.yaml", "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


def write(record: Record, config: str, path: Path | str) -> str:
    """Write the archive of a record's results; return its SHA-256. config: the record as text.

    Raises DataError where there are no results, or one is not what was written, or not what the
    record would make."""
    jobs = list(contents.there(record))
    if not jobs:
        raise DataError(f"{record.folders.results}: no results to archive: run make figures")
    for job in jobs:
        check(job)
    found = {name: source for job in jobs for name, source in contents.files(job).items()}
    sums = {}
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted([*found, CONFIG]):
            data = config.encode() if name == CONFIG else found[name].read_bytes()
            sums[name] = hashlib.sha256(data).hexdigest()
            _add(archive, name, data)
        _add(archive, SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())
    return file_hash(path)


def check(job: Job) -> None:
    """Raise DataError, naming the file, for a result that was changed since, or that was made with
    other settings than the record's."""
    state = job.state()
    if state not in (CURRENT, STALE):
        raise DataError(state)
    if job.found().settings != digest(job.plain_task):
        said = "made with other settings than the config's"
        raise DataError(f"{job.provenance}: {said}: make its target again, or delete it")


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(info, data, compresslevel=6)


@contextmanager
def opened(path: Path | str) -> Iterator[zipfile.ZipFile]:
    """Open an archive; raises DataError for a file that is none, or that holds unsafe names."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such archive: snakemake archive writes one") from None
    except UNREADABLE as error:
        raise DataError(f"{path}: not a whole archive ({error}): fetch it again") from None
    with archive:
        for info in archive.infolist():
            if not _is_safe(info):
                raise DataError(f"{path}: unsafe entry {info.filename!r}: not an archive of emmoe")
        name, count = (
            Counter(archive.namelist()).most_common(1)[0] if archive.namelist() else ("", 0)
        )
        if count > 1:
            raise DataError(f"{path}: {name} is in it {count} times: not an archive of emmoe")
        yield archive


def _is_safe(info: zipfile.ZipInfo) -> bool:
    """Whether an entry is a plain file below the folder that it would be unpacked to."""
    name, kind = info.filename, stat.S_IFMT(info.external_attr >> 16)
    parts = PurePosixPath(name).parts
    inside = not name.startswith("/") and ".." not in parts and not set(name) & set("\\:\0")
    return bool(parts) and inside and not info.is_dir() and kind in (0, stat.S_IFREG)


def read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file's content; raises DataError, naming it, if it is missing or damaged."""
    try:
        return archive.read(name)
    except KeyError:
        raise DataError(f"{name}: missing") from None
    except UNREADABLE as error:
        raise DataError(f"{name}: cannot be read: {error}") from None


def read_sums(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the SHA-256 that every file of an archive must have, by its name."""
    lines = read(archive, SUMS).decode(errors="replace").splitlines()
    matches = [LINE.fullmatch(line) for line in lines]
    for number, match in enumerate(matches, 1):
        if match is None:
            raise DataError(f"{SUMS}: line {number} is not a checksum and a name")
    return {match[2]: match[1] for match in matches}
