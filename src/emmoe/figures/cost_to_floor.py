"""What every algorithm pays to come as close as EM gets: iterations, and data passes.

:title: What every algorithm pays to come as close as EM gets
:caption: Median iterations and data passes until both errors are within one per cent of EM's last
    ones.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emmoe.figures._shared import style
from emmoe.record.reads import Reads

COLOUR, REFERENCE = "#56B4E9", "#0072B2"  # others, and the first algorithm, EM


@style.context()
def draw(
    *,
    costs: Annotated[pd.DataFrame, Reads("table", of="cost_to_floor")],
    curves: Mapping[str, str],
) -> Figure:
    """Return the figure: median iterations (a) and data passes (b) until both errors are at most
    1 % above EM's last, one bar an algorithm, log axes.

    costs: a table of `emmoe.tables.cost_to_floor`; curves: unused, the table has the labels. A
    median that is not reached is a hatched bar to the limit, passes having none."""
    figure, (left, right) = style.two_panels()
    _panel(left, costs, "iterations_error", "(a) iterations to EM's floor")
    _panel(right, costs, "passes_error", "(b) data passes to EM's floor")
    style.tell(figure, _message(costs.set_index("algorithm")["passes_error"]))
    return figure


def _message(passes: pd.Series) -> str:
    """Say which algorithm pays the fewest data passes, beside the first."""
    first, best = passes.index[0], passes.idxmin()
    cheapest = f"{best} comes to {first}'s errors in {passes[best]:.3g} data passes"
    return f"{cheapest}." if best == first else f"{cheapest}, {first} in {passes[first]:.3g}."


def _panel(axes: Axes, costs: pd.DataFrame, column: str, title: str) -> None:
    places = np.arange(len(costs))
    values = costs[column].to_numpy(float)
    colours = [REFERENCE if place == 0 else COLOUR for place in places]
    bottom = 1.0
    axes.set_xscale("log")
    for place, value, colour in zip(places, values, colours, strict=True):
        reached = np.isfinite(value)
        wide = value if reached else costs["iterations_limit"].iloc[place]
        axes.barh(
            place, wide - bottom, left=bottom, height=0.7, color=colour if reached else "none",
            edgecolor=colour, hatch=None if reached else "////", lw=0.6,
        )  # fmt: skip
        text = f"{value:.1f}".removesuffix(".0") if reached else "not reached"
        arrived, runs = costs["reached_error"].iloc[place], costs["runs"].iloc[place]
        text += f" ({arrived} of {runs})" if reached and arrived < runs else ""
        axes.annotate(text, (wide, place), (3, 0), textcoords="offset points", va="center",
                      fontsize=style.SMALL)  # fmt: skip
    axes.set_yticks(places, costs["algorithm"])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    axes.set_xlabel(f"median of {costs['runs'].max()} samples")
    axes.set_xlim(bottom, 40 * np.nanmax(np.append(values, bottom)))
