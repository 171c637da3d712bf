"""The sweeps' figures show the numbers they are given, and tell what they cannot show."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from sweep_helpers import CURVES, cell, check_legibility, lines, panel, panels, plane, runs_of

from emmoe.figures import bounds, error_floor, rate_agreement
from emmoe.figures._shared import sweep
from emmoe.store.errors import DataError
from emmoe.tables import rate_agreement as agreement_table


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


@pytest.fixture(params=FIGURES)
def name(request):
    return request.param


def test_every_resolved_run_is_a_point_of_both_panels():
    frame = pd.concat([linear(), runs_of(cell("symmetric_logistic", beta=3.0), 9)])
    figure = rate_agreement.draw(curves=CURVES, runs=frame)
    upper, lower = panel(figure, "linear rate"), panel(figure, "difference")
    found = frame[frame["rate"].notna() & frame["entry"].notna()]
    groups = {
        f"{model} {fitter}": part for (model, fitter), part in found.groupby(["model", "fitter"])
    }
    assert len(groups) == 3 and set(groups) == set(lines(lower))
    for label, part in groups.items():
        points, gaps = lines(upper)[label], lines(lower)[label]
        assert to_hex(points.get_markeredgecolor()) == sweep.LOOKS[label.split()[0]].colour.lower()
        assert sorted(points.get_xydata().tolist()) == sorted(
            part[["rate_predicted", "rate"]].to_numpy().tolist()
        )
        difference = np.abs(np.log10(part["rate"]) - np.log10(part["rate_predicted"]))
        np.testing.assert_allclose(sorted(gaps.get_ydata()), sorted(difference), atol=1e-9)
    shapes = {label.split()[1]: lines(upper)[label].get_marker() for label in groups}
    assert len(set(shapes.values())) == 2
    identity = lines(upper)["identity"]
    np.testing.assert_array_equal(identity.get_xdata(), identity.get_ydata())


def test_the_agreement_s_numbers_are_the_table_s():
    frame = linear().copy()
    em = frame.index[(frame["fitter"] == "em") & frame["rate"].notna()]
    frame.loc[em[:3], ["rate", "rate_predicted"]] = np.nan
    frame.loc[em[5], "rate"] *= 10**0.0123
    text = panel(rate_agreement.draw(curves=CURVES, runs=frame), "linear").texts[0].get_text()
    table = agreement_table.build(runs=frame, curves={"em": "EM"}).iloc[0]
    assert r"max $1.2\times 10^{-2}$" in text
    assert 0.8 < table["resolved_share"] < 1
    assert f"resolved: {100 * table['resolved_share']:.1f} % of {table['informative']}" in text


def test_slopes_are_counted_and_those_out_of_the_range_told():
    frame = runs_of(cell(), 100, success=1)
    frame["defect_slope"] = [1.99] * 60 + [2.01] * 39 + [9.0]
    axes = panel(rate_agreement.draw(curves={}, runs=frame), "order")
    assert "1 of 100 are outside" in axes.get_xlabel()
    row = next(p for p in axes.patches if p.get_label() == "symmetric_linear em")
    values, edges, _ = row.get_data()
    heights = {round(float(e), 9): v for e, v in zip(edges, values, strict=False) if v > 0}
    assert max(heights.values()) == 0.8 and len(heights) == 2
    assert min(heights.values()) == pytest.approx(0.8 * 39 / 60)
    assert "median 1.990" in axes.texts[0].get_text()
    (name,) = [label.get_text() for label in axes.get_yticklabels()]
    assert name == "SymMoLinE\nEM"


def drawn(axes, label):
    return lines(axes)[label].get_xydata() if label in lines(axes) else np.empty((0, 2))


def test_bounds_are_the_paper_s_from_the_start_and_solid_where_alpha_allows():
    alphas = [0.5, 0.2, 0.4, 0.3, 0.3, 0.3]
    frame = bounds_runs(alphas)
    gap, bregman, convexity = bounds.draw(runs=frame, curves={}).axes
    np.testing.assert_array_equal(drawn(gap, "observed")[:, 1], frame["bound_gap"][0])
    np.testing.assert_array_equal(drawn(bregman, "observed")[:, 1], frame["bound_bregman"][0])
    np.testing.assert_array_equal(drawn(convexity, "observed")[:, 1], alphas)
    np.testing.assert_allclose(drawn(convexity, "local")[:, 1], np.array(alphas) / 2)
    t = np.arange(6)
    expected = np.column_stack([t[1:], 1.5 / t[1:]])
    np.testing.assert_allclose(drawn(gap, "from the start, holds"), expected)
    expected = np.column_stack([t, 1.5 * 0.8**t])
    np.testing.assert_allclose(drawn(bregman, "from the start, holds"), expected)
    for axes in (gap, bregman):
        assert not len(drawn(axes, "from the start, fails")) and "afresh, holds" not in lines(axes)


def test_bounds_are_dashed_from_where_the_hypothesis_fails_and_start_afresh_after():
    frame = bounds_runs([0.5, 0.1, -0.3, 0.2, 0.4, 0.4])
    gap, bregman, convexity = bounds.draw(runs=frame, curves={}).axes
    start = frame["bound_bregman"][0]
    # alpha_0 and alpha_1 allow the bound at T = 1 and 2; alpha_2 forbids it from T = 3 on
    assert drawn(gap, "from the start, holds")[:, 0].tolist() == [1, 2]
    assert drawn(gap, "from the start, fails")[:, 0].tolist() == [2, 3, 4, 5]
    assert lines(gap)["from the start, fails"].get_linestyle() == "--"
    assert lines(gap)["from the start, holds"].get_linestyle() == "-"
    np.testing.assert_allclose(drawn(gap, "afresh, holds"), [[4, start[3]], [5, start[3] / 2]])
    assert not len(drawn(bregman, "from the start, holds"))
    fails = drawn(bregman, "from the start, fails")
    np.testing.assert_allclose(fails[:, 1], 1.5 * 1.3 ** np.arange(6))
    np.testing.assert_allclose(
        drawn(bregman, "afresh, holds")[:, 1], start[3] * 0.8 ** np.arange(3)
    )
    assert "t>0$ from $t=3$" in convexity.texts[0].get_text()


def test_a_bound_whose_hypothesis_holds_is_above_what_is_observed():
    figure = bounds.draw(runs=bounds_runs([0.5, 0.1, -0.3, 0.2, 0.4, 0.4]), curves={})
    for axes in figure.axes[:2]:
        observed = drawn(axes, "observed")[:, 1]
        for label in ("from the start, holds", "afresh, holds"):
            for t, bound in drawn(axes, label):
                assert bound >= observed[int(t)] * (1 - 1e-12)


def test_traces_end_where_alpha_is_not_known_or_the_divergence_is_tiny():
    frame = bounds_runs([0.5] * 5, extra=[np.nan] * 3)
    assert len(drawn(bounds.draw(runs=frame, curves={}).axes[0], "observed")) == 5
    frame = bounds_runs([0.999] * 9, size=1)
    assert len(drawn(bounds.draw(runs=frame, curves={}).axes[0], "observed")) == 5


@pytest.mark.parametrize(
    ("order", "titles"),
    [((0, 1, 2), ["0 (first)", "2 (worst)"]), ((2, 0, 1), ["0 (first, worst)", "1 (second)"])],
)
def test_the_first_run_and_the_worst_are_shown(order, titles):
    alphas = [[0.5] * 5, [0.4] * 5, [0.1] * 5]
    figure = bounds.draw(runs=bounds_runs(*(alphas[k] for k in order)), curves={})
    assert [t.split("run ")[1] for t in panels(figure) if "run" in t] == titles
    shown = [drawn(axes, "observed")[0, 1] for axes in figure.axes[2::3]]
    assert shown == [0.5, 0.1] if order[0] == 0 else shown == [0.1, 0.5]


def test_bounds_of_several_cells_or_of_no_traced_run_are_told_in_one_line():
    frame = bounds_runs([0.5] * 5)
    other = frame.assign(cell="other", norm_w=9.0)
    with pytest.raises(DataError, match="choose one of"):
        bounds.draw(runs=pd.concat([frame, other]), curves={})
    assert bounds.draw(runs=pd.concat([frame, other]), curves={}, cell="other")
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
