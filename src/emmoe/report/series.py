"""Numbers and lines as the page draws them."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from emmoe.figures._shared.palette import Look

POINTS = 201  # of a curve, at most
DIGITS = 4  # more than a screen tells apart

Values = list[float | None]


class Line(Struct, frozen=True):
    """How a line is called and drawn; dash: lengths of dashes and gaps in points."""

    label: str
    colour: str
    dash: list[float]


class Curve(Struct, frozen=True):
    """What a line shows: x by currency; y by metric, and its standard deviation sd, over so many
    replicates; instances: currency and metrics of some single runs."""

    x: dict[str, Values]
    y: dict[str, Values]
    sd: dict[str, Values]
    replicates: int
    instances: list[dict[str, Values]]


Curves = dict[str, Curve]  # by fitter or rival


class Panels(Struct, frozen=True, omit_defaults=True):
    """A panel for each metric; experiment: whose curves, or of which problem of a contest; lines:
    by fitter or rival."""

    experiment: str
    metrics: list[str]
    lines: dict[str, Line]
    title: str = ""


class Metric(Struct, frozen=True):
    """What an axis says of a metric."""

    name: str
    meaning: str
    unit: str


def short(values: Iterable[float], digits: int = DIGITS) -> Values:
    """Return numbers with so many digits, None for what is missing."""
    return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in values]


def thinned(length: int) -> Sequence[int]:
    """Return up to POINTS positions, the denser the earlier: curves bend at their beginning."""
    if length <= POINTS:
        return range(length)
    return np.unique(((length - 1) * np.linspace(0, 1, POINTS) ** 2).round().astype(int))


def lines_of(labels: Mapping[str, str], looks: Mapping[str, Look]) -> dict[str, Line]:
    """Return how each line is called and drawn, as in the static figures."""
    return {
        name: Line(label, looks[name].colour, _dash(looks[name])) for name, label in labels.items()
    }


def _dash(look: Look) -> list[float]:
    """A line style as lengths of dashes and gaps in points; empty for a solid line."""
    return [] if look.line == "-" else [look.width * length for length in look.line[1]]
