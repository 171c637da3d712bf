"""emmoe: mixtures of experts by EM; and the paper "Learning Mixtures of Experts with EM" (ICML
2025) regenerated, extended and audited."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emmoe.mixture import plot
    from emmoe.mixture.estimators import (
        MixtureOfExpertsClassifier,
        MixtureOfExpertsRegressor,
        select_n_experts,
    )

__version__ = "0.1.0"
__all__ = ["MixtureOfExpertsClassifier", "MixtureOfExpertsRegressor", "plot", "select_n_experts"]


def __getattr__(name: str) -> Any:
    """What heavy libraries are imported for, once it is asked for."""
    if name == "plot":
        return import_module("emmoe.mixture.plot")
    if name in __all__:
        return getattr(import_module("emmoe.mixture.estimators"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
