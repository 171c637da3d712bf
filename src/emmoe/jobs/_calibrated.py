"""What a kept calibration was made from, and whether that is what stands there now."""

import csv
from pathlib import Path

import msgspec
from msgspec import Struct

from emmoe.calibration.family import Family, families
from emmoe.evidence.reported import READINGS
from emmoe.jobs.calibrate import FITTERS
from emmoe.record.entries import Record
from emmoe.store import files, provenance
from emmoe.store.code import code_hash
from emmoe.store.errors import DataError
from emmoe.store.layout import CLAIMS


class Stamp(Struct, frozen=True):
    """SHA-256 of the readings that scores, acceptance and bands were made from, and by family of
    the settings that were searched and of the code that simulated them."""

    claims: str
    settings: dict[str, str]
    code: dict[str, str]


def stamp(searched: dict[str, Family]) -> Stamp:
    """Return the stamp of what stands there now."""
    return Stamp(
        _readings(),
        {name: provenance.digest(msgspec.to_builtins(own)) for name, own in searched.items()},
        {name: _code(own) for name, own in searched.items()},
    )


def _readings() -> str:
    """The digest of the rows of the claims that are points of a curve or of a table, as text."""
    with Path(CLAIMS).open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("kind") in READINGS]
    return provenance.digest(rows)


def _code(own: Family) -> str:
    """The hash of what simulates; how simulations are scored is no part of them."""
    parts = (("models", own.base.model), ("datasets", own.base.data), ("starts", own.base.start))
    return code_hash(
        "emmoe.calibration.simulate",
        "emmoe.calibration.space",
        *(f"emmoe.{folder}.{part.name}" for folder, part in parts),
        *(f"emmoe.fitters.{name}" for name in FITTERS),
        *(["emmoe.calibration.wider"] if own.search.halving else []),
    )


def stale(record: Record, kept: str) -> dict[str, str]:
    """Return by family why its kept simulations are stale, and under "claims" that these were
    edited since; kept: the path of the stamp, without which nothing is stale that is not there."""
    searched = families(record)
    if not searched or not Path(kept).is_file():
        return {}
    try:
        before, now = msgspec.convert(files.read_json(kept), Stamp), stamp(searched)
    except msgspec.ValidationError:
        raise DataError(f"{kept}: {files.CHANGED}") from None
    found = {}
    for name in searched:
        if before.settings.get(name) != now.settings[name]:
            found[name] = f"the search of {name} has other settings now: run make calibrate"
        elif before.code.get(name) != now.code[name]:
            found[name] = f"other code simulated {name}: run make calibrate"
    if before.claims != now.claims:
        found["claims"] = (
            f"{CLAIMS} was edited after the calibration: what it simulated to the end was scored "
            "anew; settings that it had dropped before were not"
        )
    return found
