"""A page of heat maps: panels in rows of three places, a colour bar under each group of panels."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emmoe.figures._shared import plane, style
from emmoe.figures._shared.plane import Grid, Scale

LEFT, RIGHT, GAP = 0.58, 0.12, 0.2  # inches: beside the panels, and between them
TITLE, HEAD, AXIS, BAR = 0.44, 0.24, 0.39, 0.46  # inches: the page's title, a row's, below it, bar
PANEL = (style.PAGE - LEFT - RIGHT - 2 * GAP) / 3  # inches, a place's width
CELL, HIGH = 0.5, 1.75  # inches: the largest cell and panel; three rows fit a page of 9
ROOM = 0.36  # inches: a cell as wide has its value printed
EXPERTS, GATE = r"experts $\Vert\beta^{*}\Vert$", r"gate $\Vert w^{*}\Vert$"


class Sheet:
    """A figure as wide as the page, its panels all over the same grid of norms."""

    def __init__(self, norm_beta: list[float], norm_w: list[float], rows: int):
        size = min(CELL, PANEL / len(norm_w), HIGH / len(norm_beta))
        self.grid = Grid(tuple(norm_beta), tuple(norm_w))
        self.wide, self.high = size * len(norm_w), size * len(norm_beta)
        self.row = HEAD + self.high + AXIS + BAR
        self.height = TITLE + rows * self.row
        self.figure = Figure(figsize=(style.PAGE, self.height))
        FigureCanvasAgg(self.figure)
        self.letters: Iterator[str] = iter("abcdefghijklmnopqrstuvwxyz")

    def title(self, text: str) -> None:
        """Write the page's title, two lines."""
        x, y = 0.08 / style.PAGE, 1 - 0.06 / self.height
        self.figure.text(x, y, text, va="top", linespacing=1.35)

    def place(self, row: int, column: int, low: float, width: float, height: float) -> tuple:
        """Return (left, bottom, width, height) in figure fractions, of what begins `low` inches
        under the top of a row and is width x height inches."""
        x = LEFT + column * (PANEL + GAP)
        y = self.height - TITLE - row * self.row - low - height
        page = style.PAGE
        return x / page, y / self.height, width / page, height / self.height

    def width(self, places: int) -> float:
        """Return the width in inches of a panel over some places, or of a bar under them."""
        return self.wide + (places - 1) * (PANEL + GAP)

    def panel(
        self,
        row: int,
        column: int,
        title: str,
        values: np.ndarray,
        scale: Scale,
        singular: np.ndarray,
        texts: np.ndarray,
        places: int = 1,
    ) -> Axes:
        """Draw a panel and its title; texts are written into the cells where there is room."""
        width = self.width(places)
        axes = self.figure.add_axes(self.place(row, column, HEAD, width, self.high))
        axes.set_title(f"({next(self.letters)}) {title}", pad=3)
        plane.panel(axes, self.grid, values, scale)
        if width / len(self.grid.norm_w) >= ROOM:
            plane.write(axes, values, scale, texts)
        plane.mark(axes, values, scale, singular)
        axes.set_xlabel(GATE, labelpad=1)
        if column == 0:
            axes.set_ylabel(EXPERTS, labelpad=2)
        else:
            axes.tick_params(labelleft=False)
        return axes

    def bar(self, row: int, column: int, places: int, scale: Scale) -> None:
        """Draw a scale's bar under the panels of a row."""
        low = HEAD + self.high + AXIS
        plane.bar(self.figure, self.place(row, column, low, self.width(places), 0.09), scale)

    def legend(self, row: int, column: int, entries: Mapping[str, Artist]) -> None:
        """Put a legend, label -> symbol, into a place without a panel."""
        left, low, _, height = self.place(row, column, HEAD, self.wide, self.high)
        style = {"loc": "upper left", "borderaxespad": 0, "handlelength": 1.6, "borderpad": 0}
        corner = (left, low + height)
        self.figure.legend(entries.values(), entries.keys(), bbox_to_anchor=corner, **style)

    def values(self, rows: pd.DataFrame, column: str) -> np.ndarray:
        """Return a column over the grid (norms of beta*, norms of w*), NaN where it has no row."""
        table = rows.pivot(index="norm_beta", columns="norm_w", values=column)
        table = table.reindex(index=self.grid.norm_beta, columns=self.grid.norm_w)
        return table.astype(float).to_numpy()
