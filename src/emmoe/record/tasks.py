"""Tasks: all that the numbers of a job depend on, downloads and code apart.

A task is what provenance records and what staleness is decided by; it names no path and no other
job. `emmoe.lab` runs tasks, `emmoe.jobs` makes them from the record.
"""

from msgspec import Struct

from emmoe.record.entries import Component, Fitter, Phases, Rival
from emmoe.record.values import Settings


class Cell(Struct, frozen=True):
    """One setting of the data: its short name, for paths and tables; the data set with all its
    settings; key: the model's and the data's settings as text, from which the seeds derive."""

    name: str
    data: Component
    key: str


class FitTask(Struct, frozen=True):
    """Fitters on a block of cells and replicates. A fitter's own `replicates` (the first so many of
    the experiment's) and `iterations` are always set here."""

    seed: int
    model: Component
    start: Component
    cells: tuple[Cell, ...]
    replicates: tuple[int, ...]
    fitters: dict[str, Fitter]
    tolerance: float | None
    rows: str
    analyses: tuple[str, ...]


class ProbeTask(Struct, frozen=True):
    """A measurement on a replicate of an experiment's cell."""

    seed: int
    model: Component
    start: Component
    cells: tuple[Cell, ...]
    replicate: int
    measure: str
    fitters: dict[str, Fitter]
    iterations: int
    options: Settings


class ContestTask(Struct, frozen=True):
    """All rivals of a contest, on all its cells; facts: a row a cell for the table."""

    contest: str
    seed: int
    model: Component
    start: Component
    cells: tuple[Cell, ...]
    facts: tuple[Settings, ...]
    replicates: Phases
    passes: int
    tolerance: float | None
    timings: int
    targets: dict[str, float | str | dict[str, float]]
    rivals: dict[str, Rival]
