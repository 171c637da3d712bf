"""Records for tests, from the settings of a few entries."""

import copy
from functools import cache
from pathlib import Path

import msgspec
import yaml

from emmoe.calibration.family import Family
from emmoe.lab.fit import fit_block
from emmoe.record import cells, plan, read
from emmoe.record.components import build_fitter, build_model
from emmoe.record.entries import Component, Fitter
from emmoe.record.searches import Search

FOLDERS = {"results": "results", "downloads": "data/downloads"}


def record(results="results", seed=7, **sections):
    """Return the checked record of some sections; others are empty."""
    folders = FOLDERS | {"results": str(results)}
    content = {"seed": seed, "folders": folders, "figures": {}, "tables": {}} | sections
    return read.check(copy.deepcopy(content))


def experiment(settings, name="x", seed=7, **sections):
    """Return an experiment from its settings."""
    return record(seed=seed, experiments={name: settings}, **sections).experiments[name]


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


def fit(experiment, fitter, block=None, files=None):
    """Return what a fitter makes of a block of an experiment, the first one if none is named."""
    task = plan.fit_task(experiment, [fitter], block or cells.grid(experiment).names[0])
    return fit_block(task, files or {}, lambda line: None)


def fitter(algorithm, **settings):
    """Return a fitter from its settings."""
    return build_fitter(Fitter(algorithm, settings))


def model(name, **settings):
    """Return a model from its settings."""
    return build_model(Component(name, settings))


@cache
def smoke():
    """The committed record at toy size, with all written out, as YAML holds it."""
    root = Path(__file__).resolve().parents[1]
    return read.expanded([root / "config.yaml", root / "tests" / "smoke.yaml"])


def smoke_settings():
    """A copy of it, to change."""
    return yaml.safe_load(smoke())
