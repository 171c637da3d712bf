"""Builds models, starts, data sets and fitters from their settings in config.yaml."""

from typing import Any

from emmoe.datasets.base import Dataset
from emmoe.fitters.base import Fitter
from emmoe.models.base import Model
from emmoe.record import registry
from emmoe.starts.base import Start

NOT_OF_THE_FITTER = ("algorithm", "replicates", "iterations")


def _split(settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return settings["name"], {key: value for key, value in settings.items() if key != "name"}


def build_model(settings: dict[str, Any], where: str = "model") -> Model:
    """Return a model, not bound to a sample yet."""
    return registry.build("models", *_split(settings), where)


def build_start(settings: dict[str, Any], where: str = "start") -> Start:
    """Return a start law."""
    return registry.build("starts", *_split(settings), where)


def build_dataset(settings: dict[str, Any], where: str = "data") -> Dataset:
    """Return the data set of one cell."""
    return registry.build("datasets", *_split(settings), where)


def build_fitter(settings: dict[str, Any], where: str = "fitter") -> Fitter:
    """Return the fitter of a named setting."""
    own = {key: value for key, value in settings.items() if key not in NOT_OF_THE_FITTER}
    return registry.build("fitters", settings["algorithm"], own, where)
