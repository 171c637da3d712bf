"""Checks the section `calibration` of a config beyond its schema."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from emmoe.evidence import reported
from emmoe.record.components import build_dataset, build_start
from emmoe.record.entries import Component, Experiment, Record
from emmoe.record.registry import nearest
from emmoe.record.searches import DataSearch, Halving, Search
from emmoe.store.errors import ConfigError

SETTINGS = 100_000
# What the search of data and start draws, and the blocks whose steps it draws.
RANGES = {
    "d", "n_over_d", "norm_beta", "norm_w", "start_beta", "start_beta_sd", "start_w", "start_w_sd",
}  # fmt: skip
BLOCKS = {"beta", "w"}
# What a family searches is what its experiment must be made of.
MADE_OF = {
    "symmetric_linear": {
        "model": "symmetric_linear", "data": "synthetic", "start": "near_truth",
    },
    "symmetric_linear_wider": {
        "model": "symmetric_linear", "data": "synthetic", "start": "inclined",
    },
    "fashion_mnist": {"model": "logistic_experts"},
    "fashion_mnist_wider": {"model": "logistic_experts"},
}  # fmt: skip


def check(record: Record) -> None:
    """Raise ConfigError, naming the setting, for a calibration that cannot be run."""
    for name, search in record.calibration.families.items():
        where = f"calibration.{name}"
        if name not in MADE_OF:
            raise ConfigError(f"{where}: no such search{nearest(name, MADE_OF)}")
        _check_experiment(where, search, MADE_OF[name], record.experiments)
        _check_readings(where, search)
        _check_size(where, search)
        experiment = record.experiments[search.experiment]
        if search.halving:
            _check_halving(f"{where}.halving", search.halving, experiment)
        elif search.data:
            _check_data(f"{where}.data", search.data, experiment)
            for fitter, own in search.steps.items():
                _check_names(f"{where}.steps.{fitter}.reach", own.reach, BLOCKS)
        elif not (search.data or search.grids):
            raise ConfigError(f"{where}: nothing is searched: it needs data, grids or halving")
        for path, (low, high) in _ranges(where, search):
            if not low < high:
                raise ConfigError(f"{path}: {low} is not less than {high}")


def _check_experiment(
    where: str, search: Search, made_of: Mapping[str, str], known: Mapping[str, Experiment]
) -> None:
    name = search.experiment
    if name not in known:
        raise ConfigError(f"{where}.experiment: no experiment {name!r}{nearest(name, known)}")
    for part, wanted in made_of.items():
        if getattr(known[name], part).name != wanted:
            raise ConfigError(f"{where}.experiment: the {part} of {name} must be {wanted}")
    for fitter in search.steps:
        if fitter not in known[name].fitters:
            raise ConfigError(f"{where}.experiment: {name} has no hand-set fitter {fitter}")


def _check_readings(where: str, search: Search) -> None:
    for figure in search.figures:
        if figure not in reported.FIGURES:
            known = nearest(figure, reported.FIGURES)
            raise ConfigError(f"{where}.figures: no reported figure {figure!r}{known}")
    for figure, iterations in search.calibration.items():
        if figure not in search.figures:
            raise ConfigError(f"{where}.calibration.{figure}: not one of {where}.figures")
        if max(iterations) > search.stages[-1].iterations:
            raise ConfigError(
                f"{where}.calibration.{figure}: {max(iterations)} is beyond the last stage"
            )


def _check_size(where: str, search: Search) -> None:
    """Raise ConfigError for more settings than can be planned."""
    if search.data and search.data.draws > SETTINGS:
        raise ConfigError(f"{where}.data.draws: {search.data.draws} is more than {SETTINGS}")
    for name, own in search.steps.items():
        for field in ("separate", "equal"):
            if (count := getattr(own.draws, field)) > SETTINGS:
                place = f"{where}.steps.{name}.draws.{field}"
                raise ConfigError(f"{place}: {count} is more than {SETTINGS}")


def _check_data(where: str, search: DataSearch, experiment: Experiment) -> None:
    """Raise ConfigError for a parameter that is none or is missing, and for a choice that the data
    set or the start refuses."""
    _check_names(f"{where}.ranges", search.ranges, RANGES)
    data, start = experiment.data, experiment.start
    for name, values in (search.choices or {}).items():
        place, block = f"{where}.choices.{name}", name.removeprefix("cosine_")
        for value in values:
            if name == "angle":
                build_dataset(Component(data.name, {**data.settings, name: value}), place)
            elif start.name != "inclined":
                raise ConfigError(f"{place}: the start of {experiment.name} must be inclined")
            else:
                changed = {**start.settings, "cosine": {block: value}}
                build_start(Component(start.name, changed), place)


def _check_names(where: str, found: Collection[str], wanted: Collection[str]) -> None:
    for name in found:
        if name not in wanted:
            raise ConfigError(f"{where}.{name}: no such parameter{nearest(name, wanted)}")
    if missing := sorted(set(wanted) - set(found)):
        raise ConfigError(f"{where}: lacks {missing[0]}")


def _check_halving(where: str, halving: Halving, experiment: Experiment) -> None:
    """Raise ConfigError for brackets that nothing can come out of, and for images there are not."""
    if halving.points > SETTINGS:
        raise ConfigError(f"{where}.points: {halving.points} is more than {SETTINGS}")
    before = halving.bracket
    for at, rung in enumerate(halving.rungs):
        if rung.points > before:
            raise ConfigError(f"{where}.rungs.{at}.points: {rung.points} is more than {before}")
        before = rung.points
    images, known = max(halving.choices.train_size), experiment.data.settings.get("train_size")
    if known is not None and images > known:
        place = f"{where}.choices.train_size"
        raise ConfigError(f"{place}: {images} is more than the {known} of {experiment.name}")


def _ranges(where: str, search: Search) -> Iterator[tuple[str, Sequence[float]]]:
    for name, limits in search.data.ranges.items() if search.data else ():
        yield f"{where}.data.ranges.{name}", limits
    for fitter, own in search.steps.items():
        for block, limits in own.reach.items():
            yield f"{where}.steps.{fitter}.reach.{block}", limits
    for kind, drawn in search.halving.steps.items() if search.halving else ():
        yield f"{where}.halving.steps.{kind}.reach", drawn.reach
        yield f"{where}.halving.steps.{kind}.gate_ratio", drawn.gate_ratio
