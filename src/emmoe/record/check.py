"""Checks a typed record before any job starts: what it names is there, and what it says can run."""

from collections.abc import Iterable, Mapping
from typing import Any

from emmoe.datasets.base import Dataset
from emmoe.fitters.base import by_block
from emmoe.models.objective import Objective
from emmoe.record import check_calibration, components, registry
from emmoe.record.cells import Grid, grid
from emmoe.record.check_folders import check_folders
from emmoe.record.check_options import check_call
from emmoe.record.entries import (
    LIMITS,
    Component,
    Contest,
    Download,
    Experiment,
    Fitter,
    Probe,
    Product,
    Record,
    written,
)
from emmoe.record.step_grid import variants
from emmoe.store.errors import ConfigError

ENTRIES = 10**10  # of a sample's features: 80 GB
PARAMETERS = 10**8
# Where the name of what is read must be, by how it is read.
SECTIONS = {
    "table": "tables", "probe": "probes", "costs": "contests", "seconds": "contests",
    "summary": "experiments", "runs": "experiments", "trace": "experiments",
}  # fmt: skip
CLAIMS = "claims"  # the one name of what the paper reported


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
    for product in record.products():
        _check_product(record, product)
    check_calibration.check(record)
    _check_audit(record)
    for name, probe in record.probes.items():
        _check_probe(record, f"probes.{name}", probe)
    for path, reason in record.inferred.items():
        _check_inferred(record, path, reason)


def _check_experiment(where: str, entry: Experiment, thorough: bool) -> None:
    """Build every component of an experiment, so that no job starts with a wrong setting."""
    model = components.build_model(entry.model, f"{where}.model")
    for dataset in _datasets(grid(entry), where, thorough):
        blocks = _check_data(where, entry, model, dataset)
        for name, own in entry.fitters.items():
            _check_fitter(f"{where}.fitters.{name}", own, model, blocks)
    for name in entry.analyses:
        check_known(f"{where}.analyses", "analysis", name, registry.functions("analyses"))
        _check_needs(f"{where}.analyses", name, registry.needs("analyses", name), model)


def _datasets(found: Grid, where: str, thorough: bool) -> list[Dataset]:
    """The data sets of all cells, one per shape, or only the first cell's."""
    cells = found.cells() if thorough else [found.first()]
    built = (components.build_dataset(cell.data, f"{where}.data") for cell in cells)
    return list({dataset.shape: dataset for dataset in built}.values())


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
    _check_blocks(f"{where}.start", start, blocks)
    return blocks


def _check_fitter(where: str, entry: Any, model: Objective, blocks: Mapping[str, slice]) -> None:
    fitter = components.build_fitter(entry, where)
    _check_needs(where, entry.algorithm, fitter.needs, model)
    _check_blocks(where, fitter, blocks)


def _check_needs(where: str, name: str, needs: type, model: Objective) -> None:
    if not isinstance(model, needs):
        own = registry.name_of(model)
        raise ConfigError(f"{where}: {name} needs {needs.described}, {own} is none")


def _check_blocks(where: str, part: Any, blocks: Mapping[str, slice]) -> None:
    """Raise ConfigError if a setting by block does not name the model's blocks."""
    for name, value in by_block(part).items():
        if set(value) != set(blocks):
            named = ", ".join(map(str, value)) or "nothing"
            raise ConfigError(f"{where}.{name}: names {named}, the blocks are {', '.join(blocks)}")


def _check_contest(where: str, contest: Contest, thorough: bool) -> None:
    model = components.build_model(contest.model, f"{where}.model")
    for dataset in _datasets(grid(contest), where, thorough):
        blocks = _check_data(where, contest, model, dataset)
        for name, rival in contest.rivals.items():
            place = f"{where}.rivals.{name}"
            for variant in variants(rival, place):
                _check_fitter(place, Fitter(rival.algorithm, variant.settings), model, blocks)


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


def _check_product(record: Record, product: Product) -> None:
    """Check a product's module, what it reads, the fitters it shows, and its options."""
    where = f"{product.kind}.{product.name}"
    maker = "find" if product.kind == "findings" else "draw"
    kind = "finding" if product.kind == "findings" else "module"
    check_known(f"{where}.{maker}", kind, product.module, registry.functions(product.kind))
    shown: set[str] = set()
    for argument, read in product.reads.items():
        shown |= _check_read(record, f"{where}.reads.{read.kind}", argument, read.kind, read.name)
    for fitter in product.curves:
        check_known(f"{where}.curves", "fitter", fitter, shown)
    for path in product.shown_by:
        known = [own.path for own in record.products() if own.kind != "findings"]
        check_known(f"{where}.shown_by", "figure or table", path, known)
    given = dict.fromkeys(product.reads)
    given |= {} if product.kind == "findings" else {"curves": None}
    check_call(where, registry.function(product.kind, product.module), given, product.options)


def _check_read(record: Record, where: str, argument: str, kind: str, name: str) -> set[str]:
    """Check that what is read is made; return the fitters that it shows."""
    if kind == "reported":
        check_known(where, "table", name, [CLAIMS])
        return set()
    section = SECTIONS[kind]
    check_known(where, section.removesuffix("s"), name, getattr(record, section))
    if section == "contests":
        return set(record.contests[name].rivals)
    return set(record.experiments[name].fitters) if section == "experiments" else set()


def _check_probe(record: Record, where: str, probe: Probe) -> None:
    """Check a probe's module, experiment, fitters, and that what it measures has its options."""
    check_known(f"{where}.measure", "probe", probe.measure, registry.functions("probes"))
    check_known(f"{where}.experiment", "experiment", probe.experiment, record.experiments)
    experiment = record.experiments[probe.experiment]
    model = components.build_model(experiment.model)
    _check_needs(f"{where}.measure", probe.measure, registry.needs("probes", probe.measure), model)
    blocks = model.blocks(components.build_dataset(grid(experiment).first().data).shape)
    for name, own in probe.fitters.items():
        _check_fitter(f"{where}.fitters.{name}", own, model, blocks)
    measure = registry.function("probes", probe.measure)
    check_call(where, measure, {"scene": None}, probe.options)
    for option, value in probe.options.items():
        if isinstance(value, str):  # a probe's only texts are names of its fitters
            check_known(f"{where}.options.{option}", "fitter", value, probe.fitters)


def _check_audit(record: Record) -> None:
    known = record.experiments
    for name in record.audit.theory:
        check_known("audit.theory", "experiment", name, known)
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


def check_known(where: str, what: str, name: str, known: Iterable[str]) -> None:
    """Raise ConfigError, suggesting the nearest, for a name that there is not."""
    if name not in known:
        raise ConfigError(f"{where}: no {what} named {name!r}{registry.nearest(name, known)}")
