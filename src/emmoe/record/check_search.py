"""Checks what a family of the calibration searches: data and start, steps, brackets."""

from collections.abc import Collection, Mapping
from itertools import product

from emmoe.record.components import build_dataset, build_model, build_start
from emmoe.record.entries import Component, Experiment
from emmoe.record.registry import nearest
from emmoe.record.searches import DataSearch, Halving, StepSearch
from emmoe.store.errors import ConfigError

SETTINGS = 100_000
NUMBERS = 10**9  # of a sample's features: 8 GB, of which a simulation holds several
# What a search of data and start draws, and the algorithms and blocks whose steps it draws.
RANGES = (
    "d", "n_over_d", "norm_beta", "norm_w", "start_beta", "start_beta_sd", "start_w", "start_w_sd",
)  # fmt: skip
STEPPED, BLOCKS = ("gradient_descent", "gradient_em"), ("beta", "w")


def check_data(where: str, search: DataSearch, experiment: Experiment) -> None:
    """Raise ConfigError for parameters that are none or are missing, for more settings than can be
    planned, and for data and starts that cannot be made."""
    for name, count in (("draws", search.draws), ("kept", search.kept)):
        _check_count(f"{where}.{name}", count)
    _check_names(f"{where}.ranges", search.ranges, RANGES)
    data = experiment.data
    for d, ratio in product(search.ranges["d"], search.ranges["n_over_d"]):
        size = {"d": round(d), "n": round(round(d) * ratio)}
        built = build_dataset(Component(data.name, data.settings | size), f"{where}.ranges")
        build_model(experiment.model).blocks(built.shape)
        if built.entries > NUMBERS:
            said = f"{built.entries} numbers of n = {size['n']}, d = {size['d']}"
            raise ConfigError(f"{where}.ranges: {said} are too many to hold")
    for name, values in (search.choices or {}).items():
        _check_choice(f"{where}.choices.{name}", name, values, experiment)


def _check_choice(
    where: str, name: str, values: tuple[float | str, ...], experiment: Experiment
) -> None:
    """Raise ConfigError for a choice that is there twice or that data or start refuse."""
    data, start, block = experiment.data, experiment.start, name.removeprefix("cosine_")
    for value in values:
        if values.count(value) > 1:
            raise ConfigError(f"{where}: {value} is there twice")
        if block == name:
            build_dataset(Component(data.name, {**data.settings, name: value}), where)
        elif "cosine" not in start.settings:
            raise ConfigError(f"{where}: only symmetric_linear_wider searches it")
        else:
            cosine = {**start.settings["cosine"], block: value}
            build_start(Component(start.name, {**start.settings, "cosine": cosine}), where)


def check_steps(where: str, steps: Mapping[str, StepSearch], experiment: Experiment) -> None:
    """Raise ConfigError for an algorithm or a block without a step, or without hand-set ones."""
    for fitter, own in steps.items():
        if fitter not in STEPPED:
            raise ConfigError(f"{where}.{fitter}: no such algorithm{nearest(fitter, STEPPED)}")
        if fitter not in experiment.fitters:
            said = f"{experiment.name} has no hand-set fitter {fitter}"
            raise ConfigError(f"{where}.{fitter}: {said}")
        _check_names(f"{where}.{fitter}.reach", own.reach, BLOCKS)
        for field in ("separate", "equal"):
            _check_count(f"{where}.{fitter}.draws.{field}", getattr(own.draws, field))


def check_halving(where: str, halving: Halving, experiment: Experiment) -> None:
    """Raise ConfigError for brackets that nothing can come out of, and for images there are not."""
    _check_count(f"{where}.points", halving.points)
    before = halving.bracket
    for at, rung in enumerate(halving.rungs):
        if rung.points > before:
            raise ConfigError(f"{where}.rungs.{at}.points: {rung.points} is more than {before}")
        before = rung.points
    images, known = max(halving.choices.train_size), experiment.data.settings.get("train_size")
    if known is not None and images > known:
        place = f"{where}.choices.train_size"
        raise ConfigError(f"{place}: {images} is more than the {known} of {experiment.name}")


def _check_count(where: str, count: int) -> None:
    if count > SETTINGS:
        raise ConfigError(f"{where}: {count} is more than {SETTINGS}")


def _check_names(where: str, found: Collection[str], wanted: Collection[str]) -> None:
    for name in found:
        if name not in wanted:
            raise ConfigError(f"{where}.{name}: no such parameter{nearest(name, wanted)}")
    if missing := sorted(set(wanted) - set(found)):
        raise ConfigError(f"{where}: lacks {missing[0]}")
