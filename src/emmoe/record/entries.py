"""What the experiment record holds, once read, expanded and checked: typed and frozen.

A component (a model, a data set, a start law) and an algorithm are named; their settings are
checked by their own dataclasses (`record.components`), so that a new one needs no change here.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from emmoe.record.searches import Calibration
from emmoe.record.values import Count, Exponent, Goal, Positive, Replicates, Seed, Settings

Target = Literal["figures", "sweep", "paper"]
ReadKind = Literal["summary", "runs", "trace", "table", "probe", "costs", "seconds", "reported"]
KINDS = ("figures", "tables", "findings")  # of products
LIMITS = ("replicates", "iterations")  # a fitter's own, where it has fewer
UNWRITTEN = ("name", "study")


class Component(Struct, frozen=True):
    """A model, a data set or a start law by its module's name, with its settings."""

    name: str
    settings: Settings = {}


class Fitter(Struct, frozen=True, omit_defaults=True):
    """An algorithm with its settings; replicates and iterations: its own, where it has fewer than
    its experiment."""

    algorithm: str
    settings: Settings = {}
    replicates: Replicates | None = None
    iterations: Count | None = None


class Rival(Struct, frozen=True, omit_defaults=True):
    """A fitter of a contest; doublings: the grid of its step (`emmoe.record.step_grid`), which the
    contest widens until no choice lies on its edge."""

    algorithm: str
    settings: Settings = {}
    doublings: list[Exponent] | dict[str, list[Exponent]] | None = None


class Experiment(Struct, frozen=True):
    """Fitters run on the cells of a data set, over replicates, from common starts.

    study: the file of the record that it stands in; seed: its own, else the record's; together:
    all its fits, and what gathers them, in one job."""

    name: str
    study: str
    seed: Seed
    model: Component
    data: Component
    start: Component
    replicates: Replicates
    replicates_per_block: Count
    iterations: Count
    fitters: Annotated[dict[str, Fitter], Meta(min_length=1)]
    cells_per_block: Count = 1
    tolerance: Positive | None = None
    rows: Literal["all", "sparse"] = "all"
    analyses: tuple[str, ...] = ()
    together: bool = False


def written(experiment: Experiment) -> Settings:
    """Return an experiment as the record's files write it, with what they may leave out."""
    components = ((part, getattr(experiment, part)) for part in ("model", "data", "start"))
    parts = {part: {"name": own.name, **own.settings} for part, own in components}
    fitters = {
        name: {"algorithm": own.algorithm, **own.settings}
        | {limit: v for limit in LIMITS if (v := getattr(own, limit)) is not None}
        for name, own in experiment.fitters.items()
    }
    plain = {n: getattr(experiment, n) for n in experiment.__struct_fields__ if n not in UNWRITTEN}
    return plain | parts | {"analyses": list(experiment.analyses), "fitters": fitters}


class Phases(Struct, frozen=True):
    """A count for the tuning and one for the comparison of a contest."""

    tuning: Replicates
    comparison: Replicates


class Contest(Struct, frozen=True):
    """Rivals on the same samples from the same starts, tuned on replicates of their own.

    passes: that a run may spend; targets: by name, what to reach (`emmoe.evidence.reach`); timings:
    how often the comparison is run for the clock; together: all of a study that say so in one job.
    """

    name: str
    study: str
    seed: Seed
    model: Component
    data: Component
    start: Component
    replicates: Phases
    passes: Count
    targets: Annotated[dict[str, Goal], Meta(min_length=1)]
    rivals: Annotated[dict[str, Rival], Meta(min_length=1)]
    tolerance: Positive | None = None
    timings: Count = 1
    together: bool = False


class Probe(Struct, frozen=True):
    """What a module of measures/probes measures on a replicate of an experiment's cell, by default
    the first replicate of the first cell.

    together: all of its measure that say so in one job."""

    name: str
    study: str
    measure: str
    experiment: str
    cell: str = ""
    replicate: Annotated[int, Meta(ge=0)] = 0
    iterations: Count | None = None
    fitters: dict[str, Fitter] = {}
    options: Settings = {}
    together: bool = False


class Read(Struct, frozen=True):
    """A table that a product reads: its kind, and the name of what it is of (an experiment, a
    table, a probe or a contest; the claims for "reported")."""

    kind: ReadKind
    name: str


class Product(Struct, frozen=True):
    """A figure, table or finding: the module that makes it, what it reads by argument, and its
    options; curves: fitter -> label. title, caption: of a figure or table in the report, its
    module's own if none is given. shown_by: the figures and tables that show a finding; importance:
    its place among those that the report tells first."""

    kind: Literal["figures", "tables", "findings"]
    name: str
    study: str
    target: Target
    module: str
    reads: dict[str, Read]
    curves: dict[str, str] = {}
    options: Settings = {}
    shown_by: tuple[str, ...] = ()
    title: str = ""
    caption: str = ""
    importance: Count | None = None

    @property
    def path(self) -> str:
        """Its kind and name, as findings name it: figures/figure_1."""
        return f"{self.kind}/{self.name}"


class Download(Struct, frozen=True):
    """Where a data set's files come from, and what they must be: file -> checksum and size."""

    sources: Annotated[tuple[str, ...], Meta(min_length=1)]
    files: dict[str, "Checksum"]


class Checksum(Struct, frozen=True):
    """SHA-256, and size in bytes."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: Count


class AuditedRun(Struct, frozen=True):
    """What the audit sets beside the claims of a model: an experiment, the same from a second seed,
    its fitters, further settings to search among, and what the settings were fitted to."""

    run: str
    again: str
    fitters: tuple[str, ...]
    target: Literal["figures", "paper"]
    fitted_to: Literal["all", "calibration"]
    tries: dict[str, tuple[str, ...]] = {}


class Audit(Struct, frozen=True):
    """runs: by the claims' model; by scope, theory: experiments, contests: tables of verdicts,
    theorems: small data sets to search for counterexamples."""

    runs: dict[str, AuditedRun] = {}
    theory: dict[str, tuple[str, ...]] = {}
    contests: dict[str, tuple[str, ...]] = {}
    theorems: dict[Literal["figures", "paper"], Count] = {}


class Folders(Struct, frozen=True):
    """Where results go, and downloaded files."""

    results: str
    downloads: str


class Record(Struct, frozen=True):
    """The whole record; inferred: dotted path of a setting -> why it was chosen."""

    seed: Seed
    folders: Folders
    downloads: dict[str, Download]
    experiments: dict[str, Experiment]
    contests: dict[str, Contest]
    probes: dict[str, Probe]
    figures: dict[str, Product]
    tables: dict[str, Product]
    findings: dict[str, Product]
    audit: Audit
    calibration: Calibration
    inferred: dict[str, str]

    def products(self) -> Iterator[Product]:
        """Yield all figures, tables and findings, in the record's order."""
        for kind in KINDS:
            yield from getattr(self, kind).values()
