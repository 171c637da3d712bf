"""What the figures of contests share: a panel a currency, a line a method, a legend below."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from emmoe.evidence.reach import CURRENCIES
from emmoe.figures._shared import style

ROW, LEGEND_ROW, FRAME, LEGEND_COLUMNS = 1.35, 0.14, 0.55, 2  # heights in inches


def panels(curves: Mapping[str, str]) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a panel a currency and the methods' legend."""
    rows = -(-len(curves) // LEGEND_COLUMNS)
    figure = style.column(FRAME + 2 * ROW + LEGEND_ROW * rows)
    grid = dict(zip(CURRENCIES, figure.subplots(2, 2, sharey=True).ravel(), strict=True))
    for letter, (currency, axes) in zip("abcd", grid.items(), strict=True):
        axes.set_title(f"({letter}) {CURRENCIES[currency]}")
        axes.set(xscale="log", ylim=(-0.02, 1.02))
    entries = [
        (curves[rival], Line2D([], [], color=look.colour, ls=look.line, lw=look.width))
        for rival, look in style.looks(curves).items()
    ]
    style.legend(figure, entries, LEGEND_COLUMNS)
    return figure, grid


def steps(axes: Axes, shares: pd.DataFrame) -> None:
    """Draw shares (at, rivals), a line a rival that takes part."""
    for rival, look in style.looks(list(shares)).items():
        if shares[rival].notna().any():
            axes.step(
                shares.index, shares[rival], where="post", color=look.colour, ls=look.line,
                lw=look.width, label=rival,
            )  # fmt: skip
    axes.xaxis.set_minor_formatter(NullFormatter())
