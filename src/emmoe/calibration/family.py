"""A family of settings that the calibration searches, with the experiment it starts from."""

from msgspec import Struct
from msgspec.structs import replace

from emmoe.record.entries import Component, Experiment, Record
from emmoe.record.searches import Search


class Family(Struct, frozen=True):
    """What is searched, and how it is judged; base: the experiment that it starts from, as changed
    by the search; level: of every test."""

    name: str
    seed: int
    level: float
    base: Experiment
    search: Search


def family(record: Record, name: str) -> Family:
    """Return a family of a record."""
    search = record.calibration.families[name]
    experiment = record.experiments[search.experiment]
    data = Component(experiment.data.name, {**experiment.data.settings, **search.changes})
    base = replace(
        experiment, data=data, tolerance=search.tolerance, analyses=(), cells_per_block=1,
        rows="all", seed=record.seed,
    )  # fmt: skip
    return Family(name, record.seed, record.calibration.level, base, search)


def families(record: Record) -> dict[str, Family]:
    """Return all families of a record, which may have none."""
    return {name: family(record, name) for name in record.calibration.families}
