"""Checks what a product reads against what its function says that it takes (`Reads`)."""

import inspect
import typing
from collections.abc import Callable, Collection, Iterator
from importlib import import_module

from emmoe.record import registry
from emmoe.record.cells import grid, normalised
from emmoe.record.check_options import file_of, hints_of, marks
from emmoe.record.components import build_dataset, build_model
from emmoe.record.entries import Contest, Experiment, Product, Read, Record
from emmoe.record.plan import limit
from emmoe.record.reads import Reads
from emmoe.store.errors import ConfigError

GATHERED = ("summary", "runs", "trace")  # of an experiment
CONTESTS = ("costs", "seconds")
# What all tables of runs and all traces have; models, analyses and the data's settings add to it.
RUNS = {"experiment", "cell", "fitter", "replicate", "status", "iterations", "loss"}
RUNS |= {"gradient_norm", "reason", "model", "start"}
TRACE = {"experiment", "cell", "fitter", "replicate", "iteration", "passes", "flops", "status"}
TRACE |= {"loss", "gradient_norm"}
OF_TRUTH, OF_VALIDATION = ("excess_loss_to_truth", "relative_error_"), "validation_"


def check_reads(record: Record, where: str, entry: Product, function: Callable) -> None:
    """Raise ConfigError for a table that is not one of those that its argument takes, or for which
    what is needed is not made."""
    hints, shown = hints_of(function), set()
    for argument, read in entry.reads.items():
        hint = hints.get(argument, _of_any_name(function))
        wanted = next((mark for mark in marks(hint) if isinstance(mark, Reads)), None)
        if wanted is not None:
            place = f"{where}.reads.{read.kind}"
            _check_kind(record, place, argument, read, wanted, file_of(function))
            if read.kind in GATHERED:
                _check_gathered(place, record.experiments[read.name], read.kind, wanted)
                shown |= set(record.experiments[read.name].fitters)
            elif read.kind in CONTESTS:
                _check_columns(place, read.name, wanted.columns, _of_contest(record, read.name))
            if wanted.otherwise and not entry.curves and wanted.otherwise not in shown:
                said = f"{read.name} has no fitter {wanted.otherwise!r}: name others in curves"
                raise ConfigError(f"{place}: {said}")


def _of_any_name(function: Callable) -> object:
    """The annotation of a function's arguments of any name, its ** one."""
    parameters = inspect.signature(function).parameters.values()
    found = (own.name for own in parameters if own.kind is own.VAR_KEYWORD)
    return hints_of(function).get(next(found, ""))


def _check_kind(
    record: Record, where: str, argument: str, read: Read, wanted: Reads, file: str
) -> None:
    kinds = (wanted.kinds,) if isinstance(wanted.kinds, str) else wanted.kinds
    if read.kind not in kinds:
        raise ConfigError(f"{where}: {file} takes {argument!r} as {' or '.join(kinds)}")
    if not wanted.of:
        return
    made = {"table": lambda: record.tables[read.name].module,
            "probe": lambda: record.probes[read.name].measure}[read.kind]()  # fmt: skip
    if made != wanted.of:
        said = f"{file} takes {argument!r} of {wanted.of!r}, and {read.name} is of {made!r}"
        raise ConfigError(f"{where}: {said}")


def _check_gathered(where: str, own: Experiment, kind: str, wanted: Reads) -> None:
    for name in wanted.fitters:
        if not any(_is_called(fitter, name) for fitter in own.fitters):
            raise ConfigError(f"{where}: {own.name} has no fitter {name!r}, which is needed")
    _check_columns(where, own.name, wanted.columns, set(_columns(own, kind)))
    if wanted.one_cell and len(grid(own)) > 1:
        raise ConfigError(f"{where}: {own.name} has {len(grid(own))} cells: read one that has one")
    if not wanted.whole:
        return
    if own.rows != "all" or own.tolerance is not None:
        raise ConfigError(f"{where}: {own.name} does not keep all iterations of all runs: it takes "
                          "one with rows: all and no tolerance")  # fmt: skip
    for fitter in wanted.fitters:
        if (most := limit(own, fitter, "iterations")) < wanted.whole:
            said = f"{fitter} of {own.name} has {most} iterations, {wanted.whole} are needed"
            raise ConfigError(f"{where}: {said}")


def _is_called(fitter: str, name: str) -> bool:
    return fitter.startswith(name[:-1]) if name.endswith("*") else fitter == name


def _check_columns(where: str, name: str, wanted: Collection[str], found: set[str]) -> None:
    for column in wanted:
        if column not in found:
            hint = next(_analyses_with(column), "")
            said = f": turn on its analysis {hint!r}" if hint else ""
            raise ConfigError(f"{where}: what is made of {name} has no {column!r}{said}")


def _analyses_with(column: str) -> Iterator[str]:
    for name in registry.functions("analyses"):
        if column in _added(name):
            yield name


def _added(analysis: str) -> list[str]:
    module = import_module(f"{registry.folder('analyses')}.{analysis}")
    return [column.name for column in module.COLUMNS]


def _columns(own: Experiment, kind: str) -> Iterator[str]:
    """The columns of an experiment's table of runs or trace, or its summary's metrics."""
    if kind == "runs":
        yield from (*RUNS, *grid(own).first().data.settings)
        yield from normalised(own.model, build_model(own.model))
        for analysis in own.analyses:
            yield from _added(analysis)
    else:
        yield from (*TRACE, "excess_loss_to_final")
        yield from _measured(own)


def _of_contest(record: Record, name: str) -> set[str]:
    return {"passes", "iteration", "loss", *_measured(record.contests[name])}


def _measured(own: Experiment | Contest) -> Iterator[str]:
    """What a model measures of a state, given the data's truth and held-out samples."""
    first = grid(own).first().data
    truth = build_dataset(first).has_truth
    for name in (OF_TRUTH[0], *(column.name for column in build_model(own.model).columns)):
        known = truth or not name.startswith(OF_TRUTH)
        if known and (not name.startswith(OF_VALIDATION) or first.settings.get("validation_size")):
            yield name


def runs_of(record: Record, entry: Product) -> list[Experiment]:
    """Return the experiments whose tables a product reads, through tables of tables too."""
    found = []
    for read in entry.reads.values():
        if read.kind in GATHERED:
            found.append(record.experiments[read.name])
        elif read.kind == "table":
            found += runs_of(record, record.tables[read.name])
    return found


Check = typing.Callable[[Record, Product], None]


def check_own(record: Record, where: str, entry: Product) -> None:
    """Run a module's own check of its entry, if it has one; it raises ValueError for a mistake."""
    module = import_module(f"{registry.folder(entry.kind)}.{entry.module}")
    own: Check = getattr(module, "check", lambda record, entry: None)
    try:
        own(record, entry)
    except ValueError as error:
        raise ConfigError(f"{where}.{error}") from None
