"""What a product's function takes, said in its annotations: `emmoe check` holds entries to it.

A table is `Annotated[pd.DataFrame, Reads(...)]`; an option has the type of what YAML may hold, with
marks where its values are names. What types can't say, a module says in `check(record, entry)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import pandas as pd
from msgspec import Meta

from emmoe.record.values import Goal


@dataclass(frozen=True)
class Reads:
    """A table that an argument takes.

    kinds: how it may be read; of: the module that builds that table, or measures that probe.
    Of an experiment's tables: columns that it must have (of a summary: metrics); fitters that must
    be in it, "nesterov*" being any whose name begins so; else: the fitter meant where `curves` is
    empty; one_cell: it holds one; whole: every run has all its iterations, and at least so many."""

    kinds: tuple[str, ...] | str
    of: str = ""
    columns: Sequence[str] = ()
    fitters: tuple[str, ...] = ()
    otherwise: str = ""
    one_cell: bool = False
    whole: int = 0


@dataclass(frozen=True)
class Rival:
    """Marks the name of a rival of the contests that are read: of each, or else of any of them;
    shown: it has a label in `curves`."""

    each: bool = False
    shown: bool = False


class Declared:
    """Marks targets: each of the contests that are read has been tuned for them."""


class Clock:
    """Marks a currency: one that a clock measures is in the contests' `seconds` only."""


Reported = Annotated[pd.DataFrame, Reads("reported")]
Contest = Annotated[pd.DataFrame, Reads(("costs", "seconds"))]
Timed = Annotated[pd.DataFrame, Reads("seconds")]
Curves = Annotated[Mapping[str, str], Meta(min_length=1)]
Targets = Annotated[dict[str, Goal], Meta(min_length=1), Declared()]
Currency = Annotated[Literal["iteration", "passes", "flops", "cpu_seconds"], Clock()]
Currencies = Annotated[tuple[Currency, ...], Meta(min_length=1)]
