"""The archive as a file: a zip whose bytes depend on its contents alone, and its checked reading.

Beside the results it holds config.yaml, as checked and with defaults filled, and SHA256SUMS, a line
a file, which `sha256sum -c SHA256SUMS` reads too. Names are sorted and times fixed. Nothing is ever
unpacked to a path that an archive names."""

import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from emmoe.archive import contents
from emmoe.jobs.sidecars import SINGLE, of_fits, of_single
from emmoe.record import cells as grid
from emmoe.store import checksums as seals
from emmoe.store.errors import DataError
from emmoe.store.files import atomic
from emmoe.store.provenance import digest, file_hash

CONFIG, SUMS = "config.yaml", "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


def write(config: dict[str, Any], path: Path | str) -> str:
    """Write the archive of a checked config's results; return its SHA-256.

    Raises DataError where there are no results, or one is not what was written, or not what the
    config would make."""
    found = contents.files(config)
    if not found:
        raise DataError(f"{config['pathvars']['results']}: no results to archive: run make figures")
    check_tasks(config)
    plain = json.loads(json.dumps(config))  # what YAML shares, apart
    texts = {CONFIG: yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).encode()}
    sums = {}
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(found | texts):
            data = texts[name] if name in texts else found[name].read_bytes()
            sums[name] = hashlib.sha256(data).hexdigest()
            _add(archive, name, data)
        for name, source in found.items():
            seals.check(source)
            if name.endswith("provenance.json"):
                recorded = contents.recorded(name, seals.read_record(source))
                for output, sha256 in recorded.items():
                    if sums.get(output) != sha256:
                        raise DataError(f"{found.get(output, output)}: {seals.CHANGED}")
        _add(archive, SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())
    return file_hash(path)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(info, data, compresslevel=6)


def check_tasks(config: dict[str, Any]) -> None:
    """Raise DataError for a fit, contest or probe that was made with other settings than the
    config's."""
    results = Path(config["pathvars"]["results"])
    fits = {path: grid.fit_task(config, *fit) for fit, path in of_fits(config, results).items()}
    single = {
        path: SINGLE[kind][1](config, name)
        for (kind, name), path in of_single(config, results).items()
    }
    for path, task in (fits | single).items():
        if path.is_file() and digest(seals.read_record(path).get("task")) != digest(task):
            said = "made with other settings than the config's"
            raise DataError(f"{path}: {said}: make its target again, or delete it")


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
