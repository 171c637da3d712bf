"""The archive as a file: a zip whose bytes depend on its contents alone.

Beside the results it holds config.yaml, as checked and with defaults filled, and SHA256SUMS, one
line per file, which `sha256sum -c SHA256SUMS` reads too. Names are sorted and times fixed."""

import hashlib
import stat
import zipfile
from pathlib import Path

from emmoe.archive import bounds, checks, contents
from emmoe.archive.reader import CONFIG, SUMS
from emmoe.record.entries import Record
from emmoe.store.errors import DataError
from emmoe.store.files import CHANGED, atomic
from emmoe.store.provenance import file_hash

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold


def write(record: Record, config: str, path: Path | str) -> str:
    """Write the archive of a record's results; return its SHA-256. config: the record as text.

    Raises DataError where there are no results, or one is not what was written, or not what the
    record would make of what is there."""
    reader = contents.on_disk(record, whole=True)
    if not reader.names:
        raise DataError(f"{record.folders.results}: no results to archive: run make figures")
    sums, wrong = checks.hashed(reader, sorted(reader.names))
    wrong += checks.of_record(reader, record, sums) + checks.of_targets(record, reader.names)
    bounds.check_count(record.folders.results, len(reader.names))
    bounds.check_size(CONFIG, len(config.encode()), bounds.CONFIG)
    if wrong:
        raise DataError(wrong[0])
    sums[CONFIG] = hashlib.sha256(config.encode()).hexdigest()
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(sums):
            data = config.encode() if name == CONFIG else reader.read(name)
            if hashlib.sha256(data).hexdigest() != sums[name]:
                raise DataError(f"{reader.where(name)}: {CHANGED}")
            _add(archive, name, data)
        _add(archive, SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())
    return file_hash(path)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(info, data, compresslevel=6)
