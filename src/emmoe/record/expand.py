"""Expands a record: `extends`, `each` and `comparisons` become the plain entries they stand for.

A pure function of mappings, applied before anything is checked. Of every entry that it makes,
`origins` tells the one that the user wrote.
"""

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from msgspec import Struct

from emmoe.record.registry import nearest
from emmoe.record.structs import mapping, struct
from emmoe.store.errors import ConfigError

Mapped = dict[str, Any]
SECTIONS = ("experiments", "contests", "comparisons", "probes", "figures", "tables", "findings")
CURRENCIES = {
    "iterations": "iteration",
    "passes": "passes",
    "flops": "flops",
    "seconds": "cpu_seconds",
}
COUNTED = ("iteration", "passes", "flops")  # what no clock measures
TABLES = (*CURRENCIES, "overhead", "verdicts", "verdicts_seconds", "profile")
POINTS = 1000  # of one entry's `each`


class Comparison(Struct, frozen=True):
    """A figure of some contests, and tables of them (tables: which), one a currency among them.

    of: contests by the names that products show; judged: the methods set against all others;
    family: their relatives; epochs: whose iterations are epochs."""

    target: str
    of: dict[str, str]
    curves: dict[str, str]
    judged: tuple[str, ...] = ("em",)
    family: tuple[str, ...] = ()
    epochs: tuple[str, ...] = ()
    tables: tuple[str, ...] = TABLES


class Expanded(NamedTuple):
    """The plain record, and where what it holds was written: (section, name) -> dotted path."""

    content: Mapped
    origins: dict[tuple[str, str], str]


def expand(written: Mapping[str, Any]) -> Expanded:
    """Return a record with all written out; raises ConfigError, naming what the user wrote."""
    content = copy.deepcopy(dict(written))
    for section in SECTIONS:
        entries = content.get(section)
        if isinstance(entries, dict):
            content[section] = {n: _extended(section, entries, n, ()) for n in entries}
    origins: dict[tuple[str, str], str] = {}
    for section in ("figures", "tables"):
        if isinstance(content.get(section), dict):
            content[section] = dict(_each(section, content[section], origins))
    comparisons = mapping("comparisons", content.pop("comparisons", {}))
    for name, own in comparisons.items():
        for section, made, entry in _compared(name, own, content):
            if made in mapping(section, content.setdefault(section, {})):
                raise ConfigError(f"comparisons.{name}: makes {section}.{made}, which is there")
            content[section][made] = entry
            origins[section, made] = f"comparisons.{name}"
    return Expanded(content, origins)


def _extended(section: str, entries: Mapped, name: str, above: tuple[str, ...]) -> Any:
    """An entry over the one that it extends."""
    own = entries[name]
    if not isinstance(own, dict) or "extends" not in own:
        return own
    where, base = f"{section}.{name}.extends", own["extends"]
    if base in (*above, name):
        raise ConfigError(f"{where}: a cycle, {' -> '.join([*above, name, str(base)])}")
    if not isinstance(base, str) or base not in entries:
        kind = section.removesuffix("s")
        raise ConfigError(f"{where}: no {kind} named {base!r}{nearest(base, entries)}")
    whole = _extended(section, entries, base, (*above, name))
    mapping(f"{section}.{base}", whole)
    rest = {key: value for key, value in own.items() if key != "extends"}
    return merged(whole, rest, f"{section}.{name}")


def merged(base: Any, over: Any, where: str) -> Any:
    """Return a value with another laid over it, mapping by mapping; null takes an entry out.

    Raises ConfigError, naming `where`, where a mapping meets what is none."""
    if isinstance(base, dict) and isinstance(over, dict):
        found = dict(base)
        for key, value in over.items():
            if value is None and key in base:
                del found[key]
            elif key in base:
                found[key] = merged(base[key], value, f"{where}.{key}".lstrip("."))
            else:
                found[key] = copy.deepcopy(value)
        return found
    if isinstance(over, dict) and isinstance(base, list | str) and base:
        raise ConfigError(f"{where}: a mapping over {base!r}: write the whole setting anew")
    return copy.deepcopy(over)


def _each(section: str, entries: Mapped, origins: dict) -> Iterator[tuple[str, Any]]:
    """The entries of a section, those with `each` once per point of the cross product."""
    for name, entry in entries.items():
        if not isinstance(entry, dict) or "each" not in entry:
            yield name, entry
            continue
        where, axes = f"{section}.{name}.each", entry["each"]
        values = [_values(f"{where}.{axis}", own) for axis, own in mapping(where, axes).items()]
        if math.prod(map(len, values)) > POINTS:
            raise ConfigError(f"{where}: makes more than {POINTS} entries: use fewer values")
        given = mapping(f"{section}.{name}.options", entry.get("options", {}))
        for point in product(*values):
            made = "_".join([name, *(label for label, _ in point)])
            if made in entries:
                raise ConfigError(f"{where}: makes {section}.{made}, which is there: rename one")
            own = {key: value for key, value in entry.items() if key != "each"}
            options = dict(zip(axes, (value for _, value in point), strict=True))
            origins[section, made] = f"{section}.{name}"
            yield made, own | {"options": given | options}


def _values(where: str, axis: Any) -> list[tuple[str, Any]]:
    """The values of an axis with their parts of a name."""
    if not isinstance(axis, list | dict) or not axis:
        raise ConfigError(f"{where}: must be a list, or a mapping of names to values, not empty")
    pairs = axis.items() if isinstance(axis, dict) else ((str(value), value) for value in axis)
    return list(pairs)


def _compared(name: str, written: Any, content: Mapped) -> Iterator[tuple[str, str, Mapped]]:
    """The figure and the tables of a comparison: (section, name, entry)."""
    where = f"comparisons.{name}"
    own = struct(Comparison, written, where)
    targets = _targets(where, own, content)
    options = {"targets": targets, "em": list(own.judged)}
    yield "figures", name, _entry(own, "cost_curves", "seconds", options)
    for part in _parts(f"{where}.tables", own.tables, (*TABLES, "all", "accuracy")):
        yield "tables", name if part == "all" else f"{name}_{part}", _table(own, part, targets)


def _parts(where: str, parts: Iterable[str], known: Iterable[str]) -> Iterable[str]:
    for part in parts:
        if part not in known:
            raise ConfigError(f"{where}: no {part!r}{nearest(part, known)}")
    return parts


def _targets(where: str, own: Comparison, content: Mapped) -> Mapped:
    """The targets of the contests that are compared, which must be the same."""
    contests, found = mapping("contests", content.get("contests", {})), []
    for name in own.of.values():
        if name not in contests:
            raise ConfigError(f"{where}.of: no contest named {name!r}{nearest(name, contests)}")
        contest = mapping(f"contests.{name}", contests[name])
        found.append(mapping(f"contests.{name}.targets", contest.get("targets")))
    if not found or any(targets != found[0] for targets in found):
        raise ConfigError(f"{where}.of: the contests must have the same targets")
    return found[0]


def _rows(part: str) -> str:
    return "seconds" if part.endswith("seconds") else "costs"


def _entry(own: Comparison, module: str, rows: str, options: Mapped) -> Mapped:
    entry = {"draw": module, "target": own.target, "reads": {rows: dict(own.of)}}
    return entry | {"curves": dict(own.curves), "options": options}


def _table(own: Comparison, part: str, targets: Mapped) -> Mapped:
    if part == "accuracy":
        return _entry(own, "stopped_early", "costs", {})
    if part == "overhead":
        return _entry(own, "pass_overhead", "seconds", {})
    if part == "profile":
        options = {"targets": targets, "currencies": list(CURRENCIES.values())}
        return _entry(own, "profiles", "seconds", options)
    counted = part in ("all", "verdicts")
    currencies = list(COUNTED) if counted else [CURRENCIES[part.removeprefix("verdicts_")]]
    options = {"targets": targets, "currencies": currencies}
    if not part.startswith("verdicts"):
        return _entry(own, "comparison", _rows(part), options)
    options |= {"em": list(own.judged), "family": list(own.family), "epochs": list(own.epochs)}
    return _entry(own, "comparison_verdicts", _rows(part), options)
