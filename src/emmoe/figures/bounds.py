"""The paper's bounds on EM: from when on their hypothesis holds, and how loose they are then.

gap_t, D_t and alpha_t, and the bounds on them, are those of emmoe.theory.bounds. Each run's bounds
start afresh at its entry, from which on alpha_t > 0: there they must hold.

:section: theory
:title: The paper's bounds along EM's path
:caption: The bounds D_0/T on the loss gap and (1 - alpha)^T D_0 on the Bregman distance to the
    sample's optimum hold where alpha_t stays positive. The lower panels show what is observed over
    the bound from there on: at most one.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from emmoe.figures._shared import style, sweep
from emmoe.record.reads import Reads
from emmoe.store.errors import DataError
from emmoe.tables._shared.runs import RUN, joined
from emmoe.theory.bounds import LISTS, Trace, linear, sublinear
from emmoe.theory.bounds import trace as trace_of

NEEDS = [*RUN, "outcome", *LISTS]
COLOUR = style.LOOKS["em"].colour
LINES = ["-", (0, (4, 1.2)), (0, (1, 1)), (0, (6, 1, 1, 1))]  # one a model
LOWEST = 1e-3  # of the axes of ratios


@style.context()
def draw(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=NEEDS, otherwise="em")],
) -> Figure:
    """Return the figure: median and range over runs of (a) alpha_t, (b) gap_T and (c) D_T over
    their bounds from each run's entry on, a line a model.

    runs_tables: tables of runs with the lists over t of emmoe.measures.analyses.bounds; curves:
    EM's fitter and its label, "em" if empty. Runs to theta_hat only, and t until
    D_t < RESOLVED D_0. Raises DataError, in one line, if there is no such run.
    """
    traces = _traces(joined(runs_tables, curves or {"em": "EM"}, ["outcome", *LISTS]))
    figure = style.column(3 * 1.25 + 0.95)
    panels = figure.subplots(3, 1)
    titles = {
        "(a) is its hypothesis true? secant convexity": r"$\alpha_t$",
        "(b) loss gap over its bound, from the entry on": r"$T\,$gap$_T\,/\,D_0$",
        "(c) divergence over its bound, from the entry on": r"$D_T\,/\,(1-\alpha)^T D_0$",
    }
    for axes, (title, label) in zip(panels, titles.items(), strict=True):
        axes.set(title=title, ylabel=label)
    _convexity(panels[0], traces)
    for axes, bound, part in zip(panels[1:], (sublinear, linear), ("gap", "bregman"), strict=True):
        _ratios(axes, traces, bound, part)
    _legend(figure, traces)
    style.tell(figure, _message([own for group in traces.values() for own in group]))
    return figure


def _traces(runs: pd.DataFrame) -> dict[str, list[Trace]]:
    """Return the traces of the runs to theta_hat, by model."""
    found: dict[str, list[Trace]] = {}
    for _, run in runs[runs["outcome"] == "optimum"].iterrows():
        own = trace_of(run)
        if len(own.alpha) > 1:
            found.setdefault(run["model"], []).append(own)
    if not found:
        raise DataError("bounds: no run to theta_hat has the lists of the analysis `bounds`")
    return found


def ratios(trace: Trace, bound: object, part: str) -> np.ndarray:
    """Return a run's gap_T or D_T over its bound for T = 1, 2, ... from the entry on; nothing
    where alpha_t > 0 never comes to stay."""
    if trace.entry is None:
        return np.empty(0)
    t, values, _ = bound(trace, trace.entry)  # type: ignore[operator]
    later = t > trace.entry
    return getattr(trace, part)[t[later]] / values[later]


def _convexity(axes: Axes, traces: Mapping[str, list[Trace]]) -> None:
    for model, line, own in _by_line(traces):
        _band(axes, 0, [trace.alpha for trace in own], line, model)
    axes.axhline(0, color=style.INK, lw=0.7, zorder=1.5)
    axes.set_xlabel("iteration $t$, 0 the start")


def _ratios(axes: Axes, traces: Mapping[str, list[Trace]], bound: object, part: str) -> None:
    for model, line, own in _by_line(traces):
        _band(axes, 1, [ratios(trace, bound, part) for trace in own], line, model)
    axes.axhline(1, color=style.INK, lw=0.7, zorder=1.5, label="bound")
    low = min([value for y in axes.get_lines() for value in y.get_ydata() if value > 0])
    style.log_axis(axes, (max(0.5 * low, LOWEST), 2))
    axes.yaxis.set_major_locator(LogLocator(numticks=5))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("iterations $T$ after the entry")


def _by_line(traces: Mapping[str, list[Trace]]) -> Iterator[tuple]:
    for k, (model, own) in enumerate(traces.items()):
        yield model, LINES[k % len(LINES)], own


def _band(axes: Axes, first: int, runs: Iterable[np.ndarray], line: object, label: str) -> None:
    """Draw median and range of runs, as long as half of them go on."""
    table = pd.DataFrame([pd.Series(run, dtype=float) for run in runs if len(run)])
    if table.empty:
        return
    table = table.loc[:, table.notna().sum() >= len(table) / 2]
    t = first + table.columns.to_numpy(float)
    axes.fill_between(t, table.min(), table.max(), color=COLOUR, alpha=0.18, lw=0, zorder=1.6)
    axes.plot(t, table.median(), color=COLOUR, ls=line, lw=1.4, label=label, zorder=3)


def _legend(figure: Figure, traces: Mapping[str, list[Trace]]) -> None:
    entries = [
        (f"{sweep.model_name(m)}: median, range of {len(own)} runs", _line(line, 1.4, COLOUR))
        for m, line, own in _by_line(traces)
    ]
    entries.append(("(a) 0; (b), (c) the bound", _line("-", 0.7, style.INK)))
    style.legend(figure, entries, 1)


def _line(line: object, width: float, colour: str) -> Line2D:
    return Line2D([], [], color=colour, ls=line, lw=width)  # type: ignore[arg-type]


def _message(traces: list[Trace]) -> str:
    """Say in how many runs the hypothesis holds from the start, from when on in the others, and how
    much of the bound on D_T is used then."""
    entries = [trace.entry for trace in traces if trace.entry is not None]
    text = (
        f"The bounds' hypothesis holds from the start in {entries.count(0)} of {len(traces)} runs"
    )
    if entries and max(entries):
        text += f", from iteration {max(entries)} on at the latest in {len(entries)}"
    used = np.concatenate([ratios(trace, linear, "bregman") for trace in traces])
    then = f"; from there on D_T is at most {used.max():.2g} of its bound" if len(used) else ""
    return f"{text}{then}."
