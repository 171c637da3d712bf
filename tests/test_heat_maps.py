"""Heat maps show the table over the plane of norms, mark what is missing, and stay legible."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle
from sweep_helpers import CURVES, check_legibility, lines, panel, panels, plane

from emmoe.figures import heat_maps
from emmoe.figures._shared.plane import log_ticks
from emmoe.store.errors import DataError
from emmoe.tables import rates

BETA, W = [1, 2, 4, 6, 8, 10, 12], [1, 2, 3, 4, 6, 8, 12]


@cache
def linear():
    return plane("symmetric_linear", [0.5, 1.5, 4], [0.5, 2, 8], replicates=5)


@cache
def small():
    return rates.build(runs=linear(), curves={})


@cache
def large():
    return rates.build(
        runs=plane("symmetric_logistic", BETA, W, angle=0.0, replicates=12, others=4), curves={}
    )


def page(table, curves=CURVES, **options):
    row = table.iloc[0]
    return heat_maps.draw(
        rates=table, curves=curves, **{"model": row["model"], "angle": row["angle"]} | options
    )


@cache
def default(table):
    """The page of a table, to look at only."""
    figure = page(table())
    figure.draw_without_rendering()
    return figure


def marked(axes, label):
    """Positions (column, row) of marks, to the nearest cell."""
    if label not in lines(axes):
        return set()
    return {(round(x), round(y)) for x, y in lines(axes)[label].get_xydata()}


def mesh(axes):
    return next(c for c in axes.collections if isinstance(c, QuadMesh))


def over_plane(table, column, fitter="em"):
    rows = table[table["fitter"] == fitter]
    return rows.pivot(index="norm_beta", columns="norm_w", values=column).to_numpy(float)


PANELS = {
    "population": "gap_population",
    r"$1-\rho$ at": "gap_hat_median",
    "observed": "gap_rate_median",
    "recovery": "recovery_error_median",
    "iterations, EM": "iterations_to_tolerance_median",
    "success": "success",
}


@pytest.mark.parametrize("title", PANELS)
@pytest.mark.parametrize("table", [small, large])
def test_a_heat_map_is_the_table_over_the_plane_of_norms(table, title):
    figure = default(table)
    axes, values = panel(figure, title), over_plane(table(), PANELS[title])
    shown = mesh(axes).get_array()
    missing = np.isnan(values) | ((values == 0) & (title != "success"))
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), missing)
    np.testing.assert_array_equal(shown[~missing], values[~missing])
    for axis, column in ((axes.xaxis, "norm_w"), (axes.yaxis, "norm_beta")):
        norms = [f"{norm:g}" for norm in sorted(table()[column].unique())]
        hidden = column == "norm_beta" and not axes.get_ylabel()  # not the row's first panel
        assert [t.get_text() for t in axis.get_ticklabels()] == ([] if hidden else norms)


def test_the_other_fitter_s_iterations_have_their_panel_on_the_same_scale():
    first, second = (panel(default(small), f"iterations, {f}") for f in ("EM", "GD"))
    values = over_plane(small(), "iterations_to_tolerance_median", "gradient_descent")
    np.testing.assert_array_equal(mesh(second).get_array().filled(np.nan), values)
    assert mesh(first).norm is mesh(second).norm
    alone = page(small(), curves={"em": "EM"})
    assert not [title for title in panels(alone) if "GD" in title]
    named = page(small(), curves={})
    assert list(panels(named)) == list(panels(default(small)))


def test_the_three_rates_share_a_log_scale():
    norms = [mesh(panel(default(large), title)).norm for title in list(PANELS)[:3]]
    assert norms[0] is norms[1] is norms[2]
    gaps = np.array([over_plane(large(), PANELS[title]) for title in list(PANELS)[:3]])
    assert (norms[0].vmin, norms[0].vmax) == (gaps[gaps > 0].min(), np.nanmax(gaps))


def test_values_are_printed_in_few_cells_and_the_interval_in_every_cell():
    inside = [t.get_text() for t in panel(default(small), "population").texts]
    assert sorted(inside) == sorted(f"{v:.2g}" for v in small()["gap_population"][::2])
    assert not panel(default(large), "population").texts
    for table in (small, large):
        rows = table()[table()["fitter"] == "em"]
        expected = {
            f"{r.success:.2f}\n{r.success_low:.2f}–{r.success_high:.2f}" for r in rows.itertuples()
        }
        texts = panel(default(table), "success").texts
        assert {t.get_text() for t in texts} == expected and len(texts) == len(rows)


@pytest.mark.parametrize("table", [small, large])
def test_texts_stay_inside_their_cells(table):
    figure = default(table)
    for axes in panels(figure).values():
        for text in axes.texts:
            (x0, y0), (x1, y1) = axes.transData.inverted().transform(text.get_window_extent())
            x, y = text.get_position()
            assert x - 0.5 < x0 and x1 < x + 0.5 and y - 0.5 < y0 and y1 < y + 0.5


def test_singular_cells_are_crossed_in_every_panel():
    norms = [(W.index(norm), BETA.index(norm)) for norm in BETA if norm in W]
    for axes in panels(default(large)).values():
        assert marked(axes, "singular") == set(norms)
    assert not marked(panel(default(small), "success"), "singular")


def censored_table():
    """EM's iterations: (0, 0) censored, (1, 0) partly, (2, 0) undefined, the rest reached."""
    frame = linear().copy()
    em = frame["fitter"] == "em"
    frame.loc[em, "iterations_to_tolerance"] = 50.0
    frame.loc[em, "outcome"] = "optimum"
    at = {w: em & (frame["norm_beta"] == 0.5) & (frame["norm_w"] == w) for w in (0.5, 2, 8)}
    frame.loc[at[0.5], "iterations_to_tolerance"] = [10, 10, np.nan, np.nan, np.nan]
    frame.loc[at[2], "iterations_to_tolerance"] = [10, 10, 10, 10, np.nan]
    frame.loc[at[8], ["iterations_to_tolerance", "recovery_error", "rate", "rho_hat"]] = np.nan
    frame.loc[at[8], ["outcome", "status"]] = ["undefined", "separable"]
    return rates.build(runs=frame, curves={})


def test_censored_medians_are_hatched_partly_censored_cells_dotted_others_dashed():
    figure = page(censored_table())
    axes = panel(figure, "iterations, EM")
    hatched = [p.get_xy() for p in axes.patches if isinstance(p, Rectangle) and p.get_hatch()]
    assert hatched == [(-0.5, -0.5)]
    assert marked(axes, "some censored") == {(1, 0)}
    for title in ("recovery", "observed", r"$1-\rho$ at"):
        assert marked(panel(figure, title), "no value") == {(2, 0)}
    dashes = next(line for line in axes.get_lines() if line.get_label() == "no value")
    assert dashes.get_zorder() < axes.patches[0].get_zorder()  # a hatched cell covers its dash


def test_a_page_without_a_value_of_a_kind_says_so_on_its_scale():
    table = small().assign(iterations_to_tolerance_median=np.nan, censored_median=True)
    figure = page(table)
    (bar,) = [axes for axes in figure.axes if axes.get_label().startswith("bar: iterations")]
    assert bar.get_xlabel().endswith("no value") and not list(bar.get_xticks())
    assert len(panel(figure, "iterations, EM").patches) == 9


def test_the_page_names_model_angle_start_sizes_and_runs():
    title = default(large).texts[0].get_text()
    for part in ("SymMoLogE", "0° between", "2\u2009000", "$d$ = 5", "near truth"):
        assert part in title
    assert "12 of EM, 4 of GD" in title


def test_the_page_counts_runs_without_a_rate():
    table = small().copy()
    table.loc[table["fitter"] == "em", ["unresolved", "successes"]] = [1, 3]
    told = [t.get_text() for t in page(table).legends[0].get_texts()]
    assert "no rate resolved in 9 of\n27 runs of EM to $\\hat\\theta$" in told


def test_a_page_of_several_cells_or_none_is_told_in_one_line():
    more = pd.concat([small(), small().assign(start="random_direction")])
    with pytest.raises(DataError, match="start near_truth, random_direction: choose one"):
        page(more)
    figure = page(more, start="random_direction")
    assert "random direction" in figure.texts[0].get_text()
    with pytest.raises(DataError, match="no cell of symmetric_linear at angle 90"):
        page(small(), angle=90)
    with pytest.raises(DataError, match="same norms"):
        page(pd.concat([small(), small()]))


def test_an_angle_may_be_text_in_a_table_that_was_read():
    mixed = small().astype({"angle": object})
    mixed = pd.concat([mixed.assign(angle="45.0"), mixed.assign(angle="random")])
    assert len(panels(page(mixed, angle=45))) == 7
    assert "random between" in page(mixed, angle="random").texts[0].get_text()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(2e-4, 0.5, [0.001, 0.01, 0.1]), (0.03, 0.8, [0.05, 0.1, 0.2, 0.5]),
     (0.11, 0.17, [0.12, 0.15]), (7, 7.1, [])],
)  # fmt: skip
def test_ticks_of_a_log_scale_are_round_numbers(low, high, ticks):
    assert log_ticks(low, high) == ticks


@pytest.mark.parametrize("table", [small, large])
def test_a_page_is_legible(table):
    check_legibility(default(table))
