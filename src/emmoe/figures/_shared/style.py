"""How every figure looks and is saved: colours, fonts, widths, and files that depend on no clock.

Colours are Okabe and Ito's (2008), safe for the colour-blind and ordered by lightness, so that the
curves also differ in grey; line styles and markers differ as well.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from emmoe.record.entries import Product

PAGE = 6.75  # inches: both columns of a two-column journal page, one a panel
HEIGHT = 3.0  # inches: one row of panels and the legend above it
READING = 3.2  # points, size of a reading's marker
SMALL, NORMAL = 7.5, 8.5  # points, printed size

RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.titlesize": NORMAL,
    "axes.titlelocation": "left",
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
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


class Look(NamedTuple):
    """How one algorithm is drawn; width in points."""

    colour: str
    line: str | tuple
    marker: str
    width: float = 1.4


LOOKS = {
    "em": Look("#0072B2", "-", "o"),
    "gradient_em": Look("#D55E00", (0, (4, 1.2)), "s"),
    "gradient_descent": Look("#CC79A7", (0, (5, 1.2, 1.2, 1.2)), "^"),
    "em_solved": Look("#222222", (0, (1, 1)), "D", 1.1),
}
OTHERS = [
    Look("#009E73", (0, (7, 2)), "v"),
    Look("#E69F00", (0, (3, 1, 1, 1, 1, 1)), "P"),
    Look("#56B4E9", (0, (2, 1)), "X"),
]


def looks(fitters: Collection[str]) -> dict[str, Look]:
    """Return how each fitter is drawn; fitters without a look of their own share OTHERS."""
    others = [fitter for fitter in fitters if fitter not in LOOKS]
    spare = {fitter: OTHERS[k % len(OTHERS)] for k, fitter in enumerate(others)}
    return {fitter: LOOKS.get(fitter) or spare[fitter] for fitter in fitters}


def context():
    """Return the style context: a `with` block, or a decorator of a draw function."""
    return matplotlib.style.context(["default", RC])


def two_panels() -> tuple[Figure, list[Axes]]:
    """Return a figure as wide as the page with two panels, (a) and (b)."""
    figure = Figure(figsize=(PAGE, HEIGHT), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.03)
    return figure, list(figure.subplots(1, 2))


def log_axis(axes: Axes, limits: tuple[float, float], digits: Sequence[int] = ()) -> None:
    """Make y logarithmic over limits; ticks at these digits are labelled as plain numbers."""
    axes.set_yscale("log", nonpositive="mask")
    axes.set_ylim(limits)
    axes.yaxis.set_major_locator(LogLocator(subs=digits or (1,), numticks=20))
    if digits:
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def contents(figure: Figure, entry: Product) -> dict[str, Callable[[Path], None]]:
    """Return, by suffix, functions that save a figure; equal figures give equal bytes."""
    return {suffix: partial(save, figure, suffix) for suffix in ("png", "pdf")}


def save(figure: Figure, suffix: str, path: Path) -> None:
    """Save a figure in a format, without what changes from one run to the next."""
    # No dates and no versions: the files change only when the picture does.
    plain = {"CreationDate": None, "Creator": None, "Producer": None}
    with context():
        metadata = {"Software": None} if suffix == "png" else plain
        figure.savefig(path, format=suffix, metadata=metadata)
