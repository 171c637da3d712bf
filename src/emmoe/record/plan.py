"""What each job is to do: its task, from the entries of the record."""

from collections.abc import Sequence

from emmoe.record.cells import grid, normalised
from emmoe.record.components import build_model
from emmoe.record.entries import Contest, Experiment, Fitter, Record
from emmoe.record.registry import check_known
from emmoe.record.tasks import Cell, ContestTask, FitTask, ProbeTask
from emmoe.record.values import Settings, Value


def limit(experiment: Experiment, fitter: str, name: str) -> int:
    """Return a fitter's own number of "replicates" or "iterations", else the experiment's."""
    own = getattr(experiment.fitters[fitter], name)
    return getattr(experiment, name) if own is None else own


def blocks_of(experiment: Experiment, fitter: str) -> list[str]:
    """Return the names of the blocks that hold a replicate of the fitter."""
    total, found = limit(experiment, fitter, "replicates"), grid(experiment)
    return [name for name in found.names if found.replicates(name).start < total]


def facts(entry: Experiment | Contest) -> list[dict[str, Value]]:
    """Return what a cell's runs are of: model and its settings, start law, data settings."""
    model = normalised(entry.model, build_model(entry.model))
    names = {"model": model.pop("name"), "start": entry.start.name} | model
    return [{"cell": cell.name, **names, **cell.data.settings} for cell in grid(entry).cells()]


def fit_task(experiment: Experiment, fitters: Sequence[str], block: str) -> FitTask:
    """Return the task of some fitters on a block."""
    chosen = grid(experiment).block(block)
    return FitTask(
        seed=experiment.seed,
        model=experiment.model,
        start=experiment.start,
        cells=chosen.cells,
        replicates=tuple(chosen.replicates),
        fitters={name: _limited(experiment, name, chosen.replicates.stop) for name in fitters},
        tolerance=experiment.tolerance,
        rows=experiment.rows,
        analyses=experiment.analyses,
    )


def _limited(experiment: Experiment, name: str, end: int) -> Fitter:
    """A fitter with its limits; replicates beyond the block's end don't count, so that more of
    them leave its task as it is."""
    own = experiment.fitters[name]
    replicates = min(end, limit(experiment, name, "replicates"))
    return Fitter(own.algorithm, own.settings, replicates, limit(experiment, name, "iterations"))


def probe_task(record: Record, name: str) -> ProbeTask:
    """Return the task of a probe."""
    entry = record.probes[name]
    experiment = record.experiments[entry.experiment]
    return ProbeTask(
        seed=experiment.seed,
        model=experiment.model,
        start=experiment.start,
        cells=(_cell(experiment, entry.cell, f"probes.{name}.cell"),),
        replicate=entry.replicate,
        measure=entry.measure,
        fitters=entry.fitters,
        iterations=entry.iterations or experiment.iterations,
        options=entry.options,
    )


def _cell(experiment: Experiment, name: str, where: str) -> Cell:
    """The cell of that name, or the first one."""
    if not name:
        return grid(experiment).first()
    cells = {cell.name: cell for cell in grid(experiment).cells()}
    check_known(where, "cell", name, cells)
    return cells[name]


def contest_task(contest: Contest) -> ContestTask:
    """Return the task of a contest."""
    known: list[Settings] = [
        {name: value for name, value in fact.items() if name != "cell"} for fact in facts(contest)
    ]
    return ContestTask(
        contest=contest.name,
        seed=contest.seed,
        model=contest.model,
        start=contest.start,
        cells=tuple(grid(contest).cells()),
        facts=tuple(known),
        replicates=contest.replicates,
        passes=contest.passes,
        tolerance=contest.tolerance,
        timings=contest.timings,
        targets=contest.targets,
        rivals=contest.rivals,
    )
