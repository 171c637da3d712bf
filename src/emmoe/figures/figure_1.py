"""Figure 1: excess loss of the symmetric mixture of 2 linear experts, to the truth and to the end.

L is the mean negative log-likelihood over the training sample, in nats.

:section: paper
:title: Excess loss over the truth and over the last iterate
:caption: Mean negative log-likelihood over the training sample, in nats, above that of the truth
    (a) and above its own last value (b). Lines and bands are our mean and standard deviation over
    instances; markers and bars are the paper's readings, where there are any.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emmoe.evidence import reported as paper
from emmoe.figures._shared import curves as shared
from emmoe.figures._shared import style
from emmoe.record.reads import Curves, Reads, Reported

BOTTOM, TOP = 1e-5, 1.5  # nats: the lowest reading is 3e-5
METRIC = "excess_loss_to_truth"
BELOW = "below 0 from here on"
HEAD = {"ls": "", "marker": "v", "ms": 4.5}


@style.context()
def draw(
    *,
    summary: Annotated[
        pd.DataFrame, Reads("summary", columns=[METRIC, "excess_loss_to_final"], one_cell=True)
    ],
    curves: Curves,
    reported: Reported | None = None,
) -> Figure:
    """Return the figure: (a) L(theta_t) - L(theta*), log; (b) L(theta_t) - L(theta_T), linear.

    summary: mean and std over instances by fitter, metric, iteration; curves: fitter -> label, in
    drawing order; reported: data/reported/claims.csv as read.
    """
    read = None if reported is None else paper.plotted(paper.load(reported), "figure_1")
    figure, (left, right) = style.two_panels()
    left.set(
        title="(a) excess loss over the truth", ylabel=r"$L(\theta_t) - L(\theta^{*})$  [nats]"
    )
    _, top = shared.limits(summary, curves, METRIC, BOTTOM, TOP)
    style.log_axis(left, (BOTTOM, top))
    shared.panel(left, summary, curves, METRIC, read)
    falls = _falls(summary, curves)
    marks = _mark_falls(left, summary, falls, curves, read)
    right.set(
        title="(b) excess loss over the last iterate", ylabel=r"$L(\theta_t) - L(\theta_T)$  [nats]"
    )
    shared.panel(right, summary, curves, "excess_loss_to_final", read)
    shared.legend(figure, summary, curves, read, more=marks)
    style.tell(figure, _message(summary, falls, curves))
    return figure


def _falls(summary: pd.DataFrame, curves: Mapping[str, str]) -> dict[str, int]:
    """Return from when on each fitter's mean is below the truth's loss, for those that get there.

    It must happen to EM: theta_t comes to minimise L over the sample, and theta* does not.
    """
    rows = {fitter: shared.select(summary, fitter, METRIC) for fitter in curves}
    found = {fitter: fall(own["iteration"], own["mean"]) for fitter, own in rows.items()}
    return {fitter: start for fitter, start in found.items() if start is not None}


def _message(summary: pd.DataFrame, falls: Mapping[str, int], curves: Mapping[str, str]) -> str:
    """Say when the mean of each fitter falls below 0, and of how many it never does."""
    below = [f"for {curves[fitter]} at iteration {start}" for fitter, start in falls.items()]
    above = " and ".join(label for fitter, label in curves.items() if fitter not in falls)
    last = summary["iteration"].max()
    if not below:
        return f"The mean loss stays above the truth's in all {last} iterations."
    said = f"The mean loss falls below the truth's {' and '.join(below)}"
    return f"{said}; for {above} it stays above in all {last} iterations." if above else f"{said}."


def _mark_falls(
    axes: Axes,
    summary: pd.DataFrame,
    falls: Mapping[str, int],
    curves: Mapping[str, str],
    read: pd.DataFrame | None,
) -> list[tuple[str, tuple[Line2D, ...]]]:
    """Mark from when on a mean is below 0, where a log axis loses it; return the legend's entry."""
    looks = style.looks(curves)
    for fitter, start in falls.items():
        rows = shared.select(summary, fitter, METRIC)
        _dive(axes, rows[rows["iteration"] <= start].tail(2), looks[fitter], fitter)
    if read is not None:
        _reported_falls(axes, read, curves)
    ours, reported = ({"mfc": colour, "mec": shared.GREY} for colour in (shared.GREY, "white"))
    kinds = [own for own, there in ((ours, falls), (reported, read is not None)) if there]
    heads = tuple(Line2D([], [], **HEAD, **own) for own in kinds)
    return [(BELOW, heads)] if heads else []


def _dive(axes: Axes, last: pd.DataFrame, look: style.Look, fitter: str) -> None:
    """Draw an arrow from the last mean above 0 to the axis' lower end."""
    path = last["iteration"], last["mean"].clip(lower=BOTTOM)
    axes.plot(*path, color=look.colour, ls=":", lw=1, zorder=3, label=f"dive {fitter}")
    head = HEAD | {"color": look.colour, "label": f"below 0 {fitter}"}
    axes.plot(last["iteration"].iloc[-1], BOTTOM, clip_on=False, zorder=4, **head)


def _reported_falls(axes: Axes, read: pd.DataFrame, curves: Mapping[str, str]) -> None:
    """Mark where the readings leave the log axis."""
    for fitter, look in style.looks(curves).items():
        rows = read[(read["algorithm"] == fitter) & (read["metric"] == METRIC)]
        start = fall(rows["iteration"], rows["value"])
        if start is not None:
            head = HEAD | {"mfc": "white", "mew": 0.7, "mec": look.colour}
            axes.plot(start, BOTTOM, clip_on=False, zorder=3.5, **head)


def fall(iteration: pd.Series, value: pd.Series) -> int | None:
    """Return the iteration from which on no value is above 0 (or known), if there is one."""
    last = iteration[value > 0].max()
    after = iteration if np.isnan(last) else iteration[iteration > last]
    return int(after.min()) if len(after) else None
