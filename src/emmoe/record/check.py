"""Checks a typed record before any job starts: what it names is there, and what it says can run."""

from collections.abc import Mapping
from math import ceil, prod
from typing import Any

from emmoe.datasets.base import Dataset
from emmoe.models.mirror import MirrorModel
from emmoe.models.objective import Objective
from emmoe.record import check_calibration, components, plan, registry
from emmoe.record.cells import Grid, grid
from emmoe.record.check_fitters import check_blocks, check_fitter, check_needs
from emmoe.record.check_folders import check_folders
from emmoe.record.check_probes import check_probe
from emmoe.record.check_products import check_importance, check_order, check_product
from emmoe.record.entries import (
    LIMITS,
    Component,
    Contest,
    Download,
    Experiment,
    Fitter,
    Record,
    Rival,
    written,
)
from emmoe.record.registry import check_known
from emmoe.record.step_grid import variants
from emmoe.store.errors import ConfigError, DataError

CELLS, BLOCKS = 200_000, 1_000_000
STEPS = 1000  # of a rival's grid
ENTRIES = 10**10  # of a sample's features: 80 GB
PARAMETERS = 10**8


def check_record(record: Record, thorough: bool) -> None:
    """Raise ConfigError naming the first setting that is wrong; thorough: look at every cell."""
    if thorough:
        check_folders(record.folders)
    for name, experiment in record.experiments.items():
        where = f"experiments.{name}"
        _check_experiment(where, experiment, thorough)
        _check_files(where, experiment.data, record.downloads)
        _check_limits(where, experiment)
    for name, contest in record.contests.items():
        _check_contest(f"contests.{name}", contest, thorough)
        _check_files(f"contests.{name}", contest.data, record.downloads)
    if not thorough:
        return
    check_order(record)
    check_importance(record)
    for name, probe in record.probes.items():
        check_probe(record, f"probes.{name}", probe)
        if probe.cell:
            plan.probe_task(record, name)  # refuses a cell that there is not
    # Tables first: figures and findings look through them at what they are made of.
    for product in sorted(record.products(), key=lambda own: own.kind != "tables"):
        check_product(record, product)
    check_calibration.check(record)
    _check_audit(record)
    for path, reason in record.inferred.items():
        _check_inferred(record, path, reason)


def _check_experiment(where: str, entry: Experiment, thorough: bool) -> None:
    """Build every component of an experiment, so that no job starts with a wrong setting."""
    found = grid(entry)
    chunks = ceil(len(found) / entry.cells_per_block)
    _check_size(where, found, chunks * ceil(entry.replicates / entry.replicates_per_block))
    model = components.build_model(entry.model, f"{where}.model")
    for dataset in _datasets(found, where, thorough):
        blocks = _check_data(where, entry, model, dataset)
        for name, own in entry.fitters.items():
            check_fitter(f"{where}.fitters.{name}", own, model, blocks)
    for name in entry.analyses:
        check_known(f"{where}.analyses", "analysis", name, registry.functions("analyses"))
        check_needs(f"{where}.analyses", name, registry.needs("analyses", name), model)


def _check_size(where: str, found: Grid, blocks: int) -> None:
    """Raise ConfigError for more cells, or blocks of cells and replicates, than can be planned."""
    for what, count, most in (("cells", len(found), CELLS), ("blocks", blocks, BLOCKS)):
        if count > most:
            raise ConfigError(f"{where}: {count} {what} are more than {most}: use fewer")


def _datasets(found: Grid, where: str, thorough: bool) -> list[Dataset]:
    """The data sets of all cells, one per shape, or only the first cell's."""
    cells = found.cells() if thorough else [found.first()]
    built = (components.build_dataset(cell.data, f"{where}.data") for cell in cells)
    try:
        return list({dataset.shape: dataset for dataset in built}.values())
    except DataError as error:  # a table of the user's
        raise ConfigError(f"{where}.data: {error}") from None


def _check_data(
    where: str, entry: Experiment | Contest, model: Objective, dataset: Dataset
) -> Mapping[str, slice]:
    """Check that model, data and start go together; return the model's blocks."""
    start = components.build_start(entry.start, f"{where}.start")
    if dataset.has_truth and not model.simulates:
        raise ConfigError(f"{where}.model: {entry.model.name} cannot simulate data")
    if start.needs_truth and not dataset.has_truth:
        raise ConfigError(f"{where}.start: {entry.start.name} needs a known truth")
    blocks = model.blocks(dataset.shape)
    if dataset.entries > ENTRIES:
        raise ConfigError(f"{where}.data: {dataset.entries} numbers are too many to hold")
    parameters = max(part.stop for part in blocks.values())
    if parameters > PARAMETERS:
        raise ConfigError(f"{where}.model: {parameters} parameters are more than {PARAMETERS}")
    check_blocks(f"{where}.start", start, blocks)
    return blocks


def _check_contest(where: str, contest: Contest, thorough: bool) -> None:
    _check_size(where, grid(contest), 1)
    for name, rival in contest.rivals.items():
        if (count := _steps(rival)) > STEPS:
            place = f"{where}.rivals.{name}.doublings"
            raise ConfigError(f"{place}: {count} steps are more than {STEPS}: use fewer")
    model = components.build_model(contest.model, f"{where}.model")
    for name, target in contest.targets.items():
        _check_target(f"{where}.targets.{name}", target, contest, model)
    for dataset in _datasets(grid(contest), where, thorough):
        blocks = _check_data(where, contest, model, dataset)
        for name, rival in contest.rivals.items():
            place = f"{where}.rivals.{name}"
            for variant in variants(rival, place):
                check_fitter(place, Fitter(rival.algorithm, variant.settings), model, blocks)


def _check_target(where: str, target: Any, contest: Contest, model: Objective) -> None:
    """Raise ConfigError for a target that no run could have."""
    (what, level), *_ = [*(target.items() if isinstance(target, Mapping) else [("gap", 0)])]
    if what in ("gap", "accuracy") and level >= 1:
        raise ConfigError(f"{where}: a share of the {what} must be below 1, got {level}")
    name = contest.model.name
    if what == "gap" and not isinstance(model, MirrorModel) and model.least is None:
        raise ConfigError(f"{where}: {name} has no known optimum: give a loss or an accuracy")
    if what == "accuracy" and "test_accuracy" not in [own.name for own in model.columns]:
        raise ConfigError(f"{where}: {name} has no accuracy: give an excess or a loss")


def _steps(rival: Rival) -> int:
    """How many steps the grid of a rival has, as far as it is one."""
    grids = rival.doublings or []
    grids = list(grids.values()) if isinstance(grids, Mapping) else [grids]
    return prod(max(own[-1] - own[0] + 1, 0) for own in grids if own)


def _check_files(where: str, data: Component, downloads: Mapping[str, Download]) -> None:
    for file in registry.component("datasets", data.name, f"{where}.data").files:
        folder, _, name = file.partition("/")
        if folder not in downloads or name not in downloads[folder].files:
            raise ConfigError(f"downloads.{folder}.files: {name} is missing, {where} needs it")


def _check_limits(where: str, experiment: Experiment) -> None:
    for name, own in experiment.fitters.items():
        for limit in LIMITS:
            value, most = getattr(own, limit), getattr(experiment, limit)
            if value is not None and value > most:
                place = f"{where}.fitters.{name}.{limit}"
                raise ConfigError(f"{place}: {value} is more than the experiment's {most}")


def _check_audit(record: Record) -> None:
    known = record.experiments
    for scope, experiments in record.audit.theory.items():
        for name in experiments:
            check_known(f"audit.theory.{scope}", "experiment", name, known)
    for scope, tables in record.audit.contests.items():
        for table in tables:
            check_known(f"audit.contests.{scope}", "table", table, record.tables)
    for model, own in record.audit.runs.items():
        where = f"audit.runs.{model}"
        tried = [*own.tries, *(name for names in own.tries.values() for name in names)]
        for role in ("run", "again"):
            experiment = getattr(own, role)
            check_known(f"{where}.{role}", "experiment", experiment, known)
            for setting, names in {"fitters": own.fitters, "tries": tried}.items():
                for name in names:
                    fitters = known[experiment].fitters
                    check_known(f"{where}.{setting}", f"fitter of {experiment}", name, fitters)


def _check_inferred(record: Record, path: str, reason: str) -> None:
    """Raise ConfigError unless a dotted path of `inferred` leads to a setting, for a reason."""
    section, _, rest = path.partition(".")
    name, _, inner = rest.partition(".")
    node: Any = None
    if section == "experiments" and name in record.experiments:
        node = written(record.experiments[name])
    for key in inner.split(".") if inner else ():
        node = node.get(key) if isinstance(node, Mapping) else None
    if node is None:
        raise ConfigError(f"inferred.{path}: there is no such setting of an experiment")
    if len(reason) < 10:
        raise ConfigError(f"inferred.{path}: {reason!r} is too short for a reason")
