"""A family of settings that the calibration searches, as the record declares it."""

from msgspec import Struct, convert
from msgspec.structs import replace

from emmoe.record.entries import Component, Experiment, Record, Settings

Range = tuple[float, float]


class Stage(Struct, frozen=True):
    """How long a simulation is."""

    replicates: int
    iterations: int


class DataSearch(Struct, frozen=True):
    """The search of data and start: how many points are drawn from which ranges, how many of the
    accepted ones are kept for the steps, and how many a job simulates."""

    draws: int
    kept: int
    per_part: int
    ranges: dict[str, Range]


class StepSearch(Struct, frozen=True):
    """The search of an algorithm's steps: inner steps; reach (inner steps times step) by block;
    draws a round, of a step a block ("separate") and of one for both ("equal")."""

    inner_steps: tuple[int, ...]
    reach: dict[str, Range]
    draws: dict[str, int]


class Grid(Struct, frozen=True):
    """A grid of steps: by inner steps and reach, or by step; gate_ratio: the gate's step over the
    experts'; per_part: settings a job."""

    gate_ratio: tuple[float, ...]
    per_part: int
    inner_steps: tuple[int, ...] = ()
    reach: tuple[float, ...] = ()
    step: tuple[float, ...] = ()


class Family(Struct, frozen=True):
    """What is searched, and how it is judged; base: the experiment that it starts from, as changed
    by the family; calibration: the iterations that accept, by figure; level: of every test."""

    name: str
    seed: int
    level: float
    base: Experiment
    figures: tuple[str, ...]
    calibration: dict[str, tuple[int, ...]]
    instances: int
    stages: tuple[Stage, ...]
    passes: str = "all"
    data: DataSearch | None = None
    steps: dict[str, StepSearch] = {}
    grids: dict[str, Grid] = {}


def family(record: Record, name: str) -> Family:
    """Return a family of a record."""
    own = dict(record.calibration[name])
    experiment = record.experiments[own.pop("experiment")]
    changes: Settings = own.pop("changes", {})
    data = Component(experiment.data.name, {**experiment.data.settings, **changes})
    base = replace(experiment, data=data, tolerance=own.pop("tolerance", None), analyses=())
    common = {"name": name, "seed": record.seed, "level": record.calibration["level"]}
    return convert({**own, **common, "base": base}, Family, strict=False)


def families(record: Record) -> dict[str, Family]:
    """Return all families of a record, which may have none."""
    return {name: family(record, name) for name in record.calibration if name != "level"}
