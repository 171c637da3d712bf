"""Figure 2: relative errors of the experts and of the gate, symmetric mixture of 2 linear experts.

Errors are ||beta_t - beta*|| / ||beta*|| and the same of w, for the same runs as Figure 1. The
readings' uncertainties are relative ones, so the paper's axes are taken to be logarithmic.

:section: paper
:title: Relative errors of the experts and of the gate
:caption: Distance of the experts (a) and of the gate (b) to the truth, relative to the truth's
    norm. Lines and bands are our mean and standard deviation over instances; markers and bars are
    the paper's readings, where there are any.
"""

from typing import Annotated

import pandas as pd
from matplotlib.figure import Figure

from emmoe.evidence import reported as paper
from emmoe.figures._shared import curves as shared
from emmoe.figures._shared import style
from emmoe.record.reads import Curves, Reads, Reported

GATE = "relative_error_w"
PANELS = {
    "relative_error_beta": (
        "(a) relative error of the experts",
        r"$\Vert \beta_t - \beta^{*}\Vert\, /\, \Vert \beta^{*}\Vert$",
    ),
    GATE: (
        "(b) relative error of the gate",
        r"$\Vert w_t - w^{*}\Vert\, /\, \Vert w^{*}\Vert$",
    ),
}


@style.context()
def draw(
    *,
    summary: Annotated[pd.DataFrame, Reads("summary", columns=[*PANELS], one_cell=True)],
    curves: Curves,
    reported: Reported | None = None,
) -> Figure:
    """Return the figure: relative error of (a) beta_t and (b) w_t, both on the same log axis.

    summary: mean and std over instances by fitter, metric, iteration; curves: fitter -> label, in
    drawing order; reported: data/reported/claims.csv as read.
    """
    read = None if reported is None else paper.plotted(paper.load(reported), "figure_2")
    figure, panels = style.two_panels()
    for axes, (metric, (title, error)) in zip(panels, PANELS.items(), strict=True):
        axes.set(title=title, ylabel=error)
        style.log_axis(axes, shared.limits(summary, curves, metric, 0.02, 1.5), (1, 2, 5))
        shared.panel(axes, summary, curves, metric, read)
    shared.legend(figure, summary, curves, read)
    ends = shared.ends(summary, curves, GATE)
    style.tell(figure, f"The last relative error of the gate is {ends}.")
    return figure
