"""Reads YAML 1.2 with the place of every setting, so that a message names what to mend.

Refused, in one line with file, line and column: tags, names that are no text or stand twice,
control characters, aliases that form a cycle or grow, and scalars that other readers take for
something else (`emmoe.record.scalars`). The nodes come from libyaml: a loader that is Python
throughout (ruamel.yaml) takes 0.3 s for the record, this one 0.03 s.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from emmoe.record.scalars import CONTROL, FLOAT, INTEGER, TAG, odd, plain, shown
from emmoe.record.values import Value
from emmoe.store.errors import ConfigError

Keys = tuple[str, ...]
NODES = 200_000  # of a file, aliases written out
DEPTH = 40
BYTES = 5_000_000
MERGE = "<<"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Place(NamedTuple):
    """Where in a file something stands, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True)
class Document:
    """A file's content, and the place of every setting by its keys."""

    content: Any
    places: Mapping[Keys, Place]


def read(path: Path | str) -> Document:
    """Return a YAML file's content with its places; raises ConfigError for a mistake in its form.

    The message begins with file, line and column, where there are any."""
    try:
        text = _text(path)
        _check_form(path, text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        said = ": ".join(filter(None, [error.context, error.problem]))
        raise _mistake(path, error.problem_mark or error.context_mark, said) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from None
    builder = _Builder(path)
    return Document(builder.build(node, (), ()) if node else None, builder.places)


def _text(path: Path | str) -> str:
    try:
        with open(path, "rb") as stream:
            data = stream.read(BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if len(data) > BYTES:
        raise ConfigError(f"{path}: more than {BYTES // 10**6} MB: not a config")
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8: save it in that encoding") from None


def _check_form(path: Path | str, text: str) -> None:
    """Raise ConfigError for tags, and for what is nested too deeply to be composed (libyaml's
    composer, which recurses, would end the process)."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise _mistake(path, event.start_mark, f"nested in more than {DEPTH} others")
        if tag := getattr(event, "tag", None):
            own = tag.replace(TAG, "!!")
            raise _mistake(path, event.start_mark, f"{shown(own)}: tags are not read here: drop it")


def _mistake(path: Path | str, mark: yaml.Mark, said: str) -> ConfigError:
    place = Place(mark.line + 1, mark.column + 1)
    return ConfigError(f"{path}, {place}: {' '.join(said.split())}")


class _Dumper(yaml.SafeDumper):
    """Writes texts that are numbers in version 1.2 only, as 1e-3, in quotes."""


for pattern in (FLOAT, INTEGER):
    whole = re.compile(rf"(?:{pattern.pattern})\Z")
    _Dumper.add_implicit_resolver(f"{TAG}float", whole, [*"-+.0123456789"])


def dump(content: Any) -> str:
    """Return content as YAML that readers of either version take for the same."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Builder:
    """Builds values from a file's nodes, and notes their places."""

    def __init__(self, path: Path | str):
        self.path, self.places, self.count = path, {}, 0

    def build(self, node: yaml.Node, at: Keys, above: tuple[yaml.Node, ...]) -> Any:
        """Return a node's value; above: the nodes that hold it."""
        self.count += 1
        if any(node is holder for holder in above):
            raise self._error(node, "an alias that holds itself: write it out")
        if self.count > NODES:
            raise self._error(node, f"aliases that stand for more than {NODES} settings: use fewer")
        if len(above) > DEPTH:
            raise self._error(node, f"nested in more than {DEPTH} others, aliases written out")
        self.places.setdefault(at, _place(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.build(item, (*at, str(i)), (*above, node)) for i, item in items]
        return self._scalar(node)

    def _mapping(
        self, node: yaml.MappingNode, at: Keys, above: tuple[yaml.Node, ...]
    ) -> dict[str, Value]:
        merged: dict[str, Value] = {}
        own: dict[str, Value] = {}
        for key, value in node.value:
            if _is_merge(key):
                merged = self._merged(value, at, above) | merged
                continue
            name = self._key(key)
            if name in own:
                raise self._error(key, f"{shown(name)} is set twice: rename one")
            self.places[(*at, name)] = _place(key)
            own[name] = self.build(value, (*at, name), above)
        return merged | own

    def _merged(self, node: yaml.Node, at: Keys, above: tuple[yaml.Node, ...]) -> dict[str, Value]:
        found = self.build(node, at, above)
        parts = found if isinstance(found, list) else [found]
        if not all(isinstance(part, dict) for part in parts):
            raise self._error(node, f"{MERGE}: takes a mapping, or a list of them")
        return {key: value for part in reversed(parts) for key, value in part.items()}

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a name must be a text, not a list or a mapping")
        name = node.value
        if odd(name):
            said = f"the name {shown(name)} holds a control character or a line break"
            raise self._error(node, f"{said}: take it out")
        if not isinstance(self._scalar(node), str):
            raise self._error(node, f"the name {shown(name) or '(nothing)'} is no text: quote it")
        return name

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if CONTROL.search(node.value):
            raise self._error(node, f"{shown(node.value)} holds a control character: take it out")
        try:
            return node.value if node.style else plain(node.value)
        except ValueError as error:
            raise self._error(node, str(error)) from None

    def _error(self, node: yaml.Node, said: str) -> ConfigError:
        return _mistake(self.path, node.start_mark, said)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _is_merge(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == MERGE and not key.style
