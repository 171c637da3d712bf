"""Predicted against observed rate, a point a run, and the order of the linearisation's error.

The prediction is the same estimator applied to |J^k e|, J the iteration's Jacobian at the limit:
M for EM, I - P Hess L for gradient descent with steps P.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullFormatter, NullLocator

from emmoe.figures._shared import style, sweep
from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import RUN, arrived, joined, resolved
from emmoe.tables.rate_agreement import INFORMATIVE, NEEDS, agreement, rate_gap

COARSE = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999]
FINE = sorted({*COARSE, 0.02, 0.05, 0.2, 0.3, 0.7, 0.8, 0.95, 0.98, 0.995, 0.998})
SMALLEST = 1e-9  # the smallest difference shown, where rates agree to rounding
SLOPE_RANGE = 0.2  # of the histograms about 2, wider where more than 2 % of the runs are outside
TARGET = (1.95, 2.05)
BINS = 40


@style.context()
def draw(
    *,
    curves: Mapping[str, str],
    **runs_tables: Annotated[pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS])],
) -> Figure:
    """Return the figure: (a) observed against predicted rate, logit axes; (b) their difference;
    (c) histograms of the slope of |e_{t+1} - J e_t| against |e_t| on log axes, 2 in theory.

    runs_tables: tables of runs; curves: fitter -> label, every fitter if empty. (a) and (b) hold
    the resolved runs, (c) all that come near theta_hat.
    """
    runs = joined(runs_tables, curves, NEEDS)
    fitters = sweep.labels(runs["fitter"], curves)
    figure, (rates, gaps, slopes) = _panels()
    found = runs[resolved(runs) & (runs[["rate", "rate_predicted"]] < 1).all(axis=1)]
    _scatter(rates, found, fitters)
    _differences(gaps, found, fitters)
    _share_x(rates, gaps, found)
    rates.text(
        0.98, 0.03, _agreement(runs, fitters), transform=rates.transAxes, ha="right", va="bottom",
        fontsize=style.SMALL, linespacing=1.3,
    )  # fmt: skip
    _slopes(slopes, runs[arrived(runs)], fitters)
    _legend(figure, runs["model"].unique(), fitters)
    return figure


def _panels() -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(style.PAGE, 1.45 * style.HEIGHT), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.03)
    grid = figure.add_gridspec(2, 2, height_ratios=[2.3, 1])
    places = grid[0, 0], grid[1, 0], grid[:, 1]
    return figure, [figure.add_subplot(place) for place in places]


def _points(axes: Axes, found: pd.DataFrame, values: pd.Series, fitters: Mapping) -> None:
    """Draw a value of every run against its predicted rate."""
    looks = style.looks(fitters)
    for (model, fitter), part in found.groupby(["model", "fitter"], sort=False):
        axes.plot(
            part["rate_predicted"], values[part.index], ls="", marker=looks[fitter].marker, ms=3.4,
            mfc="none", mec=sweep.look(model).colour, mew=0.6, alpha=0.7, label=f"{model} {fitter}",
        )  # fmt: skip


def _scatter(axes: Axes, found: pd.DataFrame, fitters: Mapping[str, str]) -> None:
    low, high = _limits(found)
    axes.plot([low, high], [low, high], color=sweep.INK, lw=0.7, zorder=1.5, label="identity")
    _points(axes, found, found["rate"], fitters)
    axes.set(title="(a) linear rate, a point a run", ylabel="observed rate")
    axes.set(yscale="logit", ylim=(low, high))
    _ticks(axes.yaxis, low, high)


def _differences(axes: Axes, found: pd.DataFrame, fitters: Mapping[str, str]) -> None:
    gaps = rate_gap(found).clip(lower=SMALLEST)
    _points(axes, found, gaps, fitters)
    axes.set(title="(b) difference of the two rates", xlabel="predicted rate")
    axes.set(ylabel=r"$|\Delta\,\log_{10}$ rate$|$", yscale="log")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _share_x(rates: Axes, gaps: Axes, found: pd.DataFrame) -> None:
    low, high = _limits(found)
    for axes in (rates, gaps):
        axes.set(xscale="logit", xlim=(low, high))
        _ticks(axes.xaxis, low, high)
    rates.tick_params(labelbottom=False)


def _ticks(axis, low: float, high: float) -> None:
    coarse, fine = ([t for t in ticks if low < t < high] for ticks in (COARSE, FINE))
    axis.set_major_locator(FixedLocator(coarse if len(coarse) > 3 else fine))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_locator(NullLocator())


def _limits(found: pd.DataFrame) -> tuple[float, float]:
    """Return the rates' range with a margin, on the logit scale."""
    rates = found[["rate_predicted", "rate"]].to_numpy()
    logits = np.log(rates / (1 - rates)) if len(rates) else np.array([-2.0, 2.0])
    margin = 0.05 * np.ptp(logits) + 0.1
    low, high = 1 / (1 + np.exp([margin - logits.min(), -margin - logits.max()]))
    return float(low), float(high)


def _agreement(runs: pd.DataFrame, fitters: Mapping[str, str]) -> str:
    """Say how far observed and predicted rates differ, and how many of EM's runs have them."""
    gaps, table = rate_gap(runs), agreement(runs, fitters)
    text = rf"$|\Delta\,\log_{{10}}$ rate$|$ of {sweep.count(len(gaps))} runs"
    text += f"\nmedian {_power(gaps.median())}\nmax {_power(gaps.max())}" if len(gaps) else ""
    em = table[(table["fitter"] == "em") & (table["informative"] > 0)]
    if len(em):
        total, resolved_runs = em["informative"], em["informative"] * em["resolved_share"]
        share = 100 * resolved_runs.sum() / total.sum()
        text += f"\nresolved: {share:.1f} % of {sweep.count(total.sum())}\n{fitters['em']} runs"
        text += rf" with ${INFORMATIVE[0]}<\rho<{INFORMATIVE[1]}$"
    return text


def _power(value: float) -> str:
    digits, exponent = f"{value:.1e}".split("e")
    return rf"${digits}\times 10^{{{int(exponent)}}}$"


def _slopes(axes: Axes, runs: pd.DataFrame, fitters: Mapping[str, str]) -> None:
    """Draw a row for each model and fitter: the histogram, and its quantiles in words."""
    slopes = runs["defect_slope"].dropna()
    far = (slopes - 2).abs().quantile(0.98) if len(slopes) else 0.0
    low, high = 2 - max(far, SLOPE_RANGE), 2 + max(far, SLOPE_RANGE)
    bins, names = np.linspace(low, high, BINS + 1), []
    axes.axvspan(*TARGET, color="0.9", lw=0, zorder=0.5)
    axes.axvline(2, color=sweep.INK, lw=0.7, zorder=1.5)
    groups = list(runs.dropna(subset="defect_slope").groupby(["model", "fitter"], sort=False))
    for row, ((model, fitter), part) in enumerate(reversed(groups)):
        _row(axes, row, part["defect_slope"], bins, sweep.look(model).colour, f"{model} {fitter}")
        names.append(f"{sweep.model_name(model)}\n{fitters[fitter]}")
    axes.set_yticks(np.arange(len(names)) + 0.3, names)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    outside = int((~slopes.between(low, high)).sum())
    axes.set(xlim=(low, high), ylim=(-0.05, max(len(names), 1)))
    axes.set_title("(c) order of the linearisation's error")
    axes.set_xlabel(
        r"slope of $\log|e_{t+1}-J e_t|$ against $\log|e_t|$"
        f"\nhistograms of runs; {sweep.count(outside)} of {sweep.count(len(slopes))} are outside"
    )


def _row(
    axes: Axes, row: int, slopes: pd.Series, bins: np.ndarray, colour: str, label: str
) -> None:
    counts, _ = np.histogram(slopes, bins)
    heights = row + 0.8 * counts / max(counts.max(), 1)
    axes.stairs(heights, bins, baseline=row, fill=True, color=colour, alpha=0.35, zorder=2)
    axes.stairs(heights, bins, baseline=row, color=colour, lw=0.9, zorder=2.5, label=label)
    low, middle, high = slopes.quantile([0.05, 0.5, 0.95])
    axes.text(
        0.99, row + 0.78, f"median {middle:.3f}\n5–95 %: {low:.2f}–{high:.2f}", va="top",
        ha="right", transform=axes.get_yaxis_transform(), fontsize=style.SMALL, linespacing=1.2,
    )  # fmt: skip


def _legend(figure: Figure, models: Iterable[str], fitters: Mapping[str, str]) -> None:
    """Name the models by colour, the fitters by marker, and what the lines mean."""
    entries = {sweep.model_name(m): Patch(color=sweep.look(m).colour) for m in models}
    for fitter, look in style.looks(fitters).items():
        mark = {"ls": "", "marker": look.marker, "ms": 4, "mfc": "none", "mec": "0.35"}
        entries[fitters[fitter]] = Line2D([], [], **mark)
    entries["prediction exact; slope 2"] = Line2D([], [], color=sweep.INK, lw=0.7)
    entries[r"slope 2 $\pm$ 0.05"] = Patch(color="0.9")
    figure.legend(
        entries.values(), entries.keys(), loc="outside upper center", ncols=len(entries),
        columnspacing=1.2, borderaxespad=0.2, handlelength=1.8,
    )  # fmt: skip
