"""Fits of mixtures of experts over the data: experts, the mean, and where a new target falls.

:title: Mixtures of experts on small tables
:caption: Rows coloured by their most responsible expert; each expert's mean, as wide as its gate is
    likely; the mixture's mean (dotted); and, in grey, where new targets are to fall with
    probability 0.95, at the estimated parameters. studies/data/README.md says where the tables are
    from.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from emmoe.figures._shared import cases, style
from emmoe.record.reads import Reads

BAND = "0.88"
WIDEST = 2.6  # points, of an expert's line where its gate is certain


@style.context()
def draw(
    *,
    curves: Mapping[str, str],
    labels: dict[str, tuple[str, str]] | None = None,
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_curves")],
) -> Figure:
    """Return the figure, a panel a sample of one covariate: rows by their most responsible expert,
    each expert's mean, as wide as its gate is likely, the mean and the interval of 95 %.

    labels: by sample, names of its covariate and target with their units."""
    figure, panels = cases.panels(probes, 0.9)
    for name, panel in panels.items():
        _panel(panel, probes[name])
        xlabel, ylabel = (labels or {}).get(name, ("x", "y"))
        panel.set(xlabel=xlabel, ylabel=ylabel)
    _legend(figure, max(table["expert"].max() for table in probes.values()))
    style.tell(figure, _message(probes))
    return figure


def _panel(axes: Axes, table: pd.DataFrame) -> None:
    parts = {part: own for part, own in table.groupby("part") if part != "expert"}
    low, high = parts["low"], parts["high"]
    axes.fill_between(low["x"], low["y"], high["y"], color=BAND, lw=0, zorder=0)
    for expert, rows in parts["row"].groupby("expert"):
        look = cases.EXPERTS[expert - 1]
        axes.plot(rows["x"], rows["y"], look.marker, color=look.colour, ms=1.6, mew=0, alpha=0.7)
    for expert, line in table[table["part"] == "expert"].groupby("expert"):
        axes.add_collection(_expert(line, cases.EXPERTS[expert - 1]), autolim=False)
    axes.plot(parts["mean"]["x"], parts["mean"]["y"], color=style.INK, lw=0.8, ls=":")
    shown = pd.concat([parts["row"], low, high])["y"]
    axes.set_ylim(shown.min(), shown.max())


def _expert(line: pd.DataFrame, look: style.Look) -> LineCollection:
    """Return an expert's mean as a line whose width is its gate probability."""
    points = line[["x", "y"]].to_numpy()
    parts = np.stack([points[:-1], points[1:]], axis=1)
    widths = WIDEST * line["share"].to_numpy()[:-1]
    return LineCollection(parts, linewidths=widths, colors=look.colour, capstyle="butt")


def _legend(figure: Figure, experts: int) -> None:
    looks = enumerate(cases.EXPERTS[:experts], 1)
    entries = [
        (f"expert {k}", Line2D([], [], color=look.colour, marker=look.marker, ms=3))
        for k, look in looks
    ]
    entries.append(("mean", Line2D([], [], color=style.INK, lw=0.8, ls=":")))
    entries.append(("95 % of targets", Patch(color=BAND)))
    style.legend(figure, entries, 3)


def _message(probes: Mapping[str, pd.DataFrame]) -> str:
    """Say how many rows lie in their interval, and how many fits are a certified maximum."""
    shares = [_held(table) for table in probes.values()]
    total = sum(held for held, _ in shares), sum(rows for _, rows in shares)
    certified = sum(table["status"].iloc[0] == "maximum" for table in probes.values())
    return (
        f"Of {total[1]} rows {100 * total[0] / total[1]:.1f}\u00a0% lie in the interval that is "
        f"meant to hold 95\u00a0%; {certified} of {len(probes)} fits are certified maxima."
    )


def _held(table: pd.DataFrame) -> tuple[int, int]:
    """Return how many rows lie between the interval's ends, and how many there are."""
    rows = table[table["part"] == "row"]
    ends = [table[table["part"] == part] for part in ("low", "high")]
    low, high = (np.interp(rows["x"], end["x"], end["y"]) for end in ends)
    return int(((rows["y"] >= low) & (rows["y"] <= high)).sum()), len(rows)
