"""The paper's bounds on EM beside what EM does: they hold where their hypotheses do.

gap_t, D_t and alpha_t, and the bounds on them, are those of emmoe.theory.bounds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator
from msgspec import Meta

from emmoe.figures._shared import style, sweep
from emmoe.record.cells import grid
from emmoe.record.check_reads import runs_of
from emmoe.record.entries import Product, Record
from emmoe.record.reads import Reads
from emmoe.store.errors import DataError
from emmoe.tables._shared.runs import CELL, RUN, joined
from emmoe.theory.bounds import LISTS, Trace, linear, sublinear
from emmoe.theory.bounds import trace as trace_of

NEEDS = [*RUN, "outcome", *LISTS]
TRACE = style.LOOKS["em"]
FRESH = "#D55E00"  # bounds started afresh
FAILS, LOCAL = (0, (2.5, 1.2)), (0, (1, 1))


@style.context()
def draw(
    *,
    runs: Annotated[pd.DataFrame, Reads("runs", columns=NEEDS, otherwise="em")],
    curves: Annotated[Mapping[str, str], Meta(max_length=1)],
    cell: str | None = None,
) -> Figure:
    """Return the figure: gap_t and D_t with their bounds, and alpha_t; a row for the first run,
    and one for the run with the smallest alpha_t of all (for the second, if that is the first).

    runs: a table of runs with the lists over t of emmoe.measures.analyses.bounds; curves: EM's
    fitter and its label, "em" if empty; cell: needed where the table has several. Runs to theta_hat
    only, and t until D_t < RESOLVED D_0. Bounds are solid where their hypothesis holds, dashed
    where not.
    Raises DataError, in one line, if there is no such run, or there are several cells.
    """
    table = _candidates(runs, curves, cell)
    traces = [trace_of(run) for _, run in table.iterrows()]
    chosen = _chosen([trace.alpha.min() for trace in traces])
    figure = Figure(figsize=(style.PAGE, 0.8 + 1.9 * len(chosen)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.04, wspace=0.02)
    panels, letters = figure.subplots(len(chosen), 3, squeeze=False), iter("abcdef")
    for row, (position, kind) in zip(panels, chosen.items(), strict=True):
        name = f"run {table['replicate'].iloc[position]} ({kind})"
        titles = [f"loss gap, {name}", "divergence", "secant convexity"]
        for axes, title, part in zip(row, titles, (_gap, _bregman, _alpha), strict=True):
            axes.set_title(f"({next(letters)}) {title}")
            part(axes, traces[position])
    for axes in panels[-1]:
        axes.set_xlabel("iteration $t$, 0 the start")
    _legend(figure, table.iloc[0])
    return figure


def check(record: Record, entry: Product) -> None:
    """Raise ValueError for a cell that the experiment lacks, or where one must be chosen."""
    (own,) = runs_of(record, entry)
    known = [cell.name for cell in grid(own).cells()]
    cell = entry.options.get("cell")
    if cell not in known and (cell is not None or len(known) > 1):
        raise ValueError(f"options.cell: must be one of {', '.join(known)}, got {cell!r}")


def _candidates(runs: pd.DataFrame, curves: Mapping[str, str], cell: str | None) -> pd.DataFrame:
    """Return the runs to theta_hat in one cell that have traces."""
    table = joined({"runs": runs}, curves or {"em": "EM"}, ["outcome", *LISTS])
    table = table if cell is None else table[table["cell"] == cell]
    traced = [len(trace_of(run).alpha) > 1 for _, run in table.iterrows()]
    table = table[np.array(traced, bool) & (table["outcome"] == "optimum")]
    if table.empty:
        raise DataError("bounds: no run to theta_hat has the lists of the analysis `bounds`")
    if len(table[[*CELL, "cell", "fitter"]].drop_duplicates()) > 1:
        found = ", ".join(table["cell"].unique())
        raise DataError(f"bounds: runs of several cells or fitters: choose one of {found}")
    return table


def _chosen(worst: Sequence[float]) -> dict[int, str]:
    """Return the positions of the runs to show, by their smallest alpha_t, and why."""
    last = int(np.argmin(worst))
    if last:
        return {0: "first", last: "worst"}
    return {0: "first, worst"} | ({1: "second"} if len(worst) > 1 else {})


def _bounds(axes: Axes, bound: Callable, name: str, trace: Trace, floor: float) -> None:
    """Draw a bound from the start and, if alpha_t turns positive later, afresh from there."""
    _bound(axes, *bound(trace), sweep.INK, "from the start")
    if trace.entry:
        _bound(axes, *bound(trace, trace.entry), FRESH, "afresh")
        axes.axvline(trace.entry, color=FRESH, lw=0.7, ls=":", zorder=1.5)
    style.log_axis(axes, (floor, 20 * trace.bregman[0]))
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_minor_locator(NullLocator())
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text(0.03, 0.04, name, transform=axes.transAxes, fontsize=style.SMALL, bbox=white)


def _bound(
    axes: Axes, t: np.ndarray, bound: np.ndarray, held: np.ndarray, colour: str, label: str
) -> None:
    """Draw a bound solid as long as its hypothesis holds, dashed after that."""
    last = int(held.sum())
    axes.plot(t[:last], bound[:last], color=colour, lw=1, label=f"{label}, holds")
    rest = slice(max(last - 1, 0), None) if last < len(t) else slice(0, 0)
    axes.plot(t[rest], bound[rest], color=colour, lw=1, ls=FAILS, label=f"{label}, fails")


def _observed(axes: Axes, values: np.ndarray) -> None:
    shown = {"color": TRACE.colour, "marker": TRACE.marker, "ms": 2.2, "lw": 1.2}
    axes.plot(np.arange(len(values)), values, **shown, label="observed", zorder=3)


def _gap(axes: Axes, trace: Trace) -> None:
    _observed(axes, trace.gap)
    positive = trace.gap[trace.gap > 0]
    floor = 0.3 * min(positive.min(initial=1.0), trace.bregman[0] / len(trace.alpha))
    _bounds(axes, sublinear, "bound: $D_0/T$", trace, floor)
    axes.set_ylabel(r"$L(\theta_t)-L(\hat\theta)$  [nats]")


def _bregman(axes: Axes, trace: Trace) -> None:
    _observed(axes, trace.bregman)
    _bounds(axes, linear, r"bound: $(1-\alpha)^T D_0$", trace, 0.3 * trace.bregman.min())
    axes.set_ylabel(r"$D_A(\hat\theta,\theta_t)$  [nats]")


def _alpha(axes: Axes, trace: Trace) -> None:
    """Draw alpha_t and 1 - lambda_max, and say where the hypotheses hold."""
    _observed(axes, trace.alpha)
    t = np.arange(len(trace.alpha))
    axes.plot(t, trace.convexity, color="0.45", ls=LOCAL, lw=1, label="local", zorder=2)
    axes.axhline(0, color=sweep.INK, lw=0.7, zorder=1.5)
    text = rf"$\min\,\alpha_t={trace.alpha.min():.2g}$".replace("-", "−")
    if trace.entry:
        axes.axvline(trace.entry, color=FRESH, lw=0.7, ls=":", zorder=1.5)
        text += f"\n$\\alpha_t>0$ from $t={trace.entry}$"
    elif trace.entry is None:
        text += "\n$\\alpha_t>0$ never to stay"
    low, high = min(trace.alpha.min(), 0.0), max(trace.alpha.max(), 0.2)
    axes.set_ylim(low - 0.5 * (high - low), high + 0.08 * (high - low))
    axes.text(
        0.97, 0.04, text, transform=axes.transAxes, ha="right", va="bottom",
        fontsize=style.SMALL, linespacing=1.3,
    )  # fmt: skip
    axes.set_ylabel(r"$\alpha_t$")


def _legend(figure: Figure, run: pd.Series) -> None:
    """Name the cell, and what colours and line styles mean."""
    title = f"{sweep.setting(run)}, $n$ = {sweep.count(run['n'])}, $d$ = {run['d']}"
    entries = {
        "observed": {"color": TRACE.colour, "marker": TRACE.marker, "ms": 2.6, "lw": 1.2},
        "bound, hypothesis holds": {"color": sweep.INK, "lw": 1},
        "bound, hypothesis fails": {"color": sweep.INK, "lw": 1, "ls": FAILS},
        r"bound afresh from where $\alpha_t>0$ for good": {"color": FRESH, "lw": 1},
        r"$1-\lambda_{\max}(M(\theta_t))$": {"color": "0.45", "lw": 1, "ls": LOCAL},
    }
    handles = [Line2D([], [], **look) for look in entries.values()]
    figure.legend(
        handles, entries.keys(), loc="outside upper center", ncols=3, columnspacing=1.2,
        borderaxespad=0.2, title=title,
    )  # fmt: skip
