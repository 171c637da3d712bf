"""Checks the section `calibration` of a config beyond its schema."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from emmoe.evidence import reported
from emmoe.record.cells import grid
from emmoe.record.check_search import check_data, check_halving, check_steps
from emmoe.record.components import build_dataset
from emmoe.record.entries import Component, Experiment, Record
from emmoe.record.registry import nearest
from emmoe.record.searches import Search
from emmoe.store.errors import ConfigError

LINEAR, IMAGES = ("figure_1", "figure_2"), ("figure_3",)
SEARCHES = ("data", "grids", "halving")


class Kind(NamedTuple):
    """What a family searches, the figures that may judge it, and what its experiment is made of."""

    searches: str
    figures: tuple[str, ...]
    made_of: Mapping[str, str]


SYNTHETIC = {"model": "symmetric_linear", "data": "synthetic"}
KINDS = {
    "symmetric_linear": Kind("data", LINEAR, {**SYNTHETIC, "start": "near_truth"}),
    "symmetric_linear_wider": Kind("data", LINEAR, {**SYNTHETIC, "start": "inclined"}),
    "fashion_mnist": Kind("grids", IMAGES, {"model": "logistic_experts"}),
    "fashion_mnist_wider": Kind("halving", IMAGES, {"model": "logistic_experts"}),
}


def check(record: Record) -> None:
    """Raise ConfigError, naming the setting, for a calibration that cannot be run."""
    by_data = None
    for name, search in record.calibration.families.items():
        where = f"calibration.{name}"
        if name not in KINDS:
            raise ConfigError(f"{where}: no such search{nearest(name, KINDS)}")
        _check_experiment(where, search, KINDS[name], record.experiments)
        _check_readings(where, search, KINDS[name])
        _check_searched(where, search, KINDS[name], record.experiments[search.experiment])
        if search.data and by_data:
            raise ConfigError(f"{where}: {by_data} has settings of the same names: set it to null")
        by_data = where if search.data else by_data
        for path, (low, high) in _ranges(where, search):
            if not low < high:
                raise ConfigError(f"{path}: {low} is not less than {high}")


def _check_experiment(
    where: str, search: Search, kind: Kind, known: Mapping[str, Experiment]
) -> None:
    name = search.experiment
    if name not in known:
        raise ConfigError(f"{where}.experiment: no experiment {name!r}{nearest(name, known)}")
    experiment = known[name]
    for part, wanted in kind.made_of.items():
        if getattr(experiment, part).name != wanted:
            raise ConfigError(f"{where}.experiment: the {part} of {name} must be {wanted}")
    if (cells := len(grid(experiment))) != 1:
        raise ConfigError(f"{where}.experiment: {name} has {cells} cells: name one of a single one")
    if search.changes:
        changed = {**experiment.data.settings, **search.changes}
        build_dataset(Component(experiment.data.name, changed), f"{where}.changes")


def _check_readings(where: str, search: Search, kind: Kind) -> None:
    for figure in search.figures:
        if figure not in reported.FIGURES:
            known = nearest(figure, reported.FIGURES)
            raise ConfigError(f"{where}.figures: no reported figure {figure!r}{known}")
        if figure not in kind.figures:
            said = f"{figure} is of another model: known are {', '.join(kind.figures)}"
            raise ConfigError(f"{where}.figures: {said}")
    if not search.calibration:
        raise ConfigError(f"{where}.calibration: names no reading that accepts a setting")
    for figure, iterations in search.calibration.items():
        if figure not in search.figures:
            raise ConfigError(f"{where}.calibration.{figure}: not one of {where}.figures")
        if max(iterations) > search.stages[-1].iterations:
            raise ConfigError(
                f"{where}.calibration.{figure}: {max(iterations)} is beyond the last stage"
            )


def _check_searched(where: str, search: Search, kind: Kind, experiment: Experiment) -> None:
    for name in SEARCHES:
        found = bool(getattr(search, name))
        if found and name != kind.searches:
            raise ConfigError(f"{where}.{name}: this family searches {kind.searches}")
        if not found and name == kind.searches:
            raise ConfigError(f"{where}: nothing is searched: it needs {name}")
    if search.data:
        check_data(f"{where}.data", search.data, experiment)
        check_steps(f"{where}.steps", search.steps, experiment)
    if search.halving:
        check_halving(f"{where}.halving", search.halving, experiment)


def _ranges(where: str, search: Search) -> Iterator[tuple[str, Sequence[float]]]:
    for name, limits in search.data.ranges.items() if search.data else ():
        yield f"{where}.data.ranges.{name}", limits
    for fitter, own in search.steps.items():
        for block, limits in own.reach.items():
            yield f"{where}.steps.{fitter}.reach.{block}", limits
    for kind, drawn in search.halving.steps.items() if search.halving else ():
        yield f"{where}.halving.steps.{kind}.reach", drawn.reach
        yield f"{where}.halving.steps.{kind}.gate_ratio", drawn.gate_ratio
