"""PyTorch, if it is there: it is no dependency of emmoe, and not in the lock."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

MISSING = "torch is not installed (pip install torch)"


def torch() -> ModuleType | None:
    """Return PyTorch, kept to one thread, or None."""
    if find_spec("torch") is None:
        return None
    module = import_module("torch")
    module.set_num_threads(1)
    return module
