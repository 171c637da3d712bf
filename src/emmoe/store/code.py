"""The code that a result depends on, as a hash: what is imported counts, layout does not."""

import ast
import atexit
import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from emmoe.store.files import atomic
from emmoe.store.packaged import workflow_folder
from emmoe.store.provenance import PACKAGE, digest, file_hash

# Modules that find, check and describe, and so change no number.
NEUTRAL = {
    "emmoe.record.components",
    "emmoe.record.entries",
    "emmoe.record.registry",
    "emmoe.record.searches",
    "emmoe.record.tasks",
    "emmoe.record.values",
    "emmoe.store.code",
    "emmoe.store.errors",
    "emmoe.store.provenance",
}
SCRIPT = "workflow/scripts/job.py"  # runs every job
_FILE = re.compile(r"\w[\w.-]*$")  # a name of a file or folder, without a path
_DATA = (".yaml", ".j2", ".css", ".js")


def _path(module: str) -> Path | None:
    """The file of a module of this package, or None."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.startswith("emmoe.") and name not in NEUTRAL}


def _canonical(node: Any) -> Any:
    """A syntax tree as nested lists, without docstrings and without what versions of Python add."""
    if isinstance(node, ast.AST):
        fields = ((name, _canonical(value)) for name, value in ast.iter_fields(node))
        return [type(node).__name__, *([n, v] for n, v in fields if v not in (None, []))]
    if isinstance(node, list):
        return [_canonical(child) for child in node if not _is_docstring(child)]
    return repr(node) if node is not None else None


def _is_docstring(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Read(NamedTuple):
    """What counts of a module: its bytes' SHA-256; its code as canonical text; the modules of this
    package that it may import; the words in it that may name files."""

    sha256: str
    text: str
    imports: list[str]
    words: list[str]


def _parsed(sha256: str, source: bytes) -> _Read:
    tree = ast.parse(source)
    values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    words = {value for value in values if isinstance(value, str) and _FILE.match(value)}
    return _Read(sha256, json.dumps(_canonical(tree)), sorted(_imports(tree)), sorted(words))


@cache
def _known() -> dict[str, _Read]:
    """What was read before of each module, kept beside Python's own compiled code: reading all
    anew takes a second. Filled as modules are read, and kept when this process ends."""
    try:
        known = msgspec.json.decode(_kept().read_bytes(), type=dict[str, _Read])
    except (OSError, msgspec.DecodeError):
        known = {}
    before = dict(known)
    atexit.register(lambda: known != before and _keep(known))
    return known


def _kept() -> Path:
    """The file for what was read, one for each version of the rules in this module."""
    own = file_hash(__file__)[:16]
    return Path(importlib.util.cache_from_source(__file__)).with_name(f"modules-{own}.json")


def _keep(known: dict[str, _Read]) -> None:
    with suppress(OSError), atomic(_kept()) as temporary:
        temporary.write_bytes(msgspec.json.encode(known))


@cache
def _module(name: str) -> tuple[str, frozenset[str]]:
    """A module's code as canonical text, and the modules of this package that it imports."""
    path, known = _path(name), _known()
    source = path.read_bytes()
    sha256 = hashlib.sha256(source).hexdigest()
    if name not in known or known[name].sha256 != sha256:
        known[name] = _parsed(sha256, source)
    read = known[name]
    data = [json.dumps([p.name, file_hash(p)]) for p in _data(set(read.words), path.parent)]
    return f"[{', '.join([read.text, *data])}]", _existing(read.imports)


def _existing(modules: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in modules if _path(name))


def _data(words: set[str], folder: Path) -> list[Path]:
    """The data files in a folder that words name, or whose folder they name."""
    named = [place for place in folder.iterdir() if place.name in words]
    found = (path for place in named for path in (place, *place.glob("*")))
    return sorted(path for path in found if path.is_file() and path.suffix in _DATA)


@cache
def _method(name: str) -> tuple[str, frozenset[str]]:
    """A method's code, with what it uses of its module, as canonical text, and what this imports
    of the package."""
    module, _, path = name.partition(":")
    tree = ast.parse(_path(module).read_bytes())
    own, method = path.split(".")
    top = {name: node for node in tree.body for name in _names(node)}
    (found,) = [n for n in top[own].body if getattr(n, "name", None) == method]
    used, waiting = {name: found}, [found]
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name) and node.id not in used and node.id in top:
                used[node.id] = top[node.id]
                waiting.append(top[node.id])
    texts = [[name, _canonical(node)] for name, node in sorted(used.items())]
    return json.dumps(texts), _existing(n for node in used.values() for n in _imports(node))


def _names(node: ast.stmt) -> list[str]:
    """The names that a statement of a module defines."""
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


def code_hash(*modules: str, method: str = "") -> str:
    """Return a SHA-256 of the modules, of all of this package that they import, and of the data
    files beside them that they name.

    method: as <module>:<class>.<name>, one whose own code counts too, with what it uses of its
    module and imports. Comments, docstrings and layout do not count, so editing them reruns
    nothing."""
    seen: dict[str, str] = {}
    waiting = list(modules)
    if method:
        seen[method], imports = _method(method)
        waiting += imports
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name], imports = _module(name)
            waiting += imports
    return digest([sorted(seen.items()), _script(workflow_folder(PACKAGE) / SCRIPT)])


@cache
def _script(path: Path) -> Any:
    """The script that runs jobs as canonical text; None where the package lies without it."""
    return _canonical(ast.parse(path.read_bytes())) if path.is_file() else None
