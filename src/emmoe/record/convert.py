"""From the mappings of an expanded record to its typed entries."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_args

import msgspec

from emmoe.record.entries import (
    KINDS,
    LIMITS,
    Audit,
    Checksum,
    Component,
    Contest,
    Download,
    Experiment,
    Fitter,
    Folders,
    Probe,
    Product,
    Read,
    ReadKind,
    Record,
    Rival,
)
from emmoe.record.registry import nearest
from emmoe.record.scalars import shown
from emmoe.record.searches import Calibration, Search
from emmoe.record.structs import check_keys, mapping, struct
from emmoe.record.values import Settings, Value
from emmoe.store.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")  # becomes part of files' names
REQUIRED = ("seed", "folders", "experiments", "figures", "tables")
SECTIONS = (
    "seed", "folders", "downloads", "experiments", "contests", "probes", "figures", "tables",
    "findings", "audit", "calibration", "inferred",
)  # fmt: skip
MADE_BY = {"figures": "draw", "tables": "draw", "findings": "find"}
StudyOf = Callable[[str, str], str]
T = TypeVar("T")
Convert = Callable[[str, Mapping[str, Any], Settings], T]


def record_of(content: Mapping[str, Any], study_of: StudyOf) -> Record:
    """Return the typed record of an expanded one; raises ConfigError naming the first mistake."""
    check_keys("config", content, SECTIONS)
    for name in REQUIRED:
        if name not in content:
            raise ConfigError(f"config: '{name}' is missing")
    if not section(content, "experiments"):
        raise ConfigError("experiments: there is none: name one")
    seed = struct(int, content["seed"], "seed")
    if seed < 0:
        raise ConfigError(f"seed: must be at least 0, got {seed}")
    downloads = mapping("downloads", content.get("downloads", {}))
    return Record(
        seed=seed,
        folders=struct(Folders, content["folders"], "folders"),
        downloads={name: _download(f"downloads.{name}", own) for name, own in downloads.items()},
        experiments=_entries(content, "experiments", _experiment, study_of, seed),
        contests=_entries(content, "contests", _contest, study_of, seed),
        probes=_entries(content, "probes", _probe, study_of, seed),
        **{kind: _entries(content, kind, _product, study_of, seed) for kind in KINDS},
        audit=struct(Audit, content.get("audit", {}), "audit"),
        calibration=_calibration(mapping("calibration", content.get("calibration", {}))),
        inferred=struct(dict[str, str], content.get("inferred", {}), "inferred"),
    )


def _download(where: str, entry: Any) -> Download:
    files = mapping(f"{where}.files", mapping(where, entry).get("files", {}))
    known = {name: struct(Checksum, own, f"{where}.files.{name}") for name, own in files.items()}
    return struct(Download, {**entry, "files": known}, where)


def section(content: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    """Return the entries of a section; raises ConfigError for what is no mapping of names."""
    return _named(name, content.get(name, {}))


def _named(where: str, entries: Any) -> list[tuple[str, Any]]:
    for own in mapping(where, entries):
        if not NAME.fullmatch(own):
            said = "use lower case, digits and _, at most 80 of them"
            raise ConfigError(f"{where}: {shown(repr(own))} is no name: {said}")
    return list(entries.items())


def _entries(
    content: Mapping[str, Any], name: str, convert: Convert[T], study_of: StudyOf, seed: int
) -> dict[str, T]:
    found = {}
    for own, entry in section(content, name):
        where = f"{name}.{own}"
        facts: dict[str, Value] = {"name": own, "study": study_of(name, own)}
        for fact in facts:
            if fact in mapping(where, entry):
                raise ConfigError(f"{where}: unknown setting {fact!r}")
        if name in ("experiments", "contests"):
            facts["seed"] = seed
        found[own] = convert(where, entry, facts)
    return found


def _experiment(where: str, entry: Mapping[str, Any], facts: Settings) -> Experiment:
    own = _with_components(where, entry) | {"fitters": _fitters(where, entry, "fitters", Fitter)}
    return struct(Experiment, dict(facts) | own, where)


def _contest(where: str, entry: Mapping[str, Any], facts: Settings) -> Contest:
    if "seed" in entry:
        raise ConfigError(f"{where}: unknown setting 'seed'")
    own = _with_components(where, entry) | {"rivals": _fitters(where, entry, "rivals", Rival)}
    return struct(Contest, dict(facts) | own, where)


def _probe(where: str, entry: Mapping[str, Any], facts: Settings) -> Probe:
    fitters = {"fitters": _fitters(where, {"fitters": {}, **entry}, "fitters", Fitter)}
    return struct(Probe, dict(facts) | dict(entry) | fitters, where)


def _product(where: str, entry: Mapping[str, Any], facts: Settings) -> Product:
    kind = where.partition(".")[0]
    maker = MADE_BY[kind]
    for name in (maker, "target", "reads"):
        if name not in entry:
            raise ConfigError(f"{where}: '{name}' is missing")
    own = {key: value for key, value in entry.items() if key not in (maker, "reads")}
    own |= {"kind": kind, "module": struct(str, entry[maker], f"{where}.{maker}")}
    own |= {"reads": _reads(f"{where}.reads", entry["reads"])}
    return struct(Product, dict(facts) | own, where)


def _reads(where: str, entry: Any) -> dict[str, Read]:
    """`{kind: name}` reads a table as the argument named like its kind; `{kind: {argument: name}}`
    names the arguments."""
    found: dict[str, Read] = {}
    for kind, named in mapping(where, entry).items():
        if kind not in get_args(ReadKind):
            raise ConfigError(f"{where}: no {kind!r} to read{nearest(kind, get_args(ReadKind))}")
        own = named if isinstance(named, dict) else {kind: named}
        for argument, name in own.items():
            if argument in found:
                raise ConfigError(f"{where}.{kind}: {argument!r} is read twice: rename one")
            found[argument] = Read(kind, struct(str, name, f"{where}.{kind}.{argument}"))
    if not found:
        raise ConfigError(f"{where}: nothing is read: name a table")
    return found


def _calibration(entry: Mapping[str, Any]) -> Calibration:
    own = {name: entry[name] for name in ("level", "fresh") if name in entry}
    families = {
        name: struct(Search, search, f"calibration.{name}")
        for name, search in entry.items()
        if name not in own
    }
    return msgspec.structs.replace(struct(Calibration, own, "calibration"), families=families)


def _with_components(where: str, entry: Mapping[str, Any]) -> dict[str, Value | Component]:
    own = dict(entry)
    for part in ("model", "data", "start"):
        if part not in entry:
            raise ConfigError(f"{where}: '{part}' is missing")
        own[part] = component(f"{where}.{part}", entry[part])
    return own


def component(where: str, entry: Any) -> Component:
    """Return a component from its name and settings in one mapping."""
    settings = dict(mapping(where, entry))
    if "name" not in settings:
        raise ConfigError(f"{where}: 'name' is missing")
    return Component(struct(str, settings.pop("name"), f"{where}.name"), settings)


def _fitters(where: str, entry: Mapping[str, Any], name: str, kind: type[T]) -> dict[str, T]:
    if name not in entry:
        raise ConfigError(f"{where}: '{name}' is missing")
    limits = ("doublings",) if kind is Rival else LIMITS
    found = {}
    for fitter, settings in _named(f"{where}.{name}", entry[name]):
        place = f"{where}.{name}.{fitter}"
        found[fitter] = struct(kind, _fitter(place, mapping(place, settings), limits), place)
    return found


def _fitter(where: str, settings: Settings, limits: Iterable[str]) -> dict[str, Value]:
    if "algorithm" not in settings:
        raise ConfigError(f"{where}: 'algorithm' is missing")
    apart = ("algorithm", *limits)
    rest = {key: value for key, value in settings.items() if key not in apart}
    return {key: settings[key] for key in apart if key in settings} | {"settings": rest}
