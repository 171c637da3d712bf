"""A value of the record as a type, or one line: the setting, what it must be, what it is."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from emmoe.record.registry import nearest
from emmoe.record.scalars import CONTROL, odd, shown
from emmoe.store.errors import ConfigError

SIZES = 1e-30, 1e30  # of a number but zero: beyond, products of a few overflow or vanish
LONGEST = 500  # characters of a number that a message repeats
WORDS = {
    "int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false",
    "object": "a mapping", "array": "a list", "null": "null",
}  # fmt: skip


def mapping(where: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping; raises ConfigError, naming where it stands, for what is none."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: must be a mapping, got {value!r}")
    return value


def check_keys(where: str, entry: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise ConfigError, suggesting the nearest, for a key that there is not."""
    for key in entry:
        if key not in known:
            raise ConfigError(f"{where}: unknown setting {key!r}{nearest(key, known)}")


def check_values(where: str, node: Any) -> None:
    """Raise ConfigError for a name anywhere that is no text in one line, for a text with control
    characters, and for a number that is not finite, vanishing or huge."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(node, dict):
                _check_name(where or "config", key)
            check_values(f"{where}.{key}" if where else str(key), value)
    elif isinstance(node, str) and CONTROL.search(node):
        raise ConfigError(f"{where}: {shown(node)} holds a control character: take it out")
    elif isinstance(node, int | float) and node != 0 and not SIZES[0] <= abs(node) <= SIZES[1]:
        smallest, largest = SIZES
        said = f"must be 0 or within {smallest:g} and {largest:g} in size"
        raise ConfigError(f"{where}: {said}, got {shown(node, LONGEST)}")


def _check_name(where: str, name: Any) -> None:
    if not isinstance(name, str):
        raise ConfigError(f"{where}: the name {shown(name)} must be a text")
    if odd(name):
        said = "holds a control character or a line break: take it out"
        raise ConfigError(f"{where}: the name {shown(name)} {said}")


def struct(kind: Any, value: Any, where: str) -> Any:
    """Return a value as a type; raises ConfigError, naming the setting and what it is."""
    fields = getattr(kind, "__struct_fields__", None)
    if fields is not None:
        check_keys(where, mapping(where, value), fields)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(_message(str(error), value, where, kind)) from None


def _message(said: str, value: Any, where: str, kind: Any) -> str:
    """A line in our words: the setting, what it must be, what it is."""
    said, place = re.fullmatch(r"(.*?)(?: - at `((?:key` in `)?\$[^`]*)`)?", said, re.S).groups("")
    value, steps = _named(_steps(place), value, kind)
    dotted, found = _followed(steps, value)
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        return f"{where}{dotted}: '{missing[1]}' is missing"
    own = _type(inspect.type_info(kind), steps)
    if unknown := re.match(r"Object contains unknown field `(.*)`", said):
        fields = [field.name for one in own for field in getattr(one, "fields", ())]
        return f"{where}{dotted}: unknown setting {unknown[1]!r}{nearest(unknown[1], fields)}"
    if named := re.fullmatch(r"Invalid enum value '?(.*?)'?", said, re.S):
        if place.startswith("key"):
            own = [one.key_type for one in own if isinstance(one, inspect.DictType)]
        return f"{where}{dotted}: no such choice {shown(named[1])!r}{_known(named[1], own)}"
    wanted = re.sub(r", got `.*`$", "", said.removeprefix("Expected "))
    wanted = re.sub(r"`([\w |]+)`", lambda m: _worded(m[1]), wanted)
    text = shown(found, LONGEST) if isinstance(found, dict | list | tuple) else repr(found)
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return f"{where}{dotted}: must be {wanted}, got {text}{_hint(found)}"


def _named(
    steps: list[tuple[str, str]], value: Any, kind: Any
) -> tuple[Any, list[tuple[str, str]]]:
    """The steps with the names that msgspec leaves out of mappings, found by trying each entry
    alone, and the value with that entry alone there."""
    value, steps = msgspec.to_builtins(value), list(steps)
    for at, (_, index) in enumerate(steps):
        inside = _followed(steps[:at], value)[1]
        if index != "..." or not isinstance(inside, dict):
            continue
        for name in inside:
            alone = _with(value, [a or int(b) for a, b in steps[:at]], {name: inside[name]})
            try:
                msgspec.convert(alone, kind)
            except msgspec.ValidationError:
                value, steps[at] = alone, (name, "")
                break
    return value, steps


def _with(value: Any, steps: list[str | int], inside: Any) -> Any:
    """A copy of a value with something else where the steps lead."""
    if not steps:
        return inside
    copied = list(value) if isinstance(value, list | tuple) else dict(value)
    copied[steps[0]] = _with(copied[steps[0]], steps[1:], inside)
    return copied


def _worded(types: str) -> str:
    """The types that msgspec names, "int | null", in words."""
    return " or ".join(WORDS.get(name, name) for name in types.split(" | "))


def _type(kind: inspect.Type, steps: list[tuple[str, str]]) -> list[inspect.Type]:
    """The types that a value may have where some steps lead."""
    own = list(getattr(_bare(kind), "types", [_bare(kind)]))
    for name, index in steps:
        inner = [t for one in own for t in _inside(_bare(one), name, index)]
        own = [t for one in inner for t in getattr(_bare(one), "types", [_bare(one)])]
    return own


def _inside(kind: inspect.Type, name: str, index: str) -> list[inspect.Type]:
    """The types of what a type holds at a step."""
    if isinstance(kind, inspect.StructType):
        return [field.type for field in kind.fields if field.name == name]
    if isinstance(kind, inspect.DictType):
        return [kind.value_type]
    items = getattr(kind, "item_types", None) or [getattr(kind, "item_type", None)]
    return [one for one in items if one is not None] if index else []


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


OTHERS = {
    inspect.FloatType: WORDS["float"], inspect.IntType: WORDS["int"],
    inspect.DictType: WORDS["object"], inspect.StructType: WORDS["object"],
}  # fmt: skip


def _known(name: str, kinds: Iterable[inspect.Type]) -> str:
    """The nearest of the words of literal types or all of them, and what else is taken there."""
    words = [str(v) for one in kinds if isinstance(one, inspect.LiteralType) for v in one.values]
    others = [OTHERS[type(one)] for one in kinds if type(one) in OTHERS]
    return nearest(name, words) + (f" (or {' or '.join(others)})" if others else "")


def _steps(place: str) -> list[tuple[str, str]]:
    """The steps of a path as msgspec writes it, names of mappings unknown."""
    return re.findall(r"\.(\w+)|\[(\.\.\.|\d+)\]", place.partition("$")[2])


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
