"""Records for tests, from the settings of a few entries."""

import copy

import msgspec

from emmoe.calibration.family import Family
from emmoe.record import read
from emmoe.record.searches import Search

FOLDERS = {"results": "results", "downloads": "data/downloads"}


def record(results="results", seed=7, **sections):
    """Return the checked record of some sections; others are empty."""
    folders = FOLDERS | {"results": str(results)}
    content = {"seed": seed, "folders": folders, "figures": {}, "tables": {}} | sections
    return read.check(copy.deepcopy(content))


def experiment(settings, name="x", seed=7):
    """Return an experiment from its settings."""
    return record(seed=seed, experiments={name: settings}).experiments[name]


def contest(settings, name="x", seed=7, **others):
    """Return a contest from its settings."""
    fits = {"em": {"algorithm": "em"}}
    counts = {"replicates": 1, "replicates_per_block": 1, "iterations": 1, "fitters": fits}
    parts = {part: settings[part] for part in ("model", "data", "start")}
    sections = {"experiments": {"any": parts | counts}, "contests": {name: settings}}
    return record(seed=seed, **sections, **others).contests[name]


def family(base, search, name="symmetric_linear", seed=11, level=0.01):
    """Return a family of settings from the parts of its entry and its experiment."""
    own = {"experiment": "x", "stages": [{"replicates": 2, "iterations": 100}]} | search
    return Family(name, seed, level, base, msgspec.convert(own, Search))

