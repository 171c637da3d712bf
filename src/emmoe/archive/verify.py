"""`emmoe verify`: checks an archive or a folder of results, and makes part of it again."""

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from emmoe.archive import bounds, checks, contents, recompute
from emmoe.archive.again import Place, is_results
from emmoe.archive.reader import CONFIG, Reader
from emmoe.record import yaml
from emmoe.record.check import check_record
from emmoe.record.entries import Record
from emmoe.record.read import STUDY, load
from emmoe.store.errors import ConfigError, DataError, EmmoeError
from emmoe.store.provenance import file_hash


class Asked(NamedTuple):
    """What to check.

    config: the record's files, for a folder of results; full: read its large files too; count,
    seed: of the fits to make again, and of their choice, or None; minutes: for each."""

    path: Path
    config: Sequence[str]
    full: bool
    count: int
    seed: int | None
    minutes: int


def verify(asked: Asked) -> None:
    """Print what does not agree, what is there and what is not; raises DataError if anything
    failed, with all names escaped."""
    try:
        wrong = _verify(asked)
    except EmmoeError as error:
        raise DataError(escaped(str(error))) from None
    if wrong:
        raise DataError(escaped(f"{asked.path}: {wrong} of the checks above failed"))


def _verify(asked: Asked) -> int:
    """The number of failed checks."""
    own = load(asked.config) if is_results(asked.path) else None
    place = Place(asked.path, own)
    with place.opened() as reader:
        if own is not None:
            config = " ".join(asked.config)
            if not reader.names:
                raise DataError(f"{asked.path}: none of the results that {config} declares is here")
            _say(f"results    {asked.path}, of {config}")
            record = contents.moved(own, asked.path)
            hashes, lines = checks.hashed(reader, _read(reader, asked.full))
        else:
            if asked.path.is_file():
                _say(f"archive    {asked.path}, SHA-256 {file_hash(asked.path)}")
            hashes, lines = checks.of_manifest(reader)
            record = archived_record(reader)
            lines += contents.unowned(reader.names, record)
            lines += checks.of_targets(record, reader.names)
        lines = list(dict.fromkeys([*lines, *checks.of_record(reader, record, hashes)]))
        _say_all(lines or [f"files      {len(hashes)}, all as recorded"])
        _say_all(_scope(record, reader.names))
        again = _recompute(asked, place, record, reader.names) if asked.count else 0
        return len(lines) + again


def _read(reader: Reader, full: bool) -> list[str]:
    """The names of the results that are read, all or the not so large ones."""
    large = [] if full else [n for n in sorted(reader.names) if reader.size(n) > bounds.UNREAD]
    _say_all([f"unread     {reader.where(name)}: large: --full reads it" for name in large])
    return sorted(reader.names - set(large))


def archived_record(reader: Reader) -> Record:
    """Return the archived record; raises ConfigError if the current code does not accept it, and
    DataError if it declares far more than the archive holds, or takes too long to read."""
    with TemporaryDirectory() as folder, bounds.planning(len(reader.names)):
        path = Path(folder, CONFIG)
        path.write_bytes(reader.read(CONFIG, bounds.CONFIG))
        try:
            content = yaml.read(path).content
            if isinstance(content, dict) and STUDY in content:  # it would name other files
                raise ConfigError(f"{CONFIG}: {STUDY} has no place in an archive")
            record = load([path], thorough=False)
            bounds.check_plan(record, len(reader.names))
            check_record(record, thorough=True)
        except EmmoeError as error:
            raise ConfigError(str(error).replace(f"{folder}/", "")) from None
        return record


def _scope(record: Record, names: frozenset[str]) -> list[str]:
    """What is there and what is not, of all that a record declares."""
    lines = []
    for held in contents.targets(record, names):
        count = len(held.there) + len(held.missing)
        lines.append(f"{'target':<10} {held.target}: {len(held.there)} of {count} products")
    single = [job for job in contents.jobs(record) if job.kind in ("audit", "report")]
    absent = [f"{job.kind}/{job.name}" for job in single if not contents.files(job).keys() & names]
    return lines + ([f"absent     {', '.join(absent)}"] if absent else [])


def _recompute(asked: Asked, place: Place, record: Record, names: frozenset[str]) -> int:
    """Make so many fits again, and all that is made from runs; print and count what does not
    agree."""
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    fits, others = recompute.archived_fits(record, names)
    chosen = recompute.choose(fits, asked.count, seed)
    without = f"; {len(others)} more need downloads that are not here" if others else ""
    _say(f"recompute  {len(chosen)} of {len(fits)} fits, drawn with --seed {seed}{without}")
    if not chosen:
        _say("no fit could be made again")
        return 1
    wrong = 0
    for outcome in recompute.recompute(place, record, names, chosen, asked.minutes):
        _say(f"{'same' if outcome.same else 'differs':<10} {outcome.line}")
        wrong += not outcome.same
    return wrong


def escaped(text: str) -> str:
    """Return a text in one line of bounded length, with what is not to be printed escaped: control
    characters, marks that reorder text, bytes that are no UTF-8."""
    text = text if len(text) <= bounds.WIDTH else f"{text[: bounds.WIDTH]}..."
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def _say(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    shown = escaped(text).encode(encoding, "backslashreplace").decode(encoding)
    print(shown, flush=True)


def _say_all(lines: list[str]) -> None:
    for line in lines[: bounds.LINES]:
        _say(line)
    if len(lines) > bounds.LINES:
        _say(f"... and {len(lines) - bounds.LINES} more")
