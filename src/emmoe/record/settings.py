"""Checks a component's settings against the types of its dataclass's fields."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any


class SettingError(ValueError):
    """A value of the wrong type; its first argument is the setting's dotted path."""


def checked(cls: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with whole numbers made floats where the field is a float.

    Raises SettingError for a value that is not of its field's type, or not finite."""
    hints = _hints(cls)
    fields = {field.name for field in dataclasses.fields(cls)}
    return {
        name: _value(name, value, hints[name]) for name, value in settings.items() if name in fields
    }


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(path: str, value: Any, hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(path, value, typing.get_args(hint))
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {
            key: _value(f"{path}.{key}", v, typing.get_args(hint)[1]) for key, v in value.items()
        }
    if origin is tuple and isinstance(value, list | tuple):
        parts = _parts(hint, len(value))
        if len(value) == len(parts):
            return tuple(_value(path, v, part) for v, part in zip(value, parts, strict=True))
    if origin is None and _is(value, hint):
        return float(value) if hint is float else value
    raise SettingError(path, f"must be {_named(hint)}, got {value!r}{_hint(value, hint)}")


def _parts(hint: Any, length: int) -> tuple[Any, ...]:
    """The types of a tuple's parts: its own, or as many as there are of `tuple[float, ...]`."""
    parts = typing.get_args(hint)
    return parts[:1] * length if parts[-1] is Ellipsis else parts


def _one_of(path: str, value: Any, choices: tuple[Any, ...]) -> Any:
    """The value as the first type that takes it; a mapping's own entry is named if it is wrong."""
    for choice in choices:
        try:
            return _value(path, value, choice)
        except SettingError as error:
            if error.args[0] != path:
                raise
    names = " or ".join(_named(choice) for choice in choices)
    raise SettingError(path, f"must be {names}, got {value!r}{_hint(value, float)}")


def _is(value: Any, hint: Any) -> bool:
    if hint is types.NoneType:
        return value is None
    if isinstance(value, bool) or not isinstance(value, (int, float) if hint is float else hint):
        return hint is bool and isinstance(value, bool)
    return not isinstance(value, float) or math.isfinite(value)


def _named(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin is tuple:
        parts = typing.get_args(hint)
        return "a list" if parts[-1] is Ellipsis else f"a list of {len(parts)} numbers"
    if origin is not None:
        return "a mapping"
    names = {int: "a whole number", float: "a finite number", str: "a text", bool: "true or false"}
    return names.get(hint, "null")


def _hint(value: Any, hint: Any) -> str:
    """What YAML makes of 1e-3 surprises everyone."""
    if hint is float and isinstance(value, str) and "e" in value.lower() and "." not in value:
        return " (YAML wants 1.0e-3, with a point)"
    return ""
