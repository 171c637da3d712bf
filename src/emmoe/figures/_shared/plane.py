"""One heat map over the SNR plane: a cell a pair of norms, |w*| to the right, |beta*| upwards.

A panel's values are arrays (rows, columns) = (norms of beta*, norms of w*), both ascending.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from emmoe.figures._shared.style import INK, SMALL

EMPTY = "0.95"  # a cell without a value, lighter than any colour of the scales
MOST = 4  # norms of an axis that all have a label; of more, every other has one
DASH = {"ls": "", "marker": "_", "ms": 4, "mec": INK, "mew": 0.7}
DOT = {"ls": "", "marker": "o", "ms": 2.6, "mfc": "white", "mec": INK, "mew": 0.6}
CROSS = {"ls": "", "marker": "X", "ms": 3.6, "mfc": "white", "mec": INK, "mew": 0.5}
HATCHED = {"facecolor": "white", "edgecolor": "0.45", "hatch": "///////", "lw": 0.4}


@dataclass(frozen=True)
class Scale:
    """A colour scale: one for all panels of a figure; ticks: whether it has any value."""

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


def over(rows: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column of a table over its own norms, NaN where it has no row."""
    return rows.pivot(index="norm_beta", columns="norm_w", values=column).to_numpy(float)


def _shown(values: np.ndarray, scale: Scale) -> np.ma.MaskedArray:
    shown = np.ma.masked_invalid(values)
    return np.ma.masked_less_equal(shown, 0) if isinstance(scale.norm, LogNorm) else shown


def panel(axes: Axes, rows: pd.DataFrame, column: str, scale: Scale) -> None:
    """Draw a column of a table; a cell without a value, or with none that is positive on a log
    scale, is grey and has a dash."""
    values = over(rows, column)
    edges = [np.arange(size + 1) - 0.5 for size in values.shape[::-1]]
    axes.set_facecolor(EMPTY)
    axes.pcolormesh(
        *edges, _shown(values, scale), norm=scale.norm, cmap=scale.cmap, edgecolors="white", lw=0.4
    )
    for axis, name in ((axes.xaxis, "norm_w"), (axes.yaxis, "norm_beta")):
        norms = sorted(rows[name].unique())
        step = 1 if len(norms) <= MOST else 2
        axis.set_ticks(range(0, len(norms), step), [f"{norm:g}" for norm in norms[::step]])
    axes.set_aspect("equal")
    axes.tick_params(length=0, pad=1.5)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    empty = np.ma.getmaskarray(_shown(values, scale))
    _marks(axes, empty, DASH, "no value")


def write(axes: Axes, rows: pd.DataFrame, column: str, scale: Scale) -> None:
    """Write its value into every cell that has one."""
    values = over(rows, column)
    for row, place in np.argwhere(~np.ma.getmaskarray(_shown(values, scale))):
        value = values[row, place]
        axes.text(
            place, row, f"{value:.2g}", ha="center", va="center_baseline", fontsize=SMALL,
            color=scale.ink(value),
        )  # fmt: skip


def hatch(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """Hatch the cells where a column is true, over any dash."""
    for row, place in np.argwhere(over(rows, column) == 1):
        axes.add_patch(Rectangle((place - 0.5, row - 0.5), 1, 1, **HATCHED, zorder=2.5))


def mark(axes: Axes, rows: pd.DataFrame, column: str, look: dict) -> None:
    """Put a mark into the cells where a column is true."""
    _marks(axes, over(rows, column) == 1, look, column)


def _marks(axes: Axes, where: np.ndarray, look: dict, label: str) -> None:
    rows, columns = np.nonzero(where)
    if len(rows):
        axes.plot(columns, rows, label=label, zorder=3 if label != "no value" else 2, **look)


def bar(figure: Figure, panels: np.ndarray, scale: Scale) -> None:
    """Draw the scale's bar under all panels."""
    bar = figure.colorbar(scale.colours(), ax=panels, location="bottom", aspect=40, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(scale.label, labelpad=1)
    axes = bar.ax
    axes.set_label(f"bar: {scale.label}")
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
