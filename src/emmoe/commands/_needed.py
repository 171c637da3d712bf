"""Modules that need an extra, which may not be installed."""

from importlib import import_module
from types import ModuleType

from emmoe.store.errors import RunError


def needed(module: str, name: str, extra: str) -> ModuleType:
    """Import what a command needs; raises RunError, in one line, where its extra is missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        if not extra or lacking == "emmoe":
            raise
        said = f"emmoe {name} needs {lacking}, which is not installed"
        raise RunError(f"{said}: pip install 'emmoe[{extra}]'") from None
