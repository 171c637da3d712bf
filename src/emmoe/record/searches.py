"""What the record says of the calibration: which settings are searched, and how they are judged."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from emmoe.record.values import Count, Positive, Seed, Settings

Range = Annotated[tuple[Positive, ...], Meta(min_length=2, max_length=2)]
Sizes = Annotated[tuple[Positive, ...], Meta(min_length=1)]
Counts = Annotated[tuple[Count, ...], Meta(min_length=1)]
Iteration = Annotated[int, Meta(ge=0)]


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a simulation is."""

    replicates: Annotated[int, Meta(ge=2)]
    iterations: Count


class DataSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """The search of data and start: how many points are drawn from which ranges, how many of the
    accepted ones are kept for the steps, and how many a job simulates."""

    draws: Annotated[int, Meta(ge=0)]
    kept: Count
    per_part: Count
    ranges: dict[str, Range]


class Draws(Struct, frozen=True, forbid_unknown_fields=True):
    """Draws a round: of a step by block, and of one for all blocks."""

    separate: Count
    equal: Annotated[int, Meta(ge=0)]


class StepSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """The search of an algorithm's steps; reach: inner steps times step, by block."""

    inner_steps: Counts
    reach: dict[str, Range]
    draws: Draws


class StepGrid(Struct, frozen=True, forbid_unknown_fields=True):
    """A grid of steps: by inner steps and reach, or by step; gate_ratio: the gate's step over the
    experts'; per_part: settings a job."""

    gate_ratio: Sizes
    per_part: Count
    inner_steps: tuple[Count, ...] = ()
    reach: tuple[Positive, ...] = ()
    step: tuple[Positive, ...] = ()


class Search(Struct, frozen=True):
    """A family of settings: the experiment that they change, the figures whose curves judge them,
    the iterations that accept by figure, and what is searched."""

    experiment: str
    figures: Annotated[tuple[str, ...], Meta(min_length=1)]
    calibration: dict[str, Annotated[tuple[Iteration, ...], Meta(min_length=1)]]
    instances: Annotated[int, Meta(ge=2)]
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)]
    changes: Settings = {}
    tolerance: Positive | None = None
    passes: Literal["all", "any"] = "all"
    data: DataSearch | None = None
    steps: dict[str, StepSearch] = {}
    grids: dict[str, StepGrid] = {}


class Calibration(Struct, frozen=True):
    """level: of every test; fresh: seeds on which the winners are simulated anew; families: what
    is searched, by name."""

    level: Annotated[float, Meta(gt=0, lt=1)] = 0.01
    fresh: tuple[Seed, ...] = ()
    families: dict[str, Search] = {}
