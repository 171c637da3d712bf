"""The sweeps' figures show the numbers they are given, and tell what they cannot show."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from sweep_helpers import CURVES, cell, check_legibility, lines, plane, runs_of

from emmoe.figures import bounds, error_floor, rate_agreement
from emmoe.figures._shared import sweep
from emmoe.store.errors import DataError
from emmoe.tables import rate_agreement as agreement_table

MODEL = "symmetric_linear"


@cache
def linear():
    return plane("symmetric_linear", [0.5, 1.5, 4], [0.5, 2, 8], replicates=5)


def bounds_runs(*alphas, size=0.9, extra=()):
    """Runs of a cell whose secant convexities are given; D_t and gap_t shrink as the theory says:
    D_t+1 + gap_t+1 = (1 - alpha_t) D_t."""
    frame = runs_of(cell(), len(alphas), success=1)
    lists = {name: [] for name in bounds.LISTS}
    for alpha in alphas:
        bregman = [1.5]
        for value in alpha[:-1]:
            bregman.append(size * (1 - value) * bregman[-1])
        gap = [0.7, *((1 - size) / size * np.array(bregman[1:]))]
        values = gap, bregman, [*alpha], list(1 - np.array(alpha) / 2)
        for name, column in zip(bounds.LISTS, values, strict=True):
            lists[name].append(np.array([*column, *extra]))
    return frame.assign(**lists)


def floor_runs(model="symmetric_linear"):
    """Recovery errors 3 n^-0.5 d^0.5 times a factor that is 1 at the median of five."""
    parts = []
    for n in (1000, 2000, 4000, 8000):
        for d in (5, 10, 20):
            frame = runs_of(cell(model, n=n, d=d), 5)
            spread = np.array([0.5, 0.8, 1, 1.2, 2])
            parts.append(frame.assign(recovery_error=3 * np.sqrt(d / n) * spread))
    return pd.concat(parts, ignore_index=True)


FIGURES = {
    "rate_agreement": lambda: rate_agreement.draw(curves=CURVES, linear=linear()),
    "bounds": lambda: bounds.draw(runs=bounds_runs([0.5] * 9, [-0.2, 0.1] + [0.4] * 9), curves={}),
    "error_floor": lambda: error_floor.draw(runs=floor_runs(), curves={}),
}


@cache
def default(name):
    """A figure to look at only."""
    figure = FIGURES[name]()
    figure.draw_without_rendering()
    return figure


def message(figure):
    return " ".join(figure.get_suptitle().split())


@pytest.fixture(params=FIGURES)
def name(request):
    return request.param


def meshes(figure):
    """The counts of the panels that have any, by title."""
    return {
        axes.get_title("left"): next(c for c in axes.collections if isinstance(c, QuadMesh))
        for axes in figure.axes
        if axes.get_title("left")
    }


def test_every_resolved_run_is_counted_once_in_its_model_s_and_fitter_s_panel():
    frame = pd.concat([linear(), runs_of(cell("symmetric_logistic", beta=3.0), 9)])
    found = frame[frame["rate"].notna() & frame["entry"].notna()]
    groups = {
        (sweep.model_name(model), CURVES[fitter]): len(part)
        for (model, fitter), part in found.groupby(["model", "fitter"])
    }
    drawn = meshes(rate_agreement.draw(curves=CURVES, runs=frame))
    assert len(groups) == 3 and len(drawn) == 3
    for (model, fitter), runs in groups.items():
        (mesh,) = [m for title, m in drawn.items() if title.startswith(f"{model}, {fitter}:\n")]
        assert mesh.get_array().sum() == runs
    assert len({id(mesh.norm) for mesh in drawn.values()}) == 1


def test_a_run_is_counted_at_its_predicted_rate_and_its_difference():
    frame = linear().copy()
    one = frame.index[(frame["fitter"] == "em") & frame["rate"].notna()][0]
    frame = frame.loc[[one]].assign(rate_predicted=0.6, rate=0.6 * 10**-0.003)
    (mesh,) = meshes(rate_agreement.draw(curves=CURVES, runs=frame)).values()
    ((row, column),) = np.argwhere(mesh.get_array().filled(0))
    corners = mesh.get_coordinates()
    (left, low), (right, high) = corners[row, column], corners[row + 1, column + 1]
    assert left - 1e-12 < 0.6 < right and low < 0.003 < high


def test_the_agreement_s_message_is_the_table_s_numbers():
    frame = linear().copy()
    em = frame.index[(frame["fitter"] == "em") & frame["rate"].notna()]
    frame.loc[em[:3], ["rate", "rate_predicted"]] = np.nan
    frame.loc[em[5], "rate"] *= 10**0.0123
    told = message(rate_agreement.draw(curves=CURVES, runs=frame))
    table = agreement_table.build(runs=frame, curves=CURVES)
    assert f"largest {table['rate_gap_max'].max():.0e}" in told
    found = table["resolved"].sum()
    assert f"of {found} runs" in told
    assert told.endswith(f"{len(frame) - found} of {len(frame)} runs have none.")
    nothing = frame.assign(rate=np.nan)
    assert message(rate_agreement.draw(curves=CURVES, runs=nothing)).startswith("None of ")


def drawn(axes, label):
    return lines(axes)[label].get_xydata() if label in lines(axes) else np.empty((0, 2))


def test_ratios_are_to_the_paper_s_bounds_from_the_start():
    alphas = [0.5, 0.2, 0.4, 0.3, 0.3, 0.3]
    frame = bounds_runs(alphas)
    convexity, gap, bregman = bounds.draw(runs=frame, curves={}).axes
    t = np.arange(1, 6)
    np.testing.assert_array_equal(drawn(convexity, MODEL)[:, 1], alphas)
    expected = np.column_stack([t, frame["bound_gap"][0][1:] * t / 1.5])
    np.testing.assert_allclose(drawn(gap, MODEL), expected)
    expected = np.column_stack([t, frame["bound_bregman"][0][1:] / (1.5 * 0.8**t)])
    np.testing.assert_allclose(drawn(bregman, MODEL), expected)


def test_ratios_start_afresh_where_the_hypothesis_comes_to_stay():
    frame = bounds_runs([0.5, 0.1, -0.3, 0.2, 0.4, 0.4])
    figure = bounds.draw(runs=frame, curves={})
    start, later = frame["bound_bregman"][0][3], frame["bound_bregman"][0][4:]
    expected = np.column_stack([[1, 2], later / (start * 0.8 ** np.array([1, 2]))])
    np.testing.assert_allclose(drawn(figure.axes[2], MODEL), expected)
    assert (drawn(figure.axes[2], MODEL)[:, 1] <= 1).all()
    assert "holds from the start in 0 of 1 runs, from iteration 3 on at the" in message(figure)
    assert f"at most {expected[:, 1].max():.2g} of its bound" in message(figure)


def test_lines_are_medians_over_runs_bands_their_range():
    alphas = [[0.5] * 5, [0.4] * 5, [0.1] * 5]
    axes = bounds.draw(runs=bounds_runs(*alphas), curves={}).axes[0]
    assert (drawn(axes, MODEL)[:, 1] == 0.4).all()
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.1, 0.5)


def test_a_line_ends_where_less_than_half_of_the_runs_go_on():
    axes = bounds.draw(runs=bounds_runs([0.5] * 3, [0.5] * 4, [0.5] * 9), curves={}).axes[0]
    assert len(drawn(axes, MODEL)) == 4


def test_a_hypothesis_that_never_comes_to_stay_has_no_ratio():
    figure = bounds.draw(runs=bounds_runs([0.5, 0.2, -0.1]), curves={})
    assert not len(drawn(figure.axes[1], MODEL)) and not len(drawn(figure.axes[2], MODEL))
    assert message(figure) == "The bounds' hypothesis holds from the start in 0 of 1 runs."


def test_traces_end_where_alpha_is_not_known_or_the_divergence_is_tiny():
    frame = bounds_runs([0.5] * 5, extra=[np.nan] * 3)
    assert len(drawn(bounds.draw(runs=frame, curves={}).axes[0], MODEL)) == 5
    frame = bounds_runs([0.999] * 9, size=1)
    assert len(drawn(bounds.draw(runs=frame, curves={}).axes[0], MODEL)) == 5


def test_models_have_lines_of_their_own():
    frame = bounds_runs([0.5] * 5)
    figure = bounds.draw(a=frame, b=frame.assign(model="symmetric_logistic"), curves={})
    styles = [lines(figure.axes[0])[m].get_linestyle() for m in (MODEL, "symmetric_logistic")]
    assert styles == ["-", "--"]
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told[1] == "SymMoLogE: median, range of 1 runs"


def test_bounds_of_no_traced_run_are_told_in_one_line():
    frame = bounds_runs([0.5] * 5)
    for lost in (frame.assign(outcome="capped"), frame.assign(bound_alpha=None)):
        with pytest.raises(DataError, match="no run to theta_hat"):
            bounds.draw(runs=lost, curves={})


def test_floors_are_medians_with_quartiles_against_n_and_d():
    frame = floor_runs()
    left, right = default("error_floor").axes
    for axes, by, other, value in ((left, "n", "d", 10), (right, "d", "n", 4000)):
        part = frame[frame[other] == value].groupby(by)["recovery_error"]
        points = drawn(axes, f"{other} {value}")
        np.testing.assert_allclose(points[:, 0], part.median().index)
        np.testing.assert_allclose(points[:, 1], part.median())
        bars = [b for c in axes.collections for b in c.get_segments()]
        low, high = part.quantile(0.25).iloc[0], part.quantile(0.75).iloc[0]
        assert any(np.allclose(bar[:, 1], [low, high]) for bar in bars)


def test_slopes_printed_are_those_of_the_medians_beside_theory_s():
    for axes, sign in zip(default("error_floor").axes, "−+", strict=True):
        told = [t.get_text() for t in axes.get_legend().get_texts()]
        assert told[-1] == f"theory: {sign}0.5"
        assert all(f"{sign}0.50 ± " in text for text in told[:-1])
        reference = drawn(axes, "theory")
        slope = np.polyfit(*np.log(reference.T), 1)[0]
        assert slope == pytest.approx(-0.5 if sign == "−" else 0.5)
    steeper = floor_runs().eval("recovery_error = recovery_error * n ** -0.25")
    told = error_floor.draw(runs=steeper, curves={}).axes[0].get_legend().get_texts()
    assert "−0.75" in told[0].get_text()


def test_the_message_has_the_range_of_the_slopes():
    steeper = floor_runs().eval("recovery_error = recovery_error * n ** -0.25")
    told = message(error_floor.draw(runs=steeper, curves={}))
    assert "slopes −0.75 to −0.75 in n (theory −0.5)" in told
    assert "slopes 0.50 to 0.50 in d (theory 0.5)" in told
    only_n = message(error_floor.draw(runs=floor_runs().query("d == 5"), curves={}))
    assert "in n" in only_n and "in d" not in only_n


def test_a_slope_s_error_is_how_much_it_varies():
    rng, n = np.random.default_rng(4), pd.Series(np.repeat([10, 20, 40, 80], 30))
    fits = [error_floor.power(n**-0.5 * np.exp(0.3 * rng.normal(size=120)), n) for _ in range(200)]
    assert np.mean([f.slope for f in fits]) == pytest.approx(-0.5, abs=0.01)
    assert np.std([f.slope for f in fits]) == pytest.approx(
        np.mean([f.error for f in fits]), rel=0.15
    )


def test_each_sample_counts_once_however_many_fitters_there_are():
    twice = pd.concat([floor_runs(), floor_runs().assign(fitter="gradient_descent")])
    legend = error_floor.draw(runs=twice, curves={}).legends[0]
    assert legend.get_texts()[0].get_text() == "median and quartiles of 5 samples"


def test_floors_of_several_settings_or_none_are_told_in_one_line():
    frame = floor_runs()
    with pytest.raises(DataError, match=r"norm_w 2\.0, 3\.0"):
        error_floor.draw(runs=pd.concat([frame, frame.assign(norm_w=3.0)]), curves={})
    with pytest.raises(DataError, match="no run has a recovery error"):
        error_floor.draw(runs=frame.assign(recovery_error=np.nan), curves={})
    with pytest.raises(DataError, match="one n and d"):
        error_floor.draw(runs=frame.query("n == 1000 and d == 5"), curves={})
    assert error_floor.draw(runs=frame.query("d == 5"), curves={})


def test_figures_are_legible(name):
    check_legibility(FIGURES[name]())
