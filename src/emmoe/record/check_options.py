"""Checks that a function takes what the record gives it: its arguments by name, options by type.

An option's texts may be marked as names (`emmoe.record.reads`); lists of names hold none twice.
"""

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from emmoe.record.entries import Contest, Product, Read, Record
from emmoe.record.reads import Clock, Declared, Rival
from emmoe.record.registry import nearest
from emmoe.record.structs import struct
from emmoe.store.errors import ConfigError


def check_call(
    where: str, function: Callable, given: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Raise ConfigError unless a function takes these arguments and options, and needs no more."""
    parameters = inspect.signature(function).parameters
    named = {n for n, p in parameters.items() if p.kind is not p.VAR_KEYWORD}
    open_ended = len(named) < len(parameters)
    for name in options:
        if name not in named:
            said = f"{file_of(function)} takes no {name!r}{nearest(name, named - set(given))}"
            raise ConfigError(f"{where}.options: {said}")
        if name in given:
            raise ConfigError(f"{where}.options.{name}: is what it reads: rename one")
    for name in given:
        if name not in named and not open_ended:
            said = f"{file_of(function)} takes no {name!r}{nearest(name, named)}"
            raise ConfigError(f"{where}.reads: {said}")
    for name in sorted(named - set(given) - set(options)):
        if parameters[name].default is inspect.Parameter.empty:
            raise ConfigError(f"{where}: {file_of(function)} needs {name!r}: read it or set it")
    hints = hints_of(function)
    for name, value in options.items():
        _check_type(f"{where}.options.{name}", value, hints.get(name, Any))


def file_of(function: Callable) -> str:
    """Return where a function stands, as messages name it: figures/bounds."""
    return function.__module__.removeprefix("emmoe.").replace(".", "/")


def hints_of(function: Callable) -> dict[str, Any]:
    """Return a function's annotations with their marks."""
    return typing.get_type_hints(function, include_extras=True)


def _check_type(where: str, value: Any, hint: Any) -> None:
    with suppress(TypeError):  # of an annotation that says nothing about what YAML can hold
        struct(hint, value, where)
    if isinstance(value, list):
        twice = next((own for i, own in enumerate(value) if own in value[:i]), None)
        if twice is not None:
            raise ConfigError(f"{where}: {twice!r} stands twice: take one out")


def marks(hint: Any) -> Iterator[Any]:
    """Yield the marks of an annotation, at any depth."""
    yield from getattr(hint, "__metadata__", ())
    for part in typing.get_args(hint):
        yield from marks(part)


def check_marked(record: Record, where: str, entry: Product, function: Callable) -> None:
    """Raise ConfigError for an option, given or by default, whose values are not what its marks
    say: rivals, targets and currencies of the contests that the product reads."""
    read = [own for own in entry.reads.values() if own.kind in ("costs", "seconds")]
    contests = {own.name: record.contests[own.name] for own in read}
    parameters, hints = inspect.signature(function).parameters, hints_of(function)
    for name, parameter in parameters.items():
        value = entry.options.get(name, parameter.default)
        place = f"{where}.options.{name}"
        for mark in marks(hints.get(name)) if contests else ():
            if isinstance(mark, Rival):
                _check_rivals(place, mark, _names(value), contests, entry)
            elif isinstance(mark, Declared):
                _check_targets(place, value, contests)
            elif isinstance(mark, Clock) and "cpu_seconds" in _names(value):
                _check_clocks(place, read)


def _check_clocks(where: str, read: Iterable[Read]) -> None:
    if any(own.kind == "costs" for own in read):
        raise ConfigError(f"{where}: costs have no cpu_seconds: read the contests' seconds")


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _check_rivals(
    where: str, mark: Rival, names: tuple[str, ...], contests: Mapping[str, Contest], entry: Product
) -> None:
    own = {contest: set(entry.rivals) for contest, entry in contests.items()}
    known = set.intersection(*own.values()) if mark.each else set.union(*own.values())
    for name in names:
        if name not in known:
            of = f"every one of {', '.join(own)}" if mark.each else f"any of {', '.join(own)}"
            raise ConfigError(f"{where}: no rival {name!r} in {of}{nearest(name, known)}")
        if mark.shown and name not in entry.curves:
            raise ConfigError(f"{where}: {name} has no label: add it to the curves")


def _check_targets(where: str, targets: Mapping[str, Any], contests: Mapping[str, Contest]) -> None:
    for name, width in targets.items():
        for contest, own in contests.items():
            if own.targets.get(name) != width:
                said = f"{contest} has no target {name} of {width}"
                raise ConfigError(f"{where}.{name}: {said}: its steps are not tuned for it")
