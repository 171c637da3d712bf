"""Reads YAML 1.2 with the place of every setting, so that a message names the line to mend.

Plain scalars are what YAML 1.2's core schema makes of them: `on` and `2020-13-45` are texts, 1e-3
is a number. What other readers take for something else is refused, in one line: numbers with
leading zeros, tags, keys that are no text or stand twice, and aliases that form a cycle or grow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from emmoe.store.errors import ConfigError

Place = tuple[str, ...]
NODES = 200_000  # of a file, aliases written out
BYTES = 5_000_000
DEPTH = 100  # levels of lists and mappings within each other
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
WORDS |= {name.capitalize(): value for name, value in WORDS.items()}
WORDS |= {name.upper(): value for name, value in WORDS.items()}
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
SPECIAL = {".nan": "nan", ".inf": "inf", "+.inf": "inf", "-.inf": "-inf"}
DIGITS = 400  # of a whole number
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Document:
    """A file's content, and the line of every setting by its path."""

    content: Any
    lines: Mapping[Place, int]


def read(path: Path | str) -> Document:
    """Return a YAML file's content with its lines; raises ConfigError for a mistake in its form."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(BYTES + 1)
        if len(data) > BYTES:
            raise ConfigError(f"{path}: more than {BYTES // 10**6} MB: not a config")
        text = data.decode("utf-8-sig")
        _check_depth(path, text)
        node = yaml.compose(text, Loader=_LOADER)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{path}: {' '.join(str(error).split()) or 'nested too deeply'}"
        ) from None
    builder = _Builder(str(path))
    return Document(builder.build(node, (), ()) if node else None, builder.lines)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _check_depth(path: Path | str, text: str) -> None:
    """Raise ConfigError for levels within levels that would overflow the stack of the loader."""
    level = 0
    for event in yaml.parse(text, Loader=_LOADER):
        level += isinstance(event, yaml.CollectionStartEvent)
        level -= isinstance(event, yaml.CollectionEndEvent)
        if level > DEPTH:
            line = event.start_mark.line + 1
            raise ConfigError(f"{path}, line {line}: more than {DEPTH} levels within each other")


class _Builder:
    """Builds values from a file's nodes, and notes their lines."""

    def __init__(self, path: str):
        self.path, self.lines, self.count = path, {}, 0

    def build(self, node: yaml.Node, at: Place, above: tuple[yaml.Node, ...]) -> Any:
        """Return a node's value; above: the nodes that hold it."""
        self.count += 1
        if any(node is holder for holder in above):
            raise self._error(node, "an alias that holds itself")
        if self.count > NODES:
            raise self._error(node, f"aliases that stand for more than {NODES} settings")
        self.lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.build(item, (*at, str(i)), (*above, node)) for i, item in items]
        return self._scalar(node)

    def _mapping(
        self, node: yaml.MappingNode, at: Place, above: tuple[yaml.Node, ...]
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            name = self._key(key)
            if name == "<<" and not key.style:
                merged = self._merged(value, at, above) | merged
                continue
            if name in own:
                raise self._error(key, f"{name!r} is set twice: rename one")
            self.lines[(*at, name)] = key.start_mark.line + 1
            own[name] = self.build(value, (*at, name), above)
        return merged | own

    def _merged(self, node: yaml.Node, at: Place, above: tuple[yaml.Node, ...]) -> dict[str, Any]:
        found = self.build(node, at, above)
        parts = found if isinstance(found, list) else [found]
        if not all(isinstance(part, dict) for part in parts):
            raise self._error(node, "<<: takes a mapping, or a list of them")
        return {key: value for part in reversed(parts) for key, value in part.items()}

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a name must be a text")
        if CONTROL.search(node.value):
            raise self._error(node, f"the name {node.value!r} holds a control character")
        return node.value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        if node.style:
            return text
        if node.tag.startswith("!") or not node.tag.startswith("tag:yaml.org,2002:"):
            raise self._error(node, f"{node.tag}: tags are not read here")
        if text in WORDS:
            return WORDS[text]
        if LEADING_ZERO.fullmatch(text):
            raise self._error(node, f"{text}: a leading zero means other things to other readers")
        if INTEGER.fullmatch(text):
            if len(text) > DIGITS:
                raise self._error(
                    node, f"{text[:20]}... has {len(text)} digits: too many for a number"
                )
            return int(text, 10 if text.lstrip("+-").isdecimal() else 0)
        if FLOAT.fullmatch(text):
            return float(text)
        return float(SPECIAL[text.lower()]) if text.lower() in SPECIAL else text

    def _error(self, node: yaml.Node, said: str) -> ConfigError:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        return ConfigError(f"{self.path}, line {line}, column {column}: {said}")
