"""One heat map over the SNR plane: a cell a pair of norms, |w*| to the right, |beta*| upwards.

A panel's values are arrays (rows, columns) = (norms of beta*, norms of w*), both ascending.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from emmoe.figures._shared.sweep import INK

TINY = 7.0  # points, in the cells and beside them
EMPTY = "0.95"  # a cell without a value, lighter than any colour of the scales
DASH = {"ls": "", "marker": "_", "ms": 5, "mec": INK, "mew": 0.8}
DOT = {"ls": "", "marker": "o", "ms": 3.2, "mfc": "white", "mec": INK, "mew": 0.6}
CROSS = {"ls": "", "marker": "X", "ms": 5, "mfc": "white", "mec": INK, "mew": 0.6}
HATCHED = {"facecolor": "white", "edgecolor": "0.45", "hatch": "/////", "lw": 0.6}


@dataclass(frozen=True)
class Grid:
    """The norms of the plane, ascending."""

    norm_beta: tuple[float, ...]
    norm_w: tuple[float, ...]


@dataclass(frozen=True)
class Scale:
    """A colour scale: one for all panels that share it; ticks: whether it has any value."""

    norm: Normalize
    cmap: str
    label: str
    ticks: bool = True

    def colours(self) -> ScalarMappable:
        return ScalarMappable(self.norm, colormaps[self.cmap])

    def ink(self, value: float) -> str:
        """Return the colour, black or white, that is legible on a value's."""
        red, green, blue, _ = self.colours().to_rgba(value)
        return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def log_scale(values: Sequence[np.ndarray], cmap: str, label: str, lowest: float = 0.0) -> Scale:
    """Return a logarithmic scale over all positive values, cut at `lowest`."""
    known = np.concatenate([np.ravel(v) for v in values])
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return Scale(LogNorm(0.1, 1), cmap, f"{label}: no value", ticks=False)
    low, high = max(known.min(), lowest), known.max()
    if not high > 1.05 * low:
        low, high = low / 1.25, low * 1.25
    return Scale(LogNorm(low, high, clip=True), cmap, label)


def share_scale(cmap: str, label: str) -> Scale:
    """Return the scale of a probability."""
    return Scale(Normalize(0, 1), cmap, label)


def _shown(values: np.ndarray, scale: Scale) -> np.ma.MaskedArray:
    shown = np.ma.masked_invalid(values)
    return np.ma.masked_less_equal(shown, 0) if isinstance(scale.norm, LogNorm) else shown


def panel(axes: Axes, grid: Grid, values: np.ndarray, scale: Scale) -> None:
    """Draw a heat map; a cell whose value is missing, or not positive on a log scale, is grey."""
    rows, columns = values.shape
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    axes.set_facecolor(EMPTY)
    axes.pcolormesh(
        *edges, _shown(values, scale), norm=scale.norm, cmap=scale.cmap, edgecolors="none"
    )
    lines = {"color": "white", "lw": 0.6, "zorder": 1.5}
    axes.hlines(edges[1], -0.5, columns - 0.5, **lines)
    axes.vlines(edges[0], -0.5, rows - 0.5, **lines)
    axes.set_xlim(edges[0][[0, -1]])
    axes.set_ylim(edges[1][[0, -1]])
    axes.set_xticks(range(columns), [f"{norm:g}" for norm in grid.norm_w], fontsize=TINY)
    axes.set_yticks(range(rows), [f"{norm:g}" for norm in grid.norm_beta], fontsize=TINY)
    axes.tick_params(length=0, pad=2.5)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def write(axes: Axes, values: np.ndarray, scale: Scale, texts: np.ndarray) -> None:
    """Write a text into every cell that has a value."""
    for row, column in np.argwhere(~np.ma.getmaskarray(_shown(values, scale))):
        axes.text(
            column, row, texts[row, column], ha="center", va="center_baseline", fontsize=TINY,
            color=scale.ink(values[row, column]), linespacing=1.05,
        )  # fmt: skip


def hatch(axes: Axes, where: np.ndarray) -> None:
    """Hatch cells, over any dash: the median is censored."""
    for row, column in np.argwhere(where):
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **HATCHED, zorder=2.5))


def dots(axes: Axes, where: np.ndarray) -> None:
    """Put a dot into the upper right corner of cells: some runs are censored."""
    rows, columns = np.nonzero(where)
    axes.plot(columns + 0.34, rows + 0.34, **DOT, label="some censored")


def mark(axes: Axes, values: np.ndarray, scale: Scale, singular: np.ndarray) -> None:
    """Cross singular cells, in the upper left corner where they have a value, and put a dash into
    all others that have none."""
    empty = np.ma.getmaskarray(_shown(values, scale))
    rows, columns = np.nonzero(singular)
    aside = np.where(empty[rows, columns], 0, 0.33)
    axes.plot(columns - aside, rows + aside, **CROSS, zorder=3, label="singular")
    rows, columns = np.nonzero(empty & ~singular)
    axes.plot(columns, rows, **DASH, label="no value")


def bar(figure: Figure, place: tuple, scale: Scale) -> None:
    """Draw a horizontal colour bar at a place (left, bottom, width, height; figure fractions)."""
    axes = figure.add_axes(place, label=f"bar: {scale.label}")
    bar = figure.colorbar(scale.colours(), cax=axes, orientation="horizontal")
    bar.outline.set_visible(False)
    bar.set_label(scale.label, labelpad=1)
    axes.tick_params(length=2, pad=1.5)
    if isinstance(scale.norm, LogNorm):
        ticks = log_ticks(scale.norm.vmin, scale.norm.vmax) if scale.ticks else []
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.xaxis.set_minor_locator(NullLocator())


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers from low to high: the coarsest of three sets that has 3 or more."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for digits in ([1.0], [1.0, 2.0, 5.0], [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0]):
        ticks = [float(f"{t:.6g}") for t in np.outer(decades, digits).ravel() if low <= t <= high]
        if len(ticks) >= 3:
            break
    return ticks
