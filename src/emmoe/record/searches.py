"""What the record says of the calibration: which settings are searched, and how they are judged."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from emmoe.record.values import Count, Positive, Seed, Settings

Range = Annotated[tuple[Positive, ...], Meta(min_length=2, max_length=2)]
Sizes = Annotated[tuple[Positive, ...], Meta(min_length=1)]
Counts = Annotated[tuple[Count, ...], Meta(min_length=1)]
Iteration = Annotated[int, Meta(ge=0)]
Choice = Literal["angle", "cosine_beta", "cosine_w"]
Chosen = Annotated[tuple[float | Literal["random"], ...], Meta(min_length=1)]


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a simulation is."""

    replicates: Annotated[int, Meta(ge=2)]
    iterations: Count


class DataSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """The search of data and start: how many points are drawn from which ranges and choices (each
    combination of these about equally often), how many of the accepted ones are kept for the steps,
    and how many a job simulates."""

    draws: Annotated[int, Meta(ge=0)]
    kept: Count
    per_part: Count
    ranges: dict[str, Range]
    choices: dict[Choice, Chosen] | UnsetType = UNSET  # left out where there are none, as halving


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


class Rung(Stage, frozen=True, forbid_unknown_fields=True):
    """A stage on the first `images` of the training set, after which the nearest `points` of a
    bracket go on, each with the nearest `settings` of every algorithm."""

    images: Count
    points: Count
    settings: Count


class Choices(Struct, frozen=True, forbid_unknown_fields=True):
    """What a data point is drawn from, each value equally often; intercept: whether gate and
    experts have one; ridge: penalty / 2 times |theta|^2, added to the mean loss."""

    train_size: Counts
    start_variance: Sizes
    ridge: Annotated[tuple[Annotated[float, Meta(ge=0)], ...], Meta(min_length=1)]
    intercept: Annotated[tuple[bool, ...], Meta(min_length=1)]


class DrawnSteps(Struct, frozen=True, forbid_unknown_fields=True):
    """The steps of an algorithm: `draws` a data point; reach and gate_ratio: as in StepGrid, here
    ranges."""

    draws: Count
    inner_steps: Counts
    reach: Range
    gate_ratio: Range


class Halving(Struct, frozen=True, forbid_unknown_fields=True):
    """Data points drawn, and in brackets of `bracket` (a job each) halved rung by rung; the last
    stage of the search follows, on all images of a point."""

    points: Count
    bracket: Count
    choices: Choices
    steps: dict[Literal["em", "one_step"], DrawnSteps]
    rungs: Annotated[tuple[Rung, ...], Meta(min_length=1)]


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
    halving: Halving | UnsetType = UNSET  # left out where it is not: kept stamps are without it


class Calibration(Struct, frozen=True):
    """level: of every test; fresh: seeds on which the winners are simulated anew; families: what
    is searched, by name."""

    level: Annotated[float, Meta(gt=0, lt=1)] = 0.01
    fresh: tuple[Seed, ...] = ()
    families: dict[str, Search] = {}
