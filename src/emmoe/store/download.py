"""Fetch one named file, and never leave anything but the right bytes under its name.

Looked for at <EMMOE_MIRROR>/<relative path>, if that environment variable is set, and then at
<source>/<bare file name> for each configured source. Mirror and sources are http(s):// or file://
addresses or folders; a relative folder starts at the current directory.
"""

import hashlib
import http.client
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

from emmoe.store import flock
from emmoe.store.errors import DownloadError

MIRROR_VARIABLE = "EMMOE_MIRROR"
USER_AGENT = "emmoe (reproduction of a paper; Python urllib)"
TIMEOUT = 15.0  # seconds without a byte
GRACE, SLOWEST = 60.0, 1000.0  # seconds after which fewer bytes a second are too few
BACKOFF = 0.5  # seconds before the first retry, doubled at each further one
CHUNK = 1 << 16  # bytes


class _SourceFailed(Exception):
    """Why one source gave no usable file; transient if asking again may help."""

    def __init__(self, reason: str, transient: bool = False):
        super().__init__(" ".join(reason.split()))
        self.transient = transient


class _Wanted(NamedTuple):
    destination: Path
    sha256: str
    size: int | None  # bytes, if known


def fetch(
    relative_path: str,
    sources: list[str],
    sha256: str,
    destination: Path,
    *,
    size: int | None = None,
    retries: int = 3,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put the file with this checksum at `destination`, from the mirror or the first good source.

    A right file already there is kept without a request; a wrong one is removed first. `size` is
    in bytes (for progress, and to break off a longer reply). After a network error, a cut reply
    or HTTP 5xx a source is asked up to `retries` times more, after `sleep(seconds)`.
    Raises DownloadError, one line with every source and its reason, and leaves nothing behind.
    """
    wanted = _Wanted(Path(destination), sha256.lower(), size)
    try:
        failures = _remove_if_wrong(wanted)
        if wanted.destination.exists():
            return
        wanted.destination.parent.mkdir(parents=True, exist_ok=True)
        for address in _addresses(relative_path, sources):
            try:
                return _fetch_from(address, wanted, retries, sleep)
            except _SourceFailed as failure:
                failures.append(f"{address}: {failure}")
    except OSError as error:  # reading errors are _SourceFailed, so this is the destination
        raise DownloadError(f"cannot write {destination}: {error.strerror or error}") from error
    tried = "; ".join(failures) or "no source is configured"
    by_hand = f"put it at {destination} or set {MIRROR_VARIABLE} to a folder that holds"
    raise DownloadError(f"cannot fetch {relative_path}: {tried}; {by_hand} {relative_path}")


def _remove_if_wrong(wanted: _Wanted) -> list[str]:
    """Delete a file of another checksum; return what to tell about it (nothing if right)."""
    if not wanted.destination.exists():
        return []
    with open(wanted.destination, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == wanted.sha256:
        return []
    wanted.destination.unlink()
    reason = f"{wanted.destination}: removed, it had the wrong SHA-256 {found[:12]}…"
    sys.stderr.write(f"{reason}\n")
    return [reason]


def _addresses(relative_path: str, sources: list[str]) -> list[str]:
    mirror = os.environ.get(MIRROR_VARIABLE, "").strip()
    mirrored = [_address(mirror, relative_path)] if mirror else []
    return mirrored + [_address(base, PurePosixPath(relative_path).name) for base in sources]


def _address(base: str, path: str) -> str:
    if "://" not in base:
        base = Path(os.path.expanduser(base)).absolute().as_uri()
    return f"{base.rstrip('/')}/{quote(path)}"


def _fetch_from(address: str, wanted: _Wanted, retries: int, sleep: Callable) -> None:
    for attempt in range(retries + 1):
        try:
            return _save(address, wanted)
        except _SourceFailed as failure:
            sys.stderr.write(f"{address}: {failure}\n")
            if not failure.transient or attempt == retries:
                raise
        sleep(BACKOFF * 2**attempt)


def _save(address: str, wanted: _Wanted) -> None:
    # Beside the destination, for an atomic os.replace; mkstemp's mode 0600 would shut out a group.
    final = wanted.destination
    temporary = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as out:
            with suppress(OSError):  # where there are no locks
                flock.take(out)  # or `store.killed` would take it for left behind
            _copy_verified(address, wanted, out)
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def _copy_verified(address: str, wanted: _Wanted, out: BinaryIO) -> None:
    digest, received, head = hashlib.sha256(), 0, b""
    for chunk in _reported(_chunks(address), wanted):
        out.write(chunk)
        digest.update(chunk)
        received, head = received + len(chunk), head or chunk[:512]
        if wanted.size is not None and received > wanted.size:
            break
    if digest.hexdigest() != wanted.sha256:
        raise _SourceFailed(_diagnosis(head.lower(), received, wanted.size, digest.hexdigest()))


def _diagnosis(head: bytes, received: int, size: int | None, found: str) -> str:
    """Say why complete bytes are the wrong ones; a page first, as it also has a wrong size."""
    if b"<!doctype html" in head or b"<html" in head:
        return "got an HTML page"
    if size is not None and received > size:
        return f"another file, longer than the expected {size} bytes"
    if size is not None and received < size:
        return f"truncated or another file: {received} of {size} bytes, SHA-256 {found[:12]}…"
    return f"wrong SHA-256 {found[:12]}…"


def _reported(chunks: Iterator[bytes], wanted: _Wanted) -> Iterator[bytes]:
    """Pass chunks on, telling progress: a moving line on a terminal, else few whole lines."""
    line, interval = ("\r{}", 0.2) if sys.stderr.isatty() else ("{}\n", 5.0)
    received, last = 0, time.monotonic()
    try:
        for chunk in chunks:
            received += len(chunk)
            yield chunk
            if time.monotonic() - last >= interval:
                last = time.monotonic()
                _report(received, wanted, line)
    finally:
        if received:
            _report(received, wanted, line.rstrip("\n") + "\n")


def _report(received: int, wanted: _Wanted, line: str) -> None:
    text = f"{wanted.destination.name}: {received / 1e6:.2f} MB"
    if wanted.size:
        text += f" of {wanted.size / 1e6:.2f} MB ({100 * received // wanted.size} %)"
    print(line.format(text), end="", file=sys.stderr, flush=True)


def _chunks(address: str) -> Iterator[bytes]:
    """Yield the bytes at an address; whatever goes wrong in reading becomes _SourceFailed."""
    received, began = 0, time.monotonic()
    try:
        request = urllib.request.Request(address, headers={"User-Agent": USER_AGENT})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as stream:
            declared = getattr(stream, "length", None)  # Content-Length of HTTP, before any read
            while chunk := stream.read1(CHUNK):
                received += len(chunk)
                yield chunk
                if (passed := time.monotonic() - began) > max(GRACE, received / SLOWEST):
                    raise _SourceFailed(f"too slow: {received} bytes in {passed:.0f} s")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _read_failure(address, error) from error
    if declared is not None and received < declared:
        raise _SourceFailed(f"truncated at {received} of {declared} bytes", transient=True)


def _read_failure(address: str, error: Exception) -> _SourceFailed:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if 300 <= error.code < 400:  # urllib follows the others
            return _SourceFailed(f"HTTP {error.code}, redirected for ever or to no web page")
        return _SourceFailed(f"HTTP {error.code}", error.code >= 500 or error.code in (408, 429))
    cause = getattr(error, "reason", error)  # urllib wraps the errors of the connection
    # A bad certificate is an OSError, but also a ValueError: like a bad address, it stays bad.
    lasting = isinstance(cause, (ValueError, http.client.InvalidURL, str))
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return _SourceFailed(text, address.lower().startswith("http") and not lasting)
