"""Excess loss against cost, in one currency, of every rival at its tuned step.

A line is the median over the comparison's replicates, and ends where the budget cut a run off. The
excess is over the best optimum known of each sample. Where there is a validation sample, a second
panel shows the accuracy on it.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emmoe.evidence.reach import CURRENCIES, excess, joined
from emmoe.evidence.tuning import ACCURACY, choose, chosen
from emmoe.figures._shared import problems, style
from emmoe.record.reads import Contest, Currency, Curves, Targets

POINTS = 300
FLOOR = 0.2  # the axis' lower end, as a share of the smallest target
ACCURACIES = "validation_accuracy"


@style.context()
def draw(*, curves: Curves, targets: Targets, currency: Currency, **contests: Contest) -> Figure:
    """Draw a panel a problem, with steps tuned for the last of the targets (dotted lines)."""
    rows = joined(contests)
    final = list(targets)[-1]
    rows = rows.assign(gap=rows["loss"] - rows["optimum"])
    choice = choose(rows, targets)
    found = list(problems.by_problem(rows))
    held_out = [ACCURACIES in part and part[ACCURACIES].notna().any() for _, part in found]
    entries = len(curves) + 1
    figure, panels = problems.page(len(found) + sum(held_out), problems.legend_rows(entries))
    titles, waiting = [], iter(panels)
    for (row, part), scored in zip(found, held_out, strict=True):
        tuned = chosen(part, choice[choice["target"] == final])
        axes = next(waiting)
        _panel(axes, tuned, curves, currency, "gap")
        _target_lines(axes, part, targets)
        axes.set_ylabel("excess loss  [nats]")
        titles.append(problems.title(row))
        if scored:
            axes = next(waiting)
            tuned = chosen(part, choice[choice["target"] == ACCURACY])
            _panel(axes, tuned, curves, currency, ACCURACIES)
            axes.set_ylabel("accuracy")
            titles.append("on the validation\nsample, tuned for it")
    for axes in panels:
        axes.set_xlabel(CURRENCIES[currency], labelpad=1)
    problems.letters(panels, titles)
    problems.legend(figure, curves, {"targets": Line2D([], [], color=style.INK, lw=0.8, ls=":")})
    return figure


def _panel(
    axes: Axes, rows: pd.DataFrame, curves: Mapping[str, str], currency: str, metric: str
) -> None:
    costs = rows.loc[rows[currency] > 0, currency]
    at = np.geomspace(costs.min(), costs.max(), POINTS)
    for rival, look in style.looks(curves).items():
        runs = [
            problems.staircase(
                run[currency].to_numpy(), run[metric].to_numpy(), at,
                run["status"].iloc[0] == "capped",
            )
            for _, run in rows[rows["rival"] == rival].groupby("replicate")
        ]  # fmt: skip
        if runs:
            middle = np.median(runs, axis=0)
            axes.plot(at, middle, color=look.colour, ls=look.line, lw=look.width, label=rival)
    axes.set_xscale("log")
    axes.margins(x=0.02)


def _target_lines(axes: Axes, rows: pd.DataFrame, targets: Targets) -> None:
    widths = [float(excess(rows.iloc[:1], epsilon).iloc[0]) for epsilon in targets.values()]
    for width in widths:
        axes.axhline(width, color=style.INK, lw=0.8, ls=":", zorder=1)
    high = rows.loc[rows["iteration"] == 0, "gap"].max()
    low, top = FLOOR * min(widths), 1.5 * high
    style.log_axis(axes, (low, top), (1, 2, 5) if top < 300 * low else ())
