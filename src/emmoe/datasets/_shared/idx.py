"""Read the gzip-compressed IDX files of unsigned bytes in which (Fashion-)MNIST is published.

Format (Y. LeCun, "The MNIST database"): two zero bytes, a type code (8 = unsigned byte), the
number of dimensions, each dimension as a big-endian 32-bit integer, then the values in C order.
"""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from emmoe.store.errors import DataError

UNSIGNED_BYTE = 0x08
MAX_DIMENSIONS = 4  # labels have 1, images 3


def read_idx(path: Path, sha256: str | None = None) -> np.ndarray:
    """Return the uint8 array of the file (read-only), with the dimensions its header declares.

    sha256: checksum of the compressed file, verified before anything is unpacked.
    Raises DataError, in one line, for a missing, altered, truncated or malformed file.
    """
    path = Path(path)
    raw = _decompress(path, _read_checked(path, sha256))
    dims, start = _header(path, raw)
    expected, found = math.prod(dims), len(raw) - start
    if found < expected:
        raise DataError(f"{path} is truncated: {found} of {expected} values")
    if found > expected:
        raise DataError(f"{path} has {found - expected} trailing bytes after {expected} values")
    return np.frombuffer(raw, dtype=np.uint8, offset=start).reshape(dims)


def _read_checked(path: Path, sha256: str | None) -> bytes:
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    found = hashlib.sha256(packed).hexdigest()
    if sha256 is not None and found != sha256.lower():
        raise DataError(
            f"{path} has SHA-256 {found[:12]}… instead of {sha256[:12].lower()}…: "
            "delete it and run again to fetch it anew"
        )
    return packed


def _decompress(path: Path, packed: bytes) -> bytes:
    try:
        return gzip.decompress(packed)
    except EOFError as error:
        raise DataError(f"{path} is truncated: its gzip stream ends early") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is not a sound gzip file: {error}") from error


def _header(path: Path, raw: bytes) -> tuple[tuple[int, ...], int]:
    """Return the dimensions and the offset of the first value."""
    magic = raw[:4]
    if len(magic) == 4 and magic[:3] != bytes((0, 0, UNSIGNED_BYTE)):
        raise DataError(f"{path} has the wrong magic 0x{magic.hex()}, not unsigned-byte IDX")
    start = 4 + 4 * magic[3] if len(magic) == 4 else 4
    if len(raw) < start:
        raise DataError(f"{path} is truncated: its IDX header ends early")
    dims = struct.unpack(f">{magic[3]}I", raw[4:start])
    if not 1 <= len(dims) <= MAX_DIMENSIONS or 0 in dims:
        raise DataError(f"{path} declares the dimensions {dims}: no usable IDX file")
    return dims, start
