"""What the figures of contests share: a panel a problem, a look a rival, a legend above."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emmoe.evidence.reach import PROBLEM
from emmoe.figures._shared import style, sweep
from emmoe.figures._shared.style import Look

ROW, LEGEND_ROW, FRAME = 1.9, 0.17, 0.35  # inches
COLUMNS, LEGEND_COLUMNS = 2, 4
STARTS = {"near_truth": "start near truth", "random_direction": "random start"}
DATA = {
    "random_invert_digits": "Random Invert digits",
    "random_invert_fashion_mnist": "Random Invert Fashion-MNIST",
}
# EM's family in blues and black; gradient methods in the other colours, broken.
LOOKS = {
    "em": Look("#0072B2", "-", "o", 2.0),
    "em_loose": Look("#0072B2", (0, (1, 0.8)), "d", 1.6),
    "squarem": Look("#222222", "-", "D", 1.1),
    "preconditioned": Look("#56B4E9", "-", "X", 1.4),
    "em_inexact": Look("#56B4E9", "-", "P", 1.6),
    "gradient_descent": Look("#CC79A7", (0, (5, 1.2, 1.2, 1.2)), "^", 1.6),
    "gradient_descent_blocks": Look("#CC79A7", (0, (1.5, 1)), "v", 1.2),
    "backtracking": Look("#E69F00", (0, (3, 1, 1, 1, 1, 1)), "<", 1.2),
    "nesterov": Look("#D55E00", (0, (4, 1.2)), "s", 1.2),
    "adam": Look("#009E73", (0, (7, 2)), ">", 1.2),
    "sgd": Look("#999999", (0, (2, 1)), "p", 1.2),
    "lbfgs": Look("#7B3294", (0, (6, 1, 1, 1)), "h", 1.2),
}


def looks(rivals: Collection[str]) -> dict[str, Look]:
    """Return how each rival is drawn."""
    spare = style.looks([rival for rival in rivals if rival not in LOOKS])
    return {rival: LOOKS.get(rival) or spare[rival] for rival in rivals}


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
    return f"{sweep.model_name(row['model'])}, {norms}, {start}"


def page(panels: int, legend_rows: int) -> tuple[Figure, list[Axes]]:
    """Return a figure as wide as the page with panels in two columns, and its panels."""
    rows = -(-panels // COLUMNS)
    height = FRAME + LEGEND_ROW * legend_rows + ROW * rows
    figure = Figure(figsize=(style.PAGE, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.03, hspace=0.02)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.ravel()[panels:]:
        axes.set_visible(False)
    return figure, list(grid.ravel()[:panels])


def legend_rows(entries: int) -> int:
    """Return how many rows a legend needs."""
    return -(-entries // LEGEND_COLUMNS)


def legend(figure: Figure, curves: Mapping[str, str], others: Mapping[str, Artist]) -> None:
    """Put the rivals' legend above the panels, and after them what else is drawn."""
    entries = {
        text: Line2D([], [], color=look.colour, ls=look.line, lw=look.width)
        for text, look in zip(curves.values(), looks(curves).values(), strict=True)
    } | dict(others)
    figure.legend(
        entries.values(), entries.keys(), loc="outside upper center", ncols=LEGEND_COLUMNS,
        columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip


def letters(panels: list[Axes], titles: list[str]) -> None:
    """Give the panels their letters and titles."""
    for letter, axes, text in zip("abcdefghijklmnopqrstuvwxyz", panels, titles, strict=False):
        axes.set_title(f"({letter}) {text}", fontsize=style.SMALL, pad=3)


def staircase(cost: np.ndarray, value: np.ndarray, at: np.ndarray, ends: bool) -> np.ndarray:
    """Return a run's values at costs `at`: its last state's that cost no more. Before the first it
    is NaN; after the last it stays, or is NaN for a run that the budget cut off (`ends`)."""
    position = np.searchsorted(cost, at, side="right") - 1
    values = np.where(position >= 0, value[np.maximum(position, 0)], np.nan)
    return np.where(ends & (at > cost[-1]), np.nan, values)
