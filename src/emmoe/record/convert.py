"""From the mappings of an expanded record to its typed entries."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

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
from emmoe.record.searches import Calibration, Search
from emmoe.record.values import Settings
from emmoe.store.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9_]*")
SIZES = 1e-30, 1e30  # of a number but zero: beyond, products of a few overflow or vanish
REQUIRED = ("seed", "folders", "experiments", "figures", "tables")
SECTIONS = (
    "seed", "folders", "downloads", "experiments", "contests", "probes", "figures", "tables",
    "findings", "audit", "calibration", "inferred",
)  # fmt: skip
MADE_BY = {"figures": "draw", "tables": "draw", "findings": "find"}
WORDS = {
    "int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false",
    "object": "a mapping", "array": "a list", "null": "null",
}  # fmt: skip
StudyOf = Callable[[str, str], str]


def record_of(content: Mapping[str, Any], study_of: StudyOf) -> Record:
    """Return the typed record of an expanded one; raises ConfigError naming the first mistake."""
    _check_numbers("", content)
    _check_keys("config", content, SECTIONS)
    for name in REQUIRED:
        if name not in content:
            raise ConfigError(f"config: '{name}' is missing")
    if not section(content, "experiments"):
        raise ConfigError("experiments: there is none: name one")
    seed = struct(int, content["seed"], "seed")
    if seed < 0:
        raise ConfigError(f"seed: must be at least 0, got {seed}")
    downloads = _mapping("downloads", content.get("downloads", {}))
    return Record(
        seed=seed,
        folders=struct(Folders, content["folders"], "folders"),
        downloads={name: _download(f"downloads.{name}", own) for name, own in downloads.items()},
        experiments=_entries(content, "experiments", _experiment, study_of, seed),
        contests=_entries(content, "contests", _contest, study_of, seed),
        probes=_entries(content, "probes", _probe, study_of, seed),
        **{kind: _entries(content, kind, _product, study_of, seed) for kind in KINDS},
        audit=struct(Audit, content.get("audit", {}), "audit"),
        calibration=_calibration(_mapping("calibration", content.get("calibration", {}))),
        inferred=struct(dict[str, str], content.get("inferred", {}), "inferred"),
    )


def _download(where: str, entry: Any) -> Download:
    files = _mapping(f"{where}.files", _mapping(where, entry).get("files", {}))
    known = {name: struct(Checksum, own, f"{where}.files.{name}") for name, own in files.items()}
    return struct(Download, {**entry, "files": known}, where)


def section(content: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    """Return the entries of a section; raises ConfigError for what is no mapping of names."""
    return _named(name, content.get(name, {}))


def _named(where: str, entries: Any) -> list[tuple[str, Any]]:
    for own in _mapping(where, entries):
        if not NAME.fullmatch(own):
            raise ConfigError(f"{where}: {own!r} is no name: use lower case, digits and _")
    return list(entries.items())


def _entries(
    content: Mapping[str, Any], name: str, convert: Callable, study_of: StudyOf, seed: int
) -> dict[str, Any]:
    found = {}
    for own, entry in section(content, name):
        where = f"{name}.{own}"
        facts: dict[str, Any] = {"name": own, "study": study_of(name, own)}
        for fact in facts:
            if fact in _mapping(where, entry):
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
    for kind, named in _mapping(where, entry).items():
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
    own = {"level": entry["level"]} if "level" in entry else {}
    families = {
        name: struct(Search, search, f"calibration.{name}")
        for name, search in entry.items()
        if name != "level"
    }
    return msgspec.structs.replace(struct(Calibration, own, "calibration"), families=families)


def _with_components(where: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    own = dict(entry)
    for part in ("model", "data", "start"):
        if part not in entry:
            raise ConfigError(f"{where}: '{part}' is missing")
        own[part] = component(f"{where}.{part}", entry[part])
    return own


def component(where: str, entry: Any) -> Component:
    """Return a component from its name and settings in one mapping."""
    settings = dict(_mapping(where, entry))
    if "name" not in settings:
        raise ConfigError(f"{where}: 'name' is missing")
    return Component(struct(str, settings.pop("name"), f"{where}.name"), settings)


def _fitters(where: str, entry: Mapping[str, Any], name: str, kind: type) -> dict[str, Any]:
    if name not in entry:
        raise ConfigError(f"{where}: '{name}' is missing")
    limits = ("doublings",) if kind is Rival else LIMITS
    found = {}
    for fitter, settings in _named(f"{where}.{name}", entry[name]):
        place = f"{where}.{name}.{fitter}"
        found[fitter] = struct(kind, _fitter(place, _mapping(place, settings), limits), place)
    return found


def _fitter(where: str, settings: Mapping[str, Any], limits: Iterable[str]) -> dict[str, Any]:
    if "algorithm" not in settings:
        raise ConfigError(f"{where}: 'algorithm' is missing")
    apart = ("algorithm", *limits)
    rest = {key: value for key, value in settings.items() if key not in apart}
    return {key: settings[key] for key in apart if key in settings} | {"settings": rest}


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: must be a mapping, got {value!r}")
    return value


def _check_keys(where: str, entry: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in entry:
        if key not in known:
            raise ConfigError(f"{where}: unknown setting {key!r}{nearest(key, known)}")


def _check_numbers(where: str, node: Any) -> None:
    """Raise ConfigError for a number anywhere that is not finite, vanishing or huge."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(node, dict) and not isinstance(key, str):
                raise ConfigError(f"{where or 'config'}: the name {key!r} must be a text")
            _check_numbers(f"{where}.{key}" if where else str(key), value)
    elif isinstance(node, int | float) and node != 0 and not SIZES[0] <= abs(node) <= SIZES[1]:
        smallest, largest = SIZES
        raise ConfigError(
            f"{where}: must be 0 or within {smallest:g} and {largest:g} in size, got {node!r}"
        )


def struct(kind: Any, value: Any, where: str) -> Any:
    """Return a value as a type; raises ConfigError, naming the setting and what it is."""
    fields = getattr(kind, "__struct_fields__", None)
    if fields is not None:
        _check_keys(where, _mapping(where, value), fields)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(_message(str(error), value, where)) from None


def _message(said: str, value: Any, where: str) -> str:
    """A line in our words: the setting, what it must be, what it is."""
    said, _, place = said.partition(" - at `$")
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        return f"{where}{_followed(_steps(place), value)[0]}: '{missing[1]}' is missing"
    dotted, found = _followed(_steps(place), value)
    wanted = re.sub(r", got `.*`$", "", said.removeprefix("Expected "))
    wanted = re.sub(r"`(\w+)( \| null)?`", lambda m: WORDS.get(m[1], m[1]) + (m[2] or ""), wanted)
    wanted = wanted.removeprefix("Invalid enum value ").strip()
    return f"{where}{dotted}: must be {wanted}, got {found!r}{_hint(found)}"


def _steps(place: str) -> list[tuple[str, str]]:
    """The steps of a path as msgspec writes it, names of mappings unknown."""
    return re.findall(r"\.(\w+)|\[(\.\.\.|\d+)\]", place.rstrip("`"))


def _followed(steps: list[tuple[str, str]], value: Any) -> tuple[str, Any]:
    """The dotted path of the steps, and the value there, as far as both are known."""
    dotted = ""
    for name, index in steps:
        value = msgspec.to_builtins(value) if hasattr(value, "__struct_fields__") else value
        if index == "..." or not isinstance(value, dict | list | tuple):
            return dotted, value
        value = value[int(index)] if index else value.get(name)
        dotted += f".{name or index}"
    return dotted, value


def _hint(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+e[-+]?\d+", value, re.I):
        return " (written in quotes)"
    return ""
