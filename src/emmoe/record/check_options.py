"""Checks that a function takes what the record gives it: its arguments by name, options by type."""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from emmoe.record.registry import nearest
from emmoe.store.errors import ConfigError


def check_call(
    where: str, function: Callable, given: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Raise ConfigError unless a function takes these arguments and options, and needs no more."""
    parameters = inspect.signature(function).parameters
    named = {n for n, p in parameters.items() if p.kind is not p.VAR_KEYWORD}
    open_ended = len(named) < len(parameters)
    for name in (*given, *options):
        if name not in named and not open_ended:
            place = f"{where}.{'options' if name in options else 'reads'}"
            raise ConfigError(f"{place}: {_file(function)} takes no {name!r}{nearest(name, named)}")
        if name in given and name in options:
            raise ConfigError(f"{where}.options.{name}: is what it reads: rename one")
    for name in named - set(given) - set(options):
        if parameters[name].default is inspect.Parameter.empty:
            raise ConfigError(f"{where}: {_file(function)} needs {name!r}: read it or set it")
    hints = typing.get_type_hints(function)
    for name, value in options.items():
        _check_type(f"{where}.options.{name}", value, hints.get(name, Any))


def _file(function: Callable) -> str:
    return function.__module__.removeprefix("emmoe.").replace(".", "/")


def _check_type(where: str, value: Any, hint: Any) -> None:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        said = str(error).partition(" - at ")[0].removeprefix("Expected ").partition(", got")[0]
        raise ConfigError(f"{where}: must be {said.replace('`', '')}, got {value!r}") from None
    except TypeError:
        pass  # an annotation that says nothing about what YAML can hold
