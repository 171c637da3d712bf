"""What an archive's provenance states, every field checked before it is used."""

import json
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from emmoe.archive import bounds
from emmoe.archive.reader import Reader
from emmoe.store.errors import DataError
from emmoe.store.files import CHANGED, json_text
from emmoe.store.provenance import Made

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Pool(Struct, frozen=True):
    """A thread pool of BLAS or OpenMP, as threadpoolctl tells it."""

    internal_api: str
    version: str | None
    architecture: str | None
    num_threads: int | None


class Environment(Struct, frozen=True):
    """Commit, software and machine, as `emmoe.store.provenance.environment` returns them."""

    commit: str | None
    python: str
    versions: dict[str, str]
    cpu: str
    cores: int | None
    blas: list[Pool]


class _Strict(Struct, frozen=True):
    """The fields of `Made` whose types it leaves open, or whose form it does not say."""

    code: Sha256
    settings: Sha256
    inputs: dict[str, Sha256]
    outputs: dict[str, Sha256]
    seconds: Annotated[float, Meta(ge=0, le=1e12)]
    environment: Environment


class Stated(Struct, frozen=True):
    """A provenance file's content, and its environment by field."""

    made: Made
    environment: Environment


def stated(reader: Reader, name: str) -> Stated:
    """Return a provenance file's content; raises DataError, naming it and the field, for what is
    none."""
    where = reader.where(name)
    data = reader.read(name, bounds.JSON)
    bounds.check_json(where, data)
    try:
        content = json.loads(data.decode("utf-8"))
        made, strict = msgspec.convert(content, Made), msgspec.convert(content, _Strict)
    except (ValueError, RecursionError) as error:  # msgspec.ValidationError is a ValueError
        raise DataError(f"{where}: not a provenance file: {error}") from None
    if not made.is_whole() or json_text(msgspec.to_builtins(made)).encode() != data:
        raise DataError(f"{where}: {CHANGED}")
    return Stated(made, strict.environment)
