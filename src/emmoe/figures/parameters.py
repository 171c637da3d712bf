"""The parameters at which runs end: a panel a block, a column an entry, a marker a run.

The runs of least loss are filled; where others lie apart from them, starts lead to several optima.
Runs without a finite end are left out, and counted.
"""

from collections.abc import Mapping
from string import ascii_lowercase
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from emmoe.figures._shared import style
from emmoe.lab.recorder import DIVERGED, SEPARABLE
from emmoe.record.reads import Reads
from emmoe.store.errors import DataError
from emmoe.tables._shared import parameters

CLOSE = 1e-3  # nats an observation, from the least loss
WIDTH = 0.5  # of a column, over which fitters stand side by side


@style.context()
def draw(
    *,
    runs: Annotated[pd.DataFrame, Reads("runs", columns=parameters.COLUMNS, one_cell=True)],
    curves: Mapping[str, str],
) -> Figure:
    """Return the figure; curves: the fitters to draw and their labels, every one if empty. Raises
    DataError if no run has a finite end."""
    every = parameters.long(runs, curves)
    rows = every[~every["status"].isin([DIVERGED, SEPARABLE])]
    if rows.empty:
        raise DataError("runs: none has a finite end")
    names = curves or {name: name for name in rows["fitter"].unique()}
    blocks = rows["block"].unique()
    figure = style.column(0.6 + style.ROW * len(blocks))
    panels = figure.subplots(len(blocks), 1, squeeze=False)[:, 0]
    for letter, block, axes in zip(ascii_lowercase, blocks, panels, strict=False):
        axes.set(title=f"({letter}) {block}", xlabel=f"entry of {block}", ylabel="value")
        _panel(axes, rows[rows["block"] == block], names)
    style.tell(figure, _message(rows, _runs(every) - _runs(rows)))
    looks = style.looks(names)
    marks = [
        (names[name], Line2D([], [], color=look.colour, marker=look.marker, ls="", ms=4))
        for name, look in looks.items()
    ]
    style.legend(figure, marks, min(len(marks), 3))
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Draw one block; the fitters side by side within a column."""
    axes.axhline(0, color=style.INK, lw=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    least = rows["loss"].min()
    places = np.linspace(-WIDTH / 2, WIDTH / 2, len(names)) if len(names) > 1 else [0.0]
    for place, (name, look) in zip(places, style.looks(names).items(), strict=True):
        own = rows[rows["fitter"] == name]
        best = own["loss"] <= least + CLOSE
        for part, face in ((own[~best], "none"), (own[best], look.colour)):
            axes.plot(
                part["entry"] + place, part["value"], look.marker, ms=3, mew=0.6,
                mec=look.colour, mfc=face, alpha=0.7,
            )  # fmt: skip


def _runs(rows: pd.DataFrame) -> int:
    return len(rows.drop_duplicates(["fitter", "replicate"]))


def _message(rows: pd.DataFrame, infinite: int) -> str:
    """Say how many runs are as good as the best, and how many are not drawn."""
    least = rows["loss"].min()
    best = _runs(rows[rows["loss"] <= least + CLOSE])
    said = f"{best} of {_runs(rows)} runs end within {CLOSE:g} nats of the least loss, {least:.4f}"
    more = f"; {infinite} without a finite end are not drawn" if infinite else ""
    return f"{said} (filled){more}.".replace("-", "−")
