"""Figures show the numbers they are given, and the paper's readings in their place, legibly."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from emmoe.figures import figure_1, figure_2, figure_3
from emmoe.store.errors import DataError

CLAIMS = Path(__file__).parents[1] / "data" / "reported" / "claims.csv"
CURVES = {"em": "EM", "gradient_em": "Gradient EM", "gradient_descent": "gradient descent"}
RATES = {"em": 1.2, "gradient_em": 0.2, "gradient_descent": 0.05, "em_solved": 2.0}
FIGURES = {
    "figure_1": (figure_1, ["excess_loss_to_truth", "excess_loss_to_final"]),
    "figure_2": (figure_2, ["relative_error_beta", "relative_error_w"]),
    "figure_3": (figure_3, ["test_accuracy", "loss"]),
}


def summary():
    """Decaying means by rate; EM's excess loss ends below 0; em_solved has 20 iterations."""
    parts = []
    for fitter, rate in RATES.items():
        t = np.arange(21 if fitter == "em_solved" else 101)
        decay = 0.7 * np.exp(-rate * t)
        means = {
            "excess_loss_to_truth": decay - (1e-3 if fitter == "em" else 0),
            "excess_loss_to_final": decay - decay[-1],
            "relative_error_beta": 0.9 * decay + 0.03,
            "relative_error_w": decay + 0.08,
            "test_accuracy": 0.8 - decay,
            "loss": 0.5 + 2 * decay,
        }
        for metric, mean in means.items():
            runs = 3 if fitter == "em_solved" else 50
            row = {"experiment": "x", "cell": "all", "fitter": fitter, "metric": metric}
            columns = {"iteration": t, "mean": mean, "std": mean / 5, "replicates": runs}
            parts.append(pd.DataFrame(row | columns))
    return pd.concat(parts).sample(frac=1, random_state=1)


def readings():
    return pd.read_csv(CLAIMS)


@cache
def default(name):
    """The figure of a name as the tests draw it, to look at only."""
    return draw(name)


def draw(name, **options):
    given = {"summary": summary(), "curves": CURVES, "reported": readings()}
    return FIGURES[name][0].draw(**(given | options))


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def texts(figure):
    """All texts that are drawn, once the layout is done."""
    figure.draw_without_rendering()
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text()]


@pytest.fixture(params=FIGURES)
def name(request):
    return request.param


def test_lines_and_bands_are_the_summary(name):
    table = summary()
    for axes, metric in zip(default(name).axes, FIGURES[name][1], strict=True):
        bands = [c for c in axes.collections if isinstance(c, PolyCollection)]
        for fitter, band in zip(CURVES, bands, strict=True):
            rows = table[(table["fitter"] == fitter) & (table["metric"] == metric)]
            rows = rows.sort_values("iteration")
            drawn = lines(axes)[fitter]
            np.testing.assert_array_equal(drawn.get_xdata(), rows["iteration"])
            np.testing.assert_array_equal(drawn.get_ydata(), rows["mean"])
            edges = {tuple(v) for v in band.get_paths()[0].vertices}
            assert (0, rows["mean"].iloc[0] + rows["std"].iloc[0]) in edges
            assert to_rgb(band.get_facecolor()[0][:3]) == to_rgb(drawn.get_color())


def test_curves_keep_the_order_given():
    reverse = dict(reversed(CURVES.items()))
    axes = draw("figure_2", curves=reverse).axes[0]
    assert [label for label in lines(axes) if label in CURVES] == list(reverse)


@pytest.mark.parametrize("figure", ["figure_1", "figure_2"])
def test_readings_stand_at_our_iterations(figure):
    raw = readings()
    raw = raw[(raw["kind"] == "value") & ~raw["interpolated"]]
    for letter, axes in zip("ab", default(figure).axes, strict=True):
        for fitter in CURVES:
            rows = raw[(raw["where"] == f"{figure}{letter}") & (raw["algorithm"] == fitter)]
            marks = lines(axes)[f"reported {fitter}"]
            np.testing.assert_array_equal(marks.get_xdata(), rows["iteration"])
            np.testing.assert_array_equal(marks.get_ydata(), rows["value"])
            assert len(rows) and marks.get_linestyle() == "None"
            assert marks.get_markeredgecolor() == lines(axes)[fitter].get_color()


def test_figure_3_shows_poster_and_slides_by_marker_and_does_not_shift():
    raw = readings()
    for panel, axes in zip(("figure_3a", "figure_3b"), default("figure_3").axes, strict=True):
        shapes = {}
        for source in ("poster", "slides"):
            marks = lines(axes)[f"reported em {source}"]
            rows = raw[
                (raw["where"] == panel)
                & (raw["algorithm"] == "em")
                & (raw["kind"] == "value")
                & (raw["source"] == source)
            ]
            np.testing.assert_array_equal(marks.get_xdata(), rows["iteration"])
            np.testing.assert_array_equal(marks.get_ydata(), rows["value"])
            shapes[source] = marks.get_marker()
        assert shapes["poster"] != shapes["slides"]


def test_without_readings_no_reading_is_drawn_or_promised(name):
    figure = draw(name, reported=None)
    assert not [label for axes in figure.axes for label in lines(axes) if "reported" in label]
    assert not [t.get_text() for t in texts(figure) if "reported" in t.get_text()]


def test_a_shorter_curve_is_drawn_to_its_own_end_and_its_runs_are_told():
    figure = draw("figure_3", curves={**CURVES, "em_solved": "EM (solved)"})
    assert lines(figure.axes[0])["em_solved"].get_xdata()[-1] == 20
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert "EM (solved), 3 runs" in legend and "EM" in legend
    assert "ours: mean ± std, 50 runs" in legend


def test_scales_are_the_paper_s():
    scales = {name: [axes.get_yscale() for axes in default(name).axes] for name in FIGURES}
    assert scales["figure_1"] == ["log", "linear"]
    assert scales["figure_2"] == ["log", "log"]
    assert scales["figure_3"] == ["log", "linear"]


def test_accuracy_ticks_are_plain_numbers():
    figure = default("figure_3")
    figure.draw_without_rendering()
    ticks = [t.get_text() for t in figure.axes[0].get_yticklabels(which="both") if t.get_text()]
    assert {"0.1", "0.2", "0.5", "0.7", "1"} <= set(ticks)


def test_figure_1_says_where_a_mean_falls_below_0():
    table = summary()
    em = table[(table["fitter"] == "em") & (table["metric"] == "excess_loss_to_truth")]
    start = em.loc[em["mean"] < 0, "iteration"].min()
    figure = default("figure_1")
    axes = figure.axes[0]
    assert "below 0 from here on" in [t.get_text() for t in figure.legends[0].get_texts()]
    assert axes.get_legend() is None  # which would hide a curve
    assert list(lines(axes)["dive em"].get_xdata()) == [start - 1, start]
    assert list(lines(axes)["below 0 em"].get_xdata()) == [start]
    assert "dive gradient_em" not in lines(axes)


def test_messages_are_the_summary_s_numbers():
    table = summary()

    def last(fitter, metric):
        rows = table[(table["fitter"] == fitter) & (table["metric"] == metric)]
        return rows.sort_values("iteration")["mean"].iloc[-1]

    told = {name: " ".join(default(name).get_suptitle().split()) for name in FIGURES}
    em = table[(table["fitter"] == "em") & (table["metric"] == "excess_loss_to_truth")]
    start = em.loc[em["mean"] < 0, "iteration"].min()
    below = (
        f"The mean loss falls below the truth's for EM at iteration {start}; for Gradient EM and"
    )
    assert told["figure_1"].startswith(below)
    for name, metric in {"figure_2": "relative_error_w", "figure_3": "test_accuracy"}.items():
        ends = {label: last(fitter, metric) for fitter, label in CURVES.items()}
        lowest, highest = min(ends, key=ends.get), max(ends, key=ends.get)
        assert f" is lowest for {lowest} ({ends[lowest]:.2g} after " in told[name]
        assert f" and highest for {highest} ({ends[highest]:.2g} after " in told[name]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 0.5, -1, -1], 2), ([1, -1, 0.5, -1], 3), ([1, -1, 0.5], None), ([-1, -2], 0),
     ([1, np.nan, np.nan], 1)],
)  # fmt: skip
def test_fall_is_the_start_of_the_last_stretch_not_above_0(values, expected):
    values = pd.Series(values)
    assert figure_1.fall(pd.Series(values.index), values) == expected


def test_a_log_axis_widens_for_small_and_large_means():
    table = summary()
    small = (table["fitter"] == "em") & (table["metric"] == "relative_error_beta")
    table.loc[small, "mean"] /= 100
    low, high = draw("figure_2", summary=table).axes[0].get_ylim()
    assert low < table.loc[small, "mean"].min() and high == 1.5


def test_text_is_at_least_7_points(name):
    figure = default(name)
    found = texts(figure)
    assert len(found) > 20 and min(t.get_fontsize() for t in found) >= 7
    assert figure.get_size_inches()[0] == 3.3


def test_nothing_leaves_the_figure(name):
    figure = draw(name, curves={**CURVES, "em_solved": "EM, M-step solved"})
    figure.draw_without_rendering()
    box = figure.get_tightbbox(figure.canvas.get_renderer())  # inches
    width, height = figure.get_size_inches()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


@pytest.mark.parametrize("change", ["none", "twice"])
def test_a_curve_that_is_missing_or_ambiguous_is_told_in_one_line(change):
    table = summary()
    em = table[table["fitter"] == "em"]
    table = table[table["fitter"] != "em"] if change == "none" else pd.concat([table, em])
    with pytest.raises(DataError, match="'em'") as error:
        draw("figure_2", summary=table)
    assert "\n" not in str(error.value)
