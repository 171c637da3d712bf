"""Tables and figures of contests: the numbers they show, and that they can be read."""

import numpy as np
import pytest
from contest_helpers import RIVALS, TARGETS, TUNING, contest, scored
from sweep_helpers import check_legibility, lines

from emmoe.figures import cost_curves, step_sensitivity
from emmoe.figures._shared import problems, style
from emmoe.tables import comparison, comparison_verdicts, stopped_early

CURVES = {"em": "EM", "squarem": "SQUAREM", "gradient_descent": "GD", "nesterov": "Nesterov"}


@pytest.fixture(scope="module")
def contests():
    many = {"replicates": TUNING + 12}
    far = {"start": "random_direction", "seed": 1}
    high = {"norm_beta": 3.5, "data": "def", "cell": "high"}
    return {
        "near": contest("near", **many),
        "random": contest("random", **many | far),
        "near_high": contest("near_high", **many | high),
        "random_high": contest("random_high", **many | high | far),
    }


def test_table_has_a_row_for_every_problem_target_currency_and_rival(contests):
    table = comparison.build(
        curves=CURVES, targets=TARGETS, currencies=["iteration", "passes"], **contests
    )
    assert list(table.columns) == comparison.COLUMNS
    assert len(table) == 4 * 2 * 2 * 4
    assert (table.loc[table["rival"] == "em", "em_ratio"] == 1).all()
    assert set(table["runs"]) == {12}


def test_table_weighs_failures_and_shows_both_parts(contests):
    rows = contests["near"].copy()
    gone = (rows["rival"] == "em") & (rows["replicate"] == 5)
    rows.loc[gone, "loss"] += 0.5
    build = {"curves": CURVES, "targets": TARGETS, "currencies": ["passes"]}
    table = comparison.build(**build, near=rows).set_index(["target", "rival"])
    em = table.loc[("numerical", "em")]
    assert em["success"] == pytest.approx(11 / 12)
    assert em["expected_cost"] == pytest.approx(em["mean_cost"] * 12 / 11)
    assert em["capped"] == 0 and np.isfinite(em["median_cost"])


def test_verdicts_name_winner_and_loser_in_every_currency(contests):
    table = comparison_verdicts.build(
        curves=CURVES, targets=TARGETS, currencies=["iteration", "passes"], family=["squarem"],
        **contests,
    )  # fmt: skip
    single = table[table["contest"] != "all"]
    assert len(single) == 4 * 2 * 2
    per = single.groupby("currency")["outcome_gd"].agg(set)
    assert per["iteration"] == {"win"}  # EM shrinks the excess by more an iteration
    assert per["passes"] == {"loss", "open"}  # and by less a pass; one pair is cut off
    assert set(single["best"]) == {"nesterov"}
    tally = table.loc[(table["contest"] == "all") & (table["currency"] == "passes"), "verdict"]
    text = "Per data pass, on 2 laws of data with GD, EM: loses 2 (of 8 comparisons: loses 6, und"
    assert tally.iloc[0].startswith(text)


def test_rival_counted_in_epochs_is_never_best_per_iteration(contests):
    table = comparison_verdicts.build(
        curves=CURVES, targets=TARGETS, currencies=["iteration", "passes"], family=["squarem"],
        epochs=["nesterov"], near=contests["near"],
    )  # fmt: skip
    best = table.dropna(subset="best").groupby("currency")["best"].agg(set)
    assert best.to_dict() == {"iteration": {"gradient_descent"}, "passes": {"nesterov"}}


def test_accuracy_is_paired_by_replicate(contests):
    table = stopped_early.build(curves=CURVES, near=scored(contests["near"])).set_index("rival")
    assert table.loc["nesterov", "em_difference"] == pytest.approx(-0.02)
    low, high = table.loc["nesterov", ["difference_low", "difference_high"]]
    assert low == pytest.approx(-0.02) and high == pytest.approx(-0.02)  # no noise between pairs
    assert table.loc["nesterov", "verdict"].endswith("loses.")
    assert table.loc["gradient_descent", "verdict"].endswith("ties.")
    assert (table["iterations"] == 5).all()


def test_staircase_holds_the_last_state_that_cost_no_more():
    cost, value = np.array([1.0, 2.0, 4.0]), np.array([9.0, 5.0, 1.0])
    at = np.array([0.5, 1.0, 3.0, 4.0, 8.0])
    kept = problems.staircase(cost, value, at, ends=False)
    np.testing.assert_array_equal(kept, [np.nan, 9, 5, 1, 1])
    np.testing.assert_array_equal(problems.staircase(cost, value, at, ends=True)[-1], np.nan)


def test_cost_curves_are_medians_at_the_tuned_step(contests):
    figure = cost_curves.draw(curves=CURVES, targets=TARGETS, currency="passes", **contests)
    check_legibility(figure)
    drawn = lines(figure.axes[0])
    assert set(CURVES) <= set(drawn)
    x, y = drawn["nesterov"].get_data()
    part = contests["near"]
    part = part[(part["rival"] == "nesterov") & (part["variant"] == "+0")]
    at_five = part[(part["phase"] == "comparison") & (part["passes"] == 5)]
    assert y[np.searchsorted(x, 5.0)] == pytest.approx((at_five["loss"] - 1).median())


def test_validation_sample_adds_a_panel_of_accuracy(contests):
    figure = cost_curves.draw(
        curves=CURVES, targets=TARGETS, currency="iteration", near=scored(contests["near"])
    )
    check_legibility(figure)
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "excess loss  [nats]",
        "accuracy",
    ]


def test_step_sensitivity_shows_costs_failures_and_level_lines(contests):
    figure = step_sensitivity.draw(curves=CURVES, targets=TARGETS, **contests)
    check_legibility(figure)
    drawn = lines(figure.axes[0])
    assert len(set(drawn["em"].get_ydata())) == 1
    y = drawn["nesterov"].get_ydata()
    assert y[1] < min(y[0], y[2])
    assert np.isnan(drawn["gradient_descent"].get_ydata()[2])  # too large a step: a cross instead


def test_start_laws_of_one_sample_stand_side_by_side(contests):
    figure = step_sensitivity.draw(curves=CURVES, targets=TARGETS, **contests)
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert [" random" in title for title in titles] == [False, True, False, True]
    assert ["3.5" in title for title in titles] == [False, False, True, True]


def test_every_rival_of_the_contests_has_a_look_of_its_own():
    looks = style.looks([*RIVALS, "adam", "sgd", "lbfgs", "em_loose", "backtracking"])
    assert len({(look.colour, str(look.line)) for look in looks.values()}) == len(looks)
