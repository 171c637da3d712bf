"""Where starts end: the share of starts in each basin, by nats below the best one.

:title: Where starts end
:caption: For each number K of experts, the basins of the likelihood that the starts of one search
    ended in, by how far each is below the best one; linear up to 0.1 nats. Hollow: the end is
    separable or was not certified as a maximum.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emmoe.figures._shared import cases, style
from emmoe.record.reads import Reads

LINEAR = 0.1  # nats, up to which the axis is linear


@style.context()
def draw(
    *,
    curves: Mapping[str, str],
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_basins")],
) -> Figure:
    """Return the figure, a panel a sample: for each K the share of starts that end in a basin,
    against the nats by which it is below the best one. Hollow: its end is no maximum."""
    figure, panels = cases.panels(probes, 0.95)
    numbers = sorted({k for table in probes.values() for k in table["experts"]})
    looks = dict(zip(numbers, cases.EXPERTS, strict=False))
    for name, axes in panels.items():
        for number, runs in probes[name].groupby("experts"):
            _draw(axes, basins(runs), looks[number])
        _axes(axes)
    for axes in list(panels.values())[::2]:
        axes.set_ylabel("share of starts")
    _legend(figure, looks)
    style.tell(figure, _message(probes))
    return figure


def basins(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a basin of one K's runs: below (nats), share of all starts, maximum."""
    ranked = runs[runs["basin"] >= 0].sort_values("log_likelihood", ascending=False)
    found = ranked.groupby("basin").agg(
        top=("log_likelihood", "max"), hits=("start", "size"), status=("status", "first")
    )
    return pd.DataFrame({
        "below": found["top"].max() - found["top"],
        "share": found["hits"] / len(runs),
        "maximum": found["status"] == "maximum",
    })  # fmt: skip


def _draw(axes: Axes, found: pd.DataFrame, look: style.Look) -> None:
    axes.vlines(found["below"], 0, found["share"], color=look.colour, lw=0.7)
    for own, fill in ((found["maximum"], look.colour), (~found["maximum"], "white")):
        part = found[own]
        axes.plot(
            part["below"], part["share"], look.marker, color=look.colour, ms=3.2, mfc=fill, mew=0.8
        )


def _axes(axes: Axes) -> None:
    axes.set_xscale("symlog", linthresh=LINEAR)
    axes.set_xlim(-0.03, None)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("nats below the best")


def _legend(figure: Figure, looks: Mapping[int, style.Look]) -> None:
    entries = [
        (f"$K = {k}$", Line2D([], [], color=look.colour, marker=look.marker, ms=3, ls=""))
        for k, look in looks.items()
    ]
    hollow = Line2D([], [], color="0.3", marker="o", ms=3, mfc="white", ls="")
    style.legend(figure, [*entries, ("no maximum", hollow)], 4)


def _message(probes: Mapping[str, pd.DataFrame]) -> str:
    """Say how rarely the best is found, and how often there is one basin only."""
    found = [basins(own) for table in probes.values() for _, own in table.groupby("experts")]
    best = [own["share"].iloc[0] for own in found]
    alone = sum(len(own) == 1 for own in found)
    return (
        f"The best basin holds {100 * min(best):.0f} to {100 * max(best):.0f}\u00a0% of the "
        f"starts, in the median {100 * np.median(best):.0f}\u00a0%; it is the only one in {alone} "
        f"of {len(found)} cases."
    )
