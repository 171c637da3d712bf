"""Small panels of mixtures of experts, one a sample, and how its experts and criteria look."""

from collections.abc import Collection

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emmoe.figures._shared import style

# Okabe and Ito (2008); an expert's colour, line and marker tell it apart in grey too.
EXPERTS = [
    style.Look("#0072B2", "-", "o"),
    style.Look("#D55E00", (0, (5, 1)), "^"),
    style.Look("#009E73", (0, (2, 1)), "s"),
    style.Look("#CC79A7", (0, (5, 1, 1, 1)), "D"),
    style.Look("#E69F00", (0, (1, 1)), "v"),
    style.Look("#56B4E9", (0, (8, 1)), "X"),
]


def panels(names: Collection[str], above: float) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a panel a name, two beside each other; above: inches for the rest."""
    rows = -(-len(names) // 2)
    figure = style.column(above + 1.3 * rows)
    grid = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    found = dict(zip(names, grid, strict=False))
    for name, axes in found.items():
        axes.set_title(name)
    return figure, found
