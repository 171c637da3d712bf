"""How every figure looks and is saved: fonts, widths, and files that depend on no clock.

A figure is drawn at the size at which it is printed, one column wide, and says its message above
the panels.
"""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

# A figure takes all from here; the report's page takes the palette alone, without matplotlib.
from emmoe.figures._shared.palette import LOOKS, OTHERS, Look, looks  # noqa: F401
from emmoe.record.entries import Product

COLUMN = 3.3  # inches: a column of a two-column page
ROW = 1.5  # inches: a panel with its title and axis labels
READING = 2.8  # points, size of a reading's marker
SMALL, NORMAL = 7.0, 7.5  # points, printed size
LINE = 56  # characters of a message in one line
INK = "0.15"  # messages, identity lines and marks that belong to no algorithm

RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.titlesize": NORMAL,
    "axes.titlelocation": "left",
    "axes.titlepad": 3,
    "axes.labelpad": 2,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.color": "0.92",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.dash_capstyle": "butt",
    "pdf.fonttype": 42,  # letters stay text in the PDF
    "savefig.dpi": 300,
}


def context():
    """Return the style context: a `with` block, or a decorator of a draw function."""
    return matplotlib.style.context(["default", RC])


def column(height: float) -> Figure:
    """Return a figure one column wide, its height in inches; panels arrange themselves."""
    figure = Figure(figsize=(COLUMN, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.03, hspace=0.03)
    return figure


def two_panels(above: float = 0.75) -> tuple[Figure, list[Axes]]:
    """Return a figure with two panels, (a) over (b); above: inches for message and legend."""
    figure = column(above + 2 * ROW)
    return figure, list(figure.subplots(2, 1))


def tell(figure: Figure, message: str) -> None:
    """Write a figure's message above all else: a plain sentence with its number. The files carry it
    too, as the PNG's Description and the PDF's Subject."""
    lines = textwrap.fill(message, LINE)
    figure.suptitle(lines, x=0.01, ha="left", fontsize=NORMAL, color=INK, linespacing=1.2)


def legend(figure: Figure, entries: Iterable[tuple[str, Any]], ncols: int, **options: Any) -> None:
    """Put a legend of (label, symbol), column by column, under the panels, which leave it room."""
    labels, symbols = zip(*entries, strict=True)
    figure.legend(
        symbols, labels, loc="outside lower center", ncols=ncols, columnspacing=1.0,
        handletextpad=0.5, borderaxespad=0.1, **options,
    )  # fmt: skip


def log_axis(axes: Axes, limits: tuple[float, float], digits: Sequence[int] = ()) -> None:
    """Make y logarithmic over limits; ticks at these digits are labelled as plain numbers."""
    axes.set_yscale("log", nonpositive="mask")
    axes.set_ylim(limits)
    axes.yaxis.set_major_locator(LogLocator(subs=digits or (1,), numticks=20))
    if digits:
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def contents(figure: Figure, entry: Product) -> dict[str, Callable[[Path], None]]:
    """Return, by suffix, functions that save a figure; equal figures give equal bytes. Its panels
    are arranged once, as the PNG wants them: to arrange them for each file takes as long again."""
    with context():
        figure.set_dpi(RC["savefig.dpi"])
        figure.draw_without_rendering()
        figure.set_layout_engine(None)
    return {suffix: partial(save, figure, suffix) for suffix in ("png", "pdf")}


def save(figure: Figure, suffix: str, path: Path) -> None:
    """Save a figure in a format, without what changes from one run to the next."""
    # No dates and no versions: the files change only when the picture does.
    message = " ".join(figure.get_suptitle().split()) or None
    plain = {"CreationDate": None, "Creator": None, "Producer": None, "Subject": message}
    with context():
        metadata = {"Software": None, "Description": message} if suffix == "png" else plain
        figure.savefig(path, format=suffix, metadata=metadata)
