"""Finds models, fitters, starts and data sets by folder: a file with one class is enough.

A module's name is the component's name in config.yaml; the class's fields are its settings.
"""

import dataclasses
import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from keyword import iskeyword
from pathlib import Path
from types import ModuleType
from typing import Any

from emmoe.record.settings import SettingError, checked
from emmoe.store.errors import ConfigError, nearest

# By folder, the module and the class that its components derive from.
KINDS = {
    "models": ("objective", "Objective"),
    "fitters": ("base", "Fitter"),
    "starts": ("base", "Start"),
    "datasets": ("base", "Dataset"),
}
# The function that makes a module one that config.yaml can name, in folders without classes.
FUNCTIONS = {
    "analyses": "analyse",
    "probes": "measure",
    "figures": "draw",
    "tables": "build",
    "findings": "find",
}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # of a module that is no helper
LARGEST = 10**8  # of whole numbers
MEASURES = ("analyses", "probes")


def folder(kind: str) -> str:
    """Return the dotted name of the package that holds the modules of a kind."""
    return f"emmoe.measures.{kind}" if kind in MEASURES else f"emmoe.{kind}"


@cache
def modules(kind: str) -> tuple[str, ...]:
    """Return the names of all modules in a folder of the package, without its helpers, and without
    what editors and copies leave there: names that no import can have, and links to nowhere."""
    found = sorted(_place(kind).glob("*.py"))
    names = (path.stem for path in found if path.is_file())
    return tuple(name for name in names if NAME.fullmatch(name) and not iskeyword(name))


def _place(kind: str) -> Path:
    return Path(importlib.import_module(folder(kind)).__file__).parent


@cache
def functions(kind: str) -> list[str]:
    """Return the modules of a folder that have its function, without importing them."""
    place = _place(kind)
    defined = f"\ndef {FUNCTIONS[kind]}("
    return [
        name
        for name in modules(kind)
        if defined in (place / f"{name}.py").read_text(encoding="utf-8")
    ]


def function(kind: str, name: str) -> Callable:
    """Return the function that makes a module one of its kind."""
    return getattr(importlib.import_module(f"{folder(kind)}.{name}"), FUNCTIONS[kind])


def needs(kind: str, name: str) -> type:
    """Return what an analysis or a probe needs of a model: the contract it names."""
    return importlib.import_module(f"{folder(kind)}.{name}").NEEDS


@cache
def _class(kind: str, name: str) -> type | None:
    """The component that a module of a folder defines, or None if it defines none."""
    module, base = KINDS[kind]
    base = getattr(importlib.import_module(f"{folder(kind)}.{module}"), base)
    return _component(importlib.import_module(f"{folder(kind)}.{name}"), base)


def _component(module: ModuleType, base: type) -> type | None:
    """The dataclass defined in a module that derives from base."""
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and issubclass(value, base)
            and value.__module__ == module.__name__
            and dataclasses.is_dataclass(value)
        ):
            return value
    return None


def names(kind: str) -> list[str]:
    """Return the names of all components of a kind."""
    return sorted(name for name in modules(kind) if _class(kind, name) is not None)


def check_known(where: str, what: str, name: str, known: Iterable[str]) -> None:
    """Raise ConfigError, suggesting the nearest, for a name that there is not."""
    if name not in known:
        raise ConfigError(f"{where}: no {what} named {name!r}{nearest(name, known)}")


def component(kind: str, name: str, where: str) -> type:
    """Return the class of a component; raises ConfigError, naming `where`, if there is none."""
    cls = _class(kind, name) if name in modules(kind) else None
    if cls is None:
        raise ConfigError(f"{where}: no {kind[:-1]} named {name!r}{nearest(name, names(kind))}")
    return cls


def name_of(part: Any) -> str:
    """Return the name in config.yaml of a component's instance."""
    return type(part).__module__.rpartition(".")[2]


def build(kind: str, name: str, settings: Mapping[str, Any], where: str) -> Any:
    """Return a component with its settings; raises ConfigError, naming `where` and the setting."""
    cls = component(kind, name, where)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for key in settings:
        if key not in fields:
            raise ConfigError(f"{where}.{key}: {name} has no such setting{nearest(key, fields)}")
    for field in fields.values():
        if field.default is dataclasses.MISSING and field.name not in settings:
            raise ConfigError(f"{where}: {name} needs the setting {field.name!r}")
    try:
        values = checked(cls, settings)
        for key, value in values.items():
            if type(value) is int and abs(value) > LARGEST:
                raise SettingError(key, f"must be at most {LARGEST} in size, got {value!r}")
        return cls(**values)
    except SettingError as error:
        raise ConfigError(f"{where}.{error.args[0]}: {error.args[1]}") from None
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
