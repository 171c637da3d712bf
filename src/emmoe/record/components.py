"""Builds models, starts, data sets and fitters from their entries in the record."""

from emmoe.datasets.base import Dataset
from emmoe.fitters.base import Fitter
from emmoe.models.objective import Objective
from emmoe.record import registry
from emmoe.record.entries import Component, Rival
from emmoe.record.entries import Fitter as Entry
from emmoe.starts.base import Start


def build_model(entry: Component, where: str = "model") -> Objective:
    """Return a model, not bound to a sample yet."""
    return registry.build("models", entry.name, entry.settings, where)


def build_start(entry: Component, where: str = "start") -> Start:
    """Return a start law."""
    return registry.build("starts", entry.name, entry.settings, where)


def build_dataset(entry: Component, where: str = "data") -> Dataset:
    """Return the data set of one cell."""
    return registry.build("datasets", entry.name, entry.settings, where)


def build_fitter(entry: Entry | Rival, where: str = "fitter") -> Fitter:
    """Return the fitter of a named setting."""
    return registry.build("fitters", entry.algorithm, entry.settings, where)
