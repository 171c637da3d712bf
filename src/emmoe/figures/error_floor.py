"""The error of the sample optimum theta_hat against the sample size n and the dimension d.

In theory the error falls as n^(-1/2) and grows as d^(1/2): it is the statistical floor at which
every algorithm's error to the truth ends.

:section: theory
:title: The error of the sample's optimum
:caption: Against the sample size n and the dimension d, with fitted slopes beside the -1/2 of
    theory: the statistical floor at which every algorithm's error to the truth ends.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from emmoe.figures._shared import style, sweep
from emmoe.record.cells import grid
from emmoe.record.check_reads import runs_of
from emmoe.record.entries import Experiment, Product, Record
from emmoe.record.reads import Reads
from emmoe.tables._shared.floor import Power, power, samples
from emmoe.tables._shared.runs import RUN

MARKERS = "osD^vPX"
HANDLER = {tuple: HandlerTuple(1)}  # a point and its bar, one over the other


@style.context()
def draw(
    *,
    runs: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, "recovery_error"])],
    curves: Mapping[str, str],
) -> Figure:
    """Return the figure: median over samples of |theta_hat - theta*|, with its quartiles, against
    (a) n, a curve for each d, and (b) d, a curve for each n; log axes.

    runs: a table of runs, of one model, start, angle and pair of norms; curves: the fitters to
    read, every one if empty (theta_hat does not depend on them: each sample counts once).
    Raises DataError, in one line, if the table holds several settings, one cell or no theta_hat.
    """
    table = samples(runs, curves)
    figure, (left, right) = style.two_panels(above=1.5)
    left.set(title="(a) against the sample size", xlabel="observations $n$")
    left.set_ylabel(r"$\Vert\hat\theta-\theta^{*}\Vert$")
    right.set(title="(b) against the dimension", xlabel="features $d$")
    right.set_ylabel(r"$\Vert\hat\theta-\theta^{*}\Vert$")
    fits = [_panel(left, table, "n", "d", -0.5), _panel(right, table, "d", "n", 0.5)]
    _limits([left, right], table)
    _legend(figure, table)
    style.tell(figure, _message(*fits))
    return figure


def check(record: Record, entry: Product) -> None:
    """Raise ValueError unless n or d, and nothing else, varies."""
    (own,) = runs_of(record, entry)
    varied = [axis for axis, found in _values(own).items() if len(found) > 1]
    if not set(varied) <= {"n", "d"} or not varied:
        said = f"{own.name} varies {', '.join(varied) or 'nothing'}"
        raise ValueError(f"reads.runs: {said}: only n and d may vary, and one must")


def _values(own: Experiment) -> dict[str, list]:
    found = grid(own)
    return dict(zip(found.axes, found.values, strict=True))


def _panel(axes: Axes, table: pd.DataFrame, by: str, other: str, theory: float) -> list[Power]:
    """Draw a curve for each value of `other` that has two points, and theory's slope below; return
    the curves' slopes."""
    entries, fits = {}, []
    groups = table[table.groupby(other)[by].transform("nunique") > 1].groupby(other)
    for look, (value, part) in zip(_looks(groups.ngroups), groups, strict=True):
        _curve(axes, part["recovery_error"].groupby(part[by]), look, f"{other} {value}")
        fits.append(fit := power(part["recovery_error"], part[by]))
        text = f"${other}$ = {sweep.count(value)}: {fit.slope:+.2f} ± {fit.error:.2f}"
        entries[text.replace("-", "−")] = Line2D([], [], **look)
    sign = "+" if theory > 0 else "−"
    entries[f"theory: {sign}0.5"] = _reference(axes, table, by, theory)
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(table[by].unique())))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(
        entries.values(), entries.keys(), title="slope on log axes ± standard error", ncols=2,
        loc="upper center", bbox_to_anchor=(0.45, -0.27), columnspacing=0.8,
        handlelength=1.7, handletextpad=0.5,
    )  # fmt: skip
    return fits


def _message(by_n: list[Power], by_d: list[Power]) -> str:
    """Say which slopes there are beside those of theory."""
    told = [
        f"{verb} with slopes {min(slopes):.2f} to {max(slopes):.2f} in {name} (theory {theory})"
        for verb, name, theory, fits in (("falls", "n", -0.5, by_n), ("grows", "d", 0.5, by_d))
        if (slopes := [fit.slope for fit in fits])
    ]
    return f"The optimum's error {' and '.join(told)} on log axes.".replace("-", "−")


def _looks(number: int) -> Iterator[dict[str, Any]]:
    """Yield how each of the curves is drawn: lighter and with other markers as they go on."""
    for k, shade in enumerate(np.linspace(0, 0.75, number)):
        yield {
            "color": colormaps["cividis"](shade), "marker": MARKERS[k % len(MARKERS)], "ms": 4,
            "lw": 1.2,
        }  # fmt: skip


def _curve(axes: Axes, groups: Any, look: Mapping[str, Any], label: str) -> None:
    low, middle, high = (groups.quantile(q) for q in (0.25, 0.5, 0.75))
    axes.vlines(low.index, low, high, color=look["color"], lw=1, alpha=0.6)
    axes.plot(middle.index, middle, label=label, **look)


def _reference(axes: Axes, table: pd.DataFrame, by: str, theory: float) -> Line2D:
    """Draw the slope of theory below all medians; return its line."""
    medians = table.groupby(["n", "d"])["recovery_error"].median().groupby(by).min()
    x = medians.index.to_numpy(float)
    trend = (x / x[0]) ** theory
    factor = 0.75 * (medians / trend).min()
    (line,) = axes.plot(x, factor * trend, color=style.INK, lw=1, ls=":", label="theory")
    return line


def _limits(panels: list[Axes], table: pd.DataFrame) -> None:
    """Give the panels one error axis."""
    low = min(line.get_ydata().min() for axes in panels for line in axes.get_lines())
    high = table.groupby("cell")["recovery_error"].quantile(0.75).max()
    for axes in panels:
        style.log_axis(axes, (0.85 * low, 1.15 * high), (1, 2, 5))


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    row, sizes = table.iloc[0], table.groupby("cell").size()
    samples = sweep.count(sizes.max())
    if sizes.min() < sizes.max():
        samples = f"{sweep.count(sizes.min())} to {samples}"
    mark = (_mark("o", 3.5), _mark("|", 11))
    said = f"median and quartiles of {samples} samples"
    style.legend(figure, [(said, mark)], 1, title=sweep.setting(row), handler_map=HANDLER)


def _mark(shape: str, size: float) -> Line2D:
    return Line2D([], [], color="0.35", marker=shape, ms=size, mew=1, ls="")
