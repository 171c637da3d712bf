"""What the figures of contests share: a panel a problem, a legend below."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emmoe.evidence.reach import PROBLEM
from emmoe.figures._shared import style, sweep

ROW, LEGEND_ROW, FRAME = 1.35, 0.14, 0.4  # inches
COLUMNS = LEGEND_COLUMNS = 2
STARTS = {"near_truth": "near", "random_direction": "random"}
DATA = {
    "random_invert_digits": "Random Invert digits",
    "random_invert_fashion_mnist": "Random Invert\nFashion-MNIST",
}


def by_problem(rows: pd.DataFrame) -> Iterator[tuple[pd.Series, pd.DataFrame]]:
    """Yield each problem's first row and its rows, the start laws of one sample side by side."""
    order = rows.drop_duplicates(PROBLEM)
    first = order.drop_duplicates("data").reset_index(drop=True)
    rank = dict(zip(first["data"], first.index, strict=True))
    order = order.sort_values("data", key=lambda column: column.map(rank), kind="stable")
    for _, row in order.iterrows():
        yield row, rows[(rows["contest"] == row["contest"]) & (rows["cell"] == row["cell"])]


def title(row: pd.Series) -> str:
    """Return what a panel shows: model and norms, or data, and the start law."""
    if "norm_beta" not in row or pd.isna(row["norm_beta"]):
        return DATA.get(row["dataset"], sweep.plain(row["dataset"]))
    norms = rf"$\Vert\beta^{{*}}\Vert$ {row['norm_beta']:g}, $\Vert w^{{*}}\Vert$ {row['norm_w']:g}"
    start = STARTS.get(row["start"], sweep.plain(row["start"]))
    return f"{sweep.model_name(row['model'])} {start}\n{norms}"


def page(panels: int, legend_rows: int) -> tuple[Figure, list[Axes]]:
    """Return a figure one column wide with panels in two columns, and its panels."""
    rows = -(-panels // COLUMNS)
    figure = style.column(FRAME + LEGEND_ROW * legend_rows + ROW * rows)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.ravel()[panels:]:
        axes.set_visible(False)
    return figure, list(grid.ravel()[:panels])


def legend_rows(entries: int) -> int:
    """Return how many rows a legend needs."""
    return -(-entries // LEGEND_COLUMNS)


def legend(figure: Figure, curves: Mapping[str, str], others: Mapping[str, Artist]) -> None:
    """Put the rivals' legend below the panels, and after them what else is drawn."""
    entries = {
        text: Line2D([], [], color=look.colour, ls=look.line, lw=look.width)
        for text, look in zip(curves.values(), style.looks(curves).values(), strict=True)
    } | dict(others)
    style.legend(figure, entries.items(), LEGEND_COLUMNS)


def letters(panels: list[Axes], titles: list[str]) -> None:
    """Give the panels their letters and titles."""
    for letter, axes, text in zip("abcdefghijklmnopqrstuvwxyz", panels, titles, strict=False):
        axes.set_title(f"({letter})\u2009{text}", fontsize=style.SMALL, pad=3)


def staircase(cost: np.ndarray, value: np.ndarray, at: np.ndarray, ends: bool) -> np.ndarray:
    """Return a run's values at costs `at`: its last state's that cost no more. Before the first it
    is NaN; after the last it stays, or is NaN for a run that the budget cut off (`ends`)."""
    position = np.searchsorted(cost, at, side="right") - 1
    values = np.where(position >= 0, value[np.maximum(position, 0)], np.nan)
    return np.where(ends & (at > cost[-1]), np.nan, values)
