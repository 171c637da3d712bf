"""Figure 3: a mixture of 2 multinomial logistic experts on inverted images: accuracy, objective.

The paper shows Random Invert Fashion-MNIST twice, on its poster and in its slides, as it seems from
independent runs. Without readings the figure holds for any other data set of the kind.

:section: paper
:title: Test accuracy and training objective
:caption: Test accuracy (a) and training objective (b) of a mixture of multinomial logistic experts.
    Lines and bands are our mean and standard deviation over instances; markers and bars are the
    paper's readings, where there are any.
"""

from typing import Annotated

import pandas as pd
from matplotlib.figure import Figure

from emmoe.evidence import reported as paper
from emmoe.figures._shared import curves as shared
from emmoe.figures._shared import style
from emmoe.record.reads import Curves, Reads, Reported

SOURCES = {"poster": "o", "slides": "D"}


@style.context()
def draw(
    *,
    summary: Annotated[
        pd.DataFrame, Reads("summary", columns=["test_accuracy", "loss"], one_cell=True)
    ],
    curves: Curves,
    reported: Reported | None = None,
) -> Figure:
    """Return the figure: (a) test accuracy, log axis; (b) training objective, linear.

    summary: mean and std over instances by fitter, metric, iteration; a fitter may have fewer
    iterations. curves: fitter -> label, in drawing order; reported: data/reported/claims.csv as
    read.
    """
    read = None if reported is None else paper.plotted(paper.load(reported), "figure_3")
    figure, (left, right) = style.two_panels()
    left.set(title="(a) test accuracy", ylabel="fraction correct")
    span = shared.limits(summary, curves, "test_accuracy", 0.07, 1)
    style.log_axis(left, span, (1, 2, 3, 5, 7))
    shared.panel(left, summary, curves, "test_accuracy", read, SOURCES)
    right.set(title="(b) training objective", ylabel=r"cross entropy $L(\theta_t)$  [nats]")
    shared.panel(right, summary, curves, "loss", read, SOURCES)
    right.set_ylim(bottom=0)
    shared.legend(figure, summary, curves, read, SOURCES)
    ends = shared.ends(summary, curves, "test_accuracy")
    style.tell(figure, f"The last test accuracy is {ends}.")
    return figure
