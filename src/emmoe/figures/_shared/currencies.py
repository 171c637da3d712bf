"""What the figures of contests share: a panel a currency, a line a method, a legend below.

Of more lines than can be told apart, EM's variants and whatever is the cheapest of all others in
some currency are drawn strongly, the rest thin and grey.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from emmoe.evidence.reach import CURRENCIES
from emmoe.figures._shared import style
from emmoe.figures._shared.style import Look

ROW, LEGEND_ROW, FRAME, LEGEND_COLUMNS = 1.35, 0.14, 0.55, 2  # heights in inches
MOST = 6  # lines that can be told apart without one of them stepping back
WEAK = Look("0.75", "-", "", 0.6)
LOWEST, HIGHEST = 0.2, 0.8  # shares between which lines bear their markers, each at its own


def strong(methods: Collection[str], em: Collection[str], costs: Iterable[pd.Series]) -> list[str]:
    """Return the methods to draw strongly, in their order: all, if they are few; else EM's variants
    and, by each of some costs, the cheapest of all others. A cost may be missing or infinite."""
    if len(methods) <= MOST:
        return list(methods)
    chosen = set(em)
    for own in costs:
        others = own[own.index.isin(methods) & ~own.index.isin(em) & (own < np.inf)]
        chosen |= {others.idxmin()} if len(others) else set()
    return [method for method in methods if method in chosen]


def panels(curves: Mapping[str, str], shown: Collection[str]) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a panel a currency and the methods' legend; shown: those drawn
    strongly."""
    entries = [(curves[m], _line(look)) for m, look in style.looks(curves).items() if m in shown]
    if rest := len(curves) - len(entries):
        entries.append((f"{rest} other method{'s' if rest > 1 else ''}", _line(WEAK)))
    rows = -(-len(entries) // LEGEND_COLUMNS)
    figure = style.column(FRAME + 2 * ROW + LEGEND_ROW * rows)
    grid = dict(zip(CURRENCIES, figure.subplots(2, 2, sharey=True).ravel(), strict=True))
    for letter, (currency, axes) in zip("abcd", grid.items(), strict=True):
        axes.set_title(f"({letter}) {CURRENCIES[currency]}")
        axes.set(xscale="log", ylim=(-0.02, 1.02))
    style.legend(figure, entries, LEGEND_COLUMNS)
    return figure, grid


def _line(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, ls=look.line, lw=look.width, **_marker(look))


def _marker(look: Look) -> dict:
    return {"marker": look.marker, "ms": 3.5, "mfc": "white", "mew": 0.8}


def steps(axes: Axes, shares: pd.DataFrame, shown: Collection[str]) -> None:
    """Draw shares (at, rivals), a line a rival that takes part; strongly those shown, each with its
    marker where it first comes to a share of its own."""
    levels = {m: LOWEST + (HIGHEST - LOWEST) * i / len(shown) for i, m in enumerate(shown)}
    for rival, look in style.looks(list(shares)).items():
        if not shares[rival].notna().any():
            continue
        own = look if rival in shown else WEAK
        at = min(int((shares[rival] < levels.get(rival, 0)).sum()), len(shares) - 1)
        axes.step(
            shares.index, shares[rival], where="post", color=own.colour, ls=own.line, lw=own.width,
            label=rival, zorder=3 if rival in shown else 1.5, markevery=[at], **_marker(own),
        )  # fmt: skip
    axes.xaxis.set_minor_formatter(NullFormatter())
