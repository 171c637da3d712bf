"""Numbers and lines as the page draws them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from emmoe.figures._shared.style import Look

POINTS = 201  # of a curve, at most
DIGITS = 4  # more than a screen tells apart


def short(values: Iterable[float]) -> list[float | None]:
    """Return numbers with DIGITS digits, None for what is missing."""
    return [float(f"{v:.{DIGITS}g}") if np.isfinite(v) else None for v in values]


def thinned(length: int) -> Sequence[int]:
    """Return up to POINTS positions, the denser the earlier: curves bend at their beginning."""
    if length <= POINTS:
        return range(length)
    return np.unique(((length - 1) * np.linspace(0, 1, POINTS) ** 2).round().astype(int))


def lines_of(labels: Mapping[str, str], looks: Mapping[str, Look]) -> dict[str, dict[str, Any]]:
    """Return how each line is called and drawn, as in the static figures."""
    return {
        name: {"label": label, "colour": looks[name].colour, "dash": _dash(looks[name])}
        for name, label in labels.items()
    }


def _dash(look: Look) -> list[float]:
    """A line style as lengths of dashes and gaps in points; empty for a solid line."""
    return [] if look.line == "-" else [look.width * length for length in look.line[1]]
