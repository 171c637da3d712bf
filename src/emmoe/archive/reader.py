"""Reads an archive, packed or unpacked, or a folder of results, through one interface.

Nothing is ever unpacked to a path that an archive names."""

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from emmoe.archive import bounds
from emmoe.store.errors import DataError

CHUNK = 1 << 20
CONFIG, SUMS = "config.yaml", "SHA256SUMS"  # of an archive, beside its results
# What zipfile raises for bytes that are no zip; UnicodeDecodeError is a ValueError,
# NotImplementedError a RuntimeError.
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError,
    OverflowError,
)  # fmt: skip
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Reader(ABC):
    """Files by their names in an archive, "/" between folders."""

    names: frozenset[str]

    def where(self, name: str) -> str:
        """Return what to call a file in a message."""
        return name

    @abstractmethod
    def size(self, name: str) -> int:
        """Return a file's bytes."""

    @abstractmethod
    def stream(self, name: str) -> IO[bytes]:
        """Open a file; raises an error of UNREADABLE."""

    def read(self, name: str, most: int = bounds.READ) -> bytes:
        """Return a file's content; raises DataError, naming it, if it is missing, damaged or
        larger than `most` bytes."""
        self._check(name, most)
        return b"".join(self._chunks(name))

    def sha256(self, name: str) -> str:
        """Return a file's SHA-256; raises DataError, naming it, if it is missing or damaged."""
        self._check(name, bounds.FILE)
        found = hashlib.sha256()
        for chunk in self._chunks(name):
            found.update(chunk)
        return found.hexdigest()

    def _check(self, name: str, most: int) -> None:
        if name not in self.names:
            raise DataError(f"{self.where(name)}: missing")
        try:
            size = self.size(name)
        except OSError as error:
            raise DataError(f"{self.where(name)}: cannot be read: {error.strerror}") from None
        bounds.check_size(self.where(name), size, most)

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self.stream(name) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except UNREADABLE as error:
            raise DataError(f"{self.where(name)}: cannot be read: {error}") from None


class Folder(Reader):
    """Files on disk by name; names: of those that are there, if not all are."""

    def __init__(self, paths: Mapping[str, Path], names: Collection[str] | None = None):
        self._paths, self.names = paths, frozenset(paths if names is None else names)

    def where(self, name: str) -> str:
        return str(self._paths.get(name, name))

    def size(self, name: str) -> int:
        return self._paths[name].stat().st_size

    def stream(self, name: str) -> IO[bytes]:
        path = self._paths[name]
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait, a device would not end
            raise OSError("not a plain file")
        return path.open("rb")


class Packed(Reader):
    """A zip; raises DataError for one with unsafe names, or that is not within the bounds."""

    def __init__(self, archive: zipfile.ZipFile, path: Path | str, size: int):
        self._archive = archive
        infos = archive.infolist()
        bounds.check_count(str(path), len(infos))
        for info in infos:
            if said := _fault(info):
                raise DataError(f"{path}: {said} entry {info.filename!r}: not an archive of emmoe")
        name, count = Counter(archive.namelist()).most_common(1)[0] if infos else ("", 0)
        if count > 1:
            raise DataError(f"{path}: {name} is in it {count} times: not an archive of emmoe")
        if sum(info.compress_size for info in infos) > size:
            raise DataError(f"{path}: its files overlap: not an archive of emmoe")
        if sum(info.file_size for info in infos) > max(
            bounds.FREE_WHOLE, bounds.RATIO_WHOLE * size
        ):
            raise DataError(f"{path}: unpacks to more than {bounds.RATIO_WHOLE} times its size")
        self.names = frozenset(archive.namelist())

    def size(self, name: str) -> int:
        return self._archive.getinfo(name).file_size

    def stream(self, name: str) -> IO[bytes]:
        archive = self._archive
        return archive.open(name)


def _fault(info: zipfile.ZipInfo) -> str | None:
    """What is wrong with an entry that is no plain file below the folder that it would be unpacked
    to, or that does not unpack within the bounds."""
    name, kind = info.filename, stat.S_IFMT(info.external_attr >> 16)
    parts = PurePosixPath(name).parts
    inside = not name.startswith("/") and ".." not in parts and not set(name) & set("\\:\0")
    if not (parts and inside and not info.is_dir() and kind in (0, stat.S_IFREG)):
        return "unsafe"
    if len(name) > bounds.NAME or not name.isprintable():
        return "unsafe"
    if info.compress_type not in METHODS or info.flag_bits & 1:
        return "encrypted or otherwise compressed"
    bomb = info.file_size > max(bounds.FREE, bounds.RATIO * info.compress_size)
    return "too compressed an" if bomb else None


class _Limited:
    """A file of which no more is read at once than a zip's list of files may be long: zipfile takes
    that length from the file."""

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        self.seek, self.tell, self.close = stream.seek, stream.tell, stream.close
        self.seekable = stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size > bounds.DIRECTORY:
            raise zipfile.BadZipFile(f"a list of files of {size} bytes")
        return self._stream.read(size)


@contextmanager
def opened(path: Path | str) -> Iterator[Reader]:
    """Open an archive, or the folder that one was unpacked to; raises DataError for what is none,
    that holds unsafe names, or that is not within the bounds."""
    if is_folder(path):
        yield Folder(_unpacked(Path(path)))
        return
    with open(path, "rb") as stream, _zip(stream, path) as archive:
        yield Packed(archive, path, os.stat(path).st_size)


def is_folder(path: Path | str) -> bool:
    """Return whether a path is a folder; raises DataError unless it is that or a plain file."""
    try:
        mode = os.stat(path).st_mode
        if not os.access(path, os.R_OK):
            raise PermissionError("no permission")
    except FileNotFoundError:
        raise DataError(f"{path}: no such archive: snakemake archive writes one") from None
    except (OSError, ValueError) as error:  # ValueError: NUL in the path
        raise DataError(f"{path}: cannot be read: {error}") from None
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise DataError(f"{path}: neither a file nor a folder")
    return stat.S_ISDIR(mode)


def _zip(stream: IO[bytes], path: Path | str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(_Limited(stream))  # type: ignore[arg-type]
    except UNREADABLE as error:
        raise DataError(f"{path}: not a whole archive ({error}): fetch it again") from None


def _unpacked(folder: Path) -> dict[str, Path]:
    """All files of a folder by name; links to folders are not followed."""
    found = {}
    for above, _, names in os.walk(folder):
        for name in names:
            path = Path(above, name)
            found[path.relative_to(folder).as_posix()] = path
        bounds.check_count(str(folder), len(found))
    return found
