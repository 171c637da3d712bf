"""Heat maps show the table over the plane of norms, mark what is missing, and stay legible."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle
from sweep_helpers import check_legibility, lines, plane

from emmoe.figures import heat_maps
from emmoe.figures._shared.plane import log_ticks
from emmoe.store.errors import DataError
from emmoe.tables import rates

BETA, W = [1, 2, 4, 6, 8, 12], [1, 2, 3, 4, 6, 8]
COLUMNS = {"rates": ["gap_population", "gap_rate_median"], "success": ["success"]}


@cache
def linear():
    return plane("symmetric_linear", [0.5, 1.5, 4], [0.5, 2, 8], replicates=5)


@cache
def small():
    logistic = plane("symmetric_logistic", [1, 2, 4], [1, 3, 9], replicates=5)
    return rates.build(runs=pd.concat([linear(), logistic]), curves={})


@cache
def large():
    """Three angles of two models, on planes of their own."""
    parts = [
        plane(model, BETA, norms, angle=angle, replicates=4, others=3)
        for model, norms in (("symmetric_linear", [0.5, *W[1:]]), ("symmetric_logistic", W))
        for angle in (0.0, 45.0, 90.0)
    ]
    return rates.build(runs=pd.concat(parts), curves={})


def draw(table, shows="rates", **options):
    return heat_maps.draw(**{"rates": table, "curves": {}, "shows": shows} | options)


@cache
def default(table, shows):
    """A figure of a table, to look at only."""
    figure = draw(table(), shows)
    figure.draw_without_rendering()
    return figure


def maps(figure):
    """The panels, row by row, without the colour bar."""
    return [axes for axes in figure.axes if not axes.get_label().startswith("bar")]


def bar(figure):
    (found,) = [axes for axes in figure.axes if axes.get_label().startswith("bar")]
    return found


def mesh(axes):
    return next(c for c in axes.collections if isinstance(c, QuadMesh))


def marked(axes, label):
    """Positions (column, row) of marks."""
    found = lines(axes).get(label)
    return {(int(x), int(y)) for x, y in found.get_xydata()} if found else set()


def over_plane(table, column, model, angle, fitter="em"):
    rows = table[(table["fitter"] == fitter) & (table["model"] == model)]
    rows = rows[rows["angle"] == angle]
    return rows.pivot(index="norm_beta", columns="norm_w", values=column).to_numpy(float)


def message(figure):
    return " ".join(figure.get_suptitle().split())


@pytest.mark.parametrize("shows", COLUMNS)
def test_a_panel_is_the_table_over_the_plane_of_norms(shows):
    table, found = large(), iter(maps(default(large, shows)))
    for model in ("symmetric_linear", "symmetric_logistic"):
        for column in COLUMNS[shows]:
            for angle in (0.0, 45.0, 90.0):
                values, shown = over_plane(table, column, model, angle), mesh(next(found))
                missing = np.isnan(values) | ((values == 0) & (shows == "rates"))
                np.testing.assert_array_equal(np.ma.getmaskarray(shown.get_array()), missing)
                np.testing.assert_array_equal(shown.get_array()[~missing], values[~missing])
    assert not list(found)


def test_all_panels_share_one_scale_and_one_bar():
    for shows in ("rates", "success", "iterations"):
        figure = default(large, shows)
        assert len({id(mesh(axes).norm) for axes in maps(figure)}) == 1 and bar(figure)


def test_models_stand_side_by_side_where_there_is_one_angle():
    figure = default(small, "rates")
    titles = [axes.get_title("left") for axes in maps(figure)]
    assert titles == ["SymMoLinE, 45°", "SymMoLogE, 45°", "", ""]
    values = over_plane(small(), "gap_rate_median", "symmetric_logistic", 45.0)
    np.testing.assert_array_equal(mesh(maps(figure)[3]).get_array().filled(np.nan), values)


def test_norms_are_named_at_the_axes_every_other_one_of_many():
    first, *_, last = maps(default(large, "success"))
    assert [t.get_text() for t in first.get_xticklabels()] == ["0.5", "3", "6"]
    assert [t.get_text() for t in last.get_xticklabels()] == ["1", "3", "6"]
    whole = maps(default(small, "rates"))[2]
    assert [t.get_text() for t in whole.get_yticklabels()] == ["0.5", "1.5", "4"]


def test_values_are_printed_where_cells_are_wide():
    table = small()
    wide = [t.get_text() for t in maps(default(small, "rates"))[0].texts]
    values = over_plane(table, "gap_population", "symmetric_linear", 45.0)
    assert wide == [f"{v:.2g}" for v in values.ravel()]
    assert not maps(default(large, "rates"))[0].texts


def test_iterations_are_the_second_fitter_s_over_the_first_one_s():
    table = small().copy()
    where = table["model"] == "symmetric_linear"
    em, gd = ((table["fitter"] == f) & where for f in ("em", "gradient_descent"))
    column = "iterations_to_tolerance_median"
    table.loc[em, column] = [10.0] * 7 + [np.nan] * 2
    table.loc[gd, column] = [5.0, 20, 20, 20, 20, 20, np.nan, 20, np.nan]
    figure = draw(table[where], "iterations")
    (axes,) = maps(figure)
    expected = np.array([[0.5, 2, 2], [2, 2, 2], [np.nan] * 3])
    np.testing.assert_array_equal(mesh(axes).get_array().filled(np.nan), expected)
    assert marked(axes, "below") == {(0, 0)} and marked(axes, "other") == {(1, 2)}
    hatched = [p.get_xy() for p in axes.patches if isinstance(p, Rectangle) and p.get_hatch()]
    assert hatched == [(-0.5, 1.5)]
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["no value", "GD needs fewer", "EM alone arrives", "GD alone arrives"]
    assert message(figure) == (
        "GD needs more iterations than EM in 5 of 6 cells where both arrive, in the median 2 times "
        "as many; EM alone arrives in 1 more."
    )
    with pytest.raises(DataError, match="two fitters"):
        draw(table[em], "iterations")


def test_the_message_counts_steps_that_make_em_faster():
    table = small()[lambda t: (t["model"] == "symmetric_linear") & (t["fitter"] == "em")]
    # Faster with every step in |beta*|, and with none but two of the steps in |w*|.
    rate = np.array([[0.1, 0.2, 0.15], [0.3, 0.4, 0.35], [0.9, 0.5, np.nan]])
    told = message(draw(table.assign(gap_rate_median=rate.ravel())))
    assert "larger ‖β*‖ in 5 of 5 steps" in told and "larger ‖w*‖ in 2 of 5." in told


def test_the_message_names_the_lowest_share():
    table = small().copy()
    lowest = (table["model"] == "symmetric_logistic") & (table["fitter"] == "em")
    lowest &= (table["norm_beta"] == 2) & (table["norm_w"] == 9)
    table["success"] = np.where(lowest, 0.25, 1.0)
    told = message(draw(table, "success"))
    assert "in all runs of 17 of 18 cells" in told
    assert told.endswith("the lowest share is 0.25, at SymMoLogE, ‖β*‖ 2, ‖w*‖ 9, 45°.")


def test_singular_cells_are_crossed_and_cells_without_a_value_dashed():
    norms = {(W.index(norm), BETA.index(norm)) for norm in BETA if norm in W}
    theory = maps(default(large, "rates"))[6]  # of the logistic experts at 0 degrees
    assert marked(theory, "singular") == norms
    assert marked(theory, "no value") == norms
    assert not marked(maps(default(large, "rates"))[7], "singular")


def test_a_figure_without_a_value_says_so_on_its_scale():
    table = small().assign(iterations_to_tolerance_median=np.nan)
    figure = draw(table, "iterations")
    assert "no value" in bar(figure).get_xlabel() and not list(bar(figure).get_xticks())


def test_the_figure_names_models_start_sizes_and_runs():
    said = bar(default(large, "success")).get_xlabel()
    for part in ("SymMoLinE and SymMoLogE", "2\u2009000", "$d$ = 5", "near truth"):
        assert part in said
    assert "4 of EM, 3 of GD" in said


def test_several_cells_or_none_are_told_in_one_line():
    more = pd.concat([small(), small().assign(start="random_direction")])
    with pytest.raises(DataError, match="start near_truth, random_direction: choose one"):
        draw(more)
    assert "random direction" in bar(draw(more, start="random_direction")).get_xlabel()
    with pytest.raises(DataError, match="no cell of model symmetric_linear, angle 90"):
        draw(small(), model="symmetric_linear", angle=90)
    with pytest.raises(DataError, match="same model, angle and norms"):
        draw(pd.concat([small(), small()]))
    with pytest.raises(DataError, match="no run of adam"):
        draw(small(), curves={"adam": "Adam"})


def test_an_angle_may_be_text_in_a_table_that_was_read():
    mixed = small().astype({"angle": object})
    mixed = pd.concat([mixed.assign(angle="45.0"), mixed.assign(angle="random")])
    assert len(maps(draw(mixed, angle=45))) == 4
    assert "random" in maps(draw(mixed, angle="random"))[0].get_title("left")


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(2e-4, 0.5, [0.001, 0.01, 0.1]), (0.03, 0.8, [0.05, 0.1, 0.2, 0.5]),
     (0.11, 0.17, [0.12, 0.15]), (7, 7.1, [])],
)  # fmt: skip
def test_ticks_of_a_log_scale_are_round_numbers(low, high, ticks):
    assert log_ticks(low, high) == ticks


@pytest.mark.parametrize("shows", ["rates", "success", "iterations"])
@pytest.mark.parametrize("table", [small, large])
def test_figures_are_legible(table, shows):
    model = {"model": "symmetric_linear"} if (table, shows) == (large, "rates") else {}
    check_legibility(draw(table(), shows, **model))
