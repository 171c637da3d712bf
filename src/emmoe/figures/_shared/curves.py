"""What all figures share: curves with a band, the paper's readings beside them, and the legend."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from emmoe.figures._shared import style
from emmoe.figures._shared.style import Look
from emmoe.store.errors import DataError

SHIFTED = "reported (as iteration $t + 1$)"  # Figures 1 and 2
GREY = "0.35"  # entries that hold for every algorithm


def select(summary: pd.DataFrame, fitter: str, metric: str) -> pd.DataFrame:
    """Return one curve's rows by iteration; raises DataError if there is none, or more than one."""
    rows = summary[(summary["fitter"] == fitter) & (summary["metric"] == metric)]
    if rows.empty:
        raise DataError(
            f"summary: no {metric} of fitter {fitter!r}: add it to the experiment's fitters, "
            "or take it out of the figure's curves"
        )
    if not rows["iteration"].is_unique:
        raise DataError(f"summary: several cells of fitter {fitter!r}: a curve shows one cell")
    return rows.sort_values("iteration")


def limits(
    summary: pd.DataFrame, curves: Mapping[str, str], metric: str, low: float, high: float
) -> tuple[float, float]:
    """Return [low, high], widened where it would cut a mean above 0, or a band's upper edge."""
    rows = summary[summary["fitter"].isin(list(curves)) & (summary["metric"] == metric)]
    mean, upper = rows["mean"], rows["mean"] + rows["std"].fillna(0.0)
    return min(low, 0.8 * mean[mean > 0].min()), max(high, upper.max())


def panel(
    axes: Axes,
    summary: pd.DataFrame,
    curves: Mapping[str, str],
    metric: str,
    readings: pd.DataFrame | None = None,
    markers: Mapping[str, str] | None = None,
) -> None:
    """Draw a metric's curve of every fitter, mean and band of one std, and the readings.

    Call it when the axis' scale and limits are set: a band is cut at a log axis' lower end.
    markers: a shape per source of the readings; without it, one per algorithm.
    """
    for fitter, look in style.looks(curves).items():
        _curve(axes, select(summary, fitter, metric), look, label=fitter)
        if readings is None:
            continue
        read = readings[(readings["algorithm"] == fitter) & (readings["metric"] == metric)]
        if not markers:
            _readings(axes, read, look, look.marker, label=f"reported {fitter}")
        for source, marker in (markers or {}).items():
            part = read[read["source"] == source]
            _readings(axes, part, look, marker, label=f"reported {fitter} {source}")
    axes.set_xlabel("iteration $t$")
    axes.margins(x=0.02)


def _visible(axes: Axes, values: pd.Series) -> pd.Series:
    """Raise values that a log axis cannot show to its lower end."""
    return np.maximum(values, axes.get_ylim()[0]) if axes.get_yscale() == "log" else values


def _curve(axes: Axes, rows: pd.DataFrame, look: Look, label: str) -> None:
    t, mean = rows["iteration"], rows["mean"]
    std = rows["std"].fillna(0.0)  # one replicate has none
    low, high = _visible(axes, mean - std), _visible(axes, mean + std)
    axes.fill_between(t, low, high, color=look.colour, alpha=0.16, linewidth=0, zorder=1.5)
    axes.plot(t, mean, color=look.colour, ls=look.line, lw=look.width, label=label, zorder=3)


def _readings(axes: Axes, read: pd.DataFrame, look: Look, marker: str, label: str) -> None:
    read = read[read["value"].notna()]
    low, high = _visible(axes, read["low"]), read["high"]
    axes.vlines(read["iteration"], low, high, color=look.colour, alpha=0.4, lw=0.6, zorder=2)
    axes.plot(
        read["iteration"], read["value"], ls="", marker=marker, ms=style.READING, mfc="white",
        mec=look.colour, mew=0.7, alpha=0.8, label=label, zorder=2.5,
    )  # fmt: skip


def legend(
    figure: Figure,
    summary: pd.DataFrame,
    curves: Mapping[str, str],
    readings: pd.DataFrame | None = None,
    markers: Mapping[str, str] | None = None,
    more: Iterable[tuple[str, tuple[Line2D, ...]]] = (),
) -> None:
    """Put a legend under the panels: the algorithms, then what line, band and marks mean.

    readings, markers: as given to panel; more: what else is marked.
    """
    runs = summary.groupby("fitter")["replicates"].max()[list(curves)]
    looks = style.looks(curves)
    fewer = {fitter: f", {n} runs" for fitter, n in runs.items() if n < runs.max()}
    algorithms = [(text + fewer.get(f, ""), _line(looks[f])) for f, text in curves.items()]
    meanings = [(f"ours: mean ± std, {runs.max()} runs", _ours())]
    if readings is not None:
        meanings += _reported_entries(looks, markers)
    meanings += more
    handler = {tuple: HandlerTuple(ndivide=None, pad=0.3), _Overlaid: HandlerTuple(pad=0)}
    style.legend(figure, _side_by_side(algorithms, meanings), 2, handler_map=handler)


def _reported_entries(
    looks: Mapping[str, Look], markers: Mapping[str, str] | None
) -> list[tuple[str, tuple[Line2D, ...]]]:
    if markers:
        return [(f"reported, {source}", _marks([shape])) for source, shape in markers.items()]
    return [(SHIFTED, _marks([look.marker for look in looks.values()]))]


class _Overlaid(tuple):
    """Legend symbols drawn over each other, where a tuple's stand side by side."""


def _line(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, ls=look.line, lw=look.width)


def _ours() -> _Overlaid:
    line = Line2D([], [], color=GREY, lw=1.4)
    return _Overlaid((Patch(color=GREY, alpha=0.3, lw=0), line))


def _marks(shapes: Sequence[str]) -> tuple[Line2D, ...]:
    look = {"ls": "", "ms": style.READING + 0.6, "mfc": "white", "mec": GREY, "mew": 0.8}
    return tuple(Line2D([], [], marker=shape, **look) for shape in shapes)


def _side_by_side(left: list, right: list) -> list:
    """Fill up the shorter of a legend's two columns."""
    blank, rows = ("", Line2D([], [], ls="")), max(len(left), len(right))
    return [entry for column in (left, right) for entry in column + [blank] * (rows - len(column))]


def ends(summary: pd.DataFrame, curves: Mapping[str, str], metric: str) -> str:
    """Return where a metric's last means are, for a figure's message: "lowest for EM (0.084 after
    100 iterations) and highest for GD (0.42 after 100 iterations)"."""
    last = {label: select(summary, name, metric).iloc[-1] for name, label in curves.items()}
    said = {
        label: f"for {label} ({row['mean']:.2g} after {row['iteration']:.0f} iterations)"
        for label, row in sorted(last.items(), key=lambda item: item[1]["mean"])
    }
    lowest, *_, highest = [*said.values(), *said.values()]
    return f"lowest {lowest} and highest {highest}" if len(said) > 1 else lowest
