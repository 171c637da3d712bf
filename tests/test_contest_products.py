"""Tables and figures of contests: the numbers they show, and that they can be read."""

import numpy as np
import pandas as pd
import pytest
from contest_helpers import TARGETS, TUNING, contest, scored
from sweep_helpers import check_legibility, lines

from emmoe.evidence.compare import fields
from emmoe.evidence.profiles import arrivals
from emmoe.evidence.reach import CURRENCIES, joined
from emmoe.figures import cost_curves, profiles
from emmoe.figures._shared.currencies import WEAK
from emmoe.figures._shared.palette import LOOKS
from emmoe.tables import comparison, comparison_verdicts, pass_overhead, stopped_early
from emmoe.tables import profiles as profile_table

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


def test_verdicts_mark_the_methods_whose_step_no_target_backs(contests):
    rows = contests["near"].copy()
    rows.loc[rows["rival"] == "gradient_descent", "loss"] += 0.5
    table = comparison_verdicts.build(
        curves=CURVES, targets=TARGETS, currencies=["passes"], family=["squarem"], near=rows
    )
    single = table[table["contest"] != "all"]
    assert single["gd_fallback"].all() and not single[["em_fallback", "best_fallback"]].any(
        axis=None
    )
    rows["loss"] += 0.5
    table = comparison_verdicts.build(
        curves=CURVES, targets=TARGETS, currencies=["passes"], family=["squarem"], near=rows
    )
    single = table[table["contest"] != "all"]
    assert single["best_fallback"].all() and not single["em_fallback"].any()  # EM has no step


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


def test_overhead_is_what_a_pass_costs_over_a_bare_one(contests):
    rows = contests["near"].copy()
    rows.loc[rows["rival"] == "squarem", "cpu_seconds"] *= 3
    rows.loc[rows["phase"] == "tuning", "cpu_seconds"] *= 100  # is not asked
    table = pass_overhead.build(curves=CURVES, near=rows).set_index("rival")
    assert list(table["label"]) == [CURVES[rival] for rival in table.index]
    assert table["overhead"].to_dict() == pytest.approx(dict.fromkeys(CURVES, 1) | {"squarem": 3})
    assert table.loc["em", "bare_us"] == pytest.approx(1000)
    assert table.loc["squarem", ["lower_us", "pass_us", "upper_us"]].tolist() == (
        pytest.approx([3000] * 3)
    )
    assert table["pass_kflop"].to_numpy() == pytest.approx(0.1)
    assert set(table["runs"]) == {12, 36}  # at one setting, or at all three steps of a grid


def test_lines_of_costs_are_the_shares_of_runs_that_have_arrived(contests):
    figure = cost_curves.draw(curves=CURVES, targets=TARGETS, **contests)
    check_legibility(figure)
    assert [axes.get_title(loc="left")[4:] for axes in figure.axes] == list(CURRENCIES.values())
    found = list(fields(joined(contests), TARGETS, ["passes"]))
    costs = arrivals(found, list(CURVES))["nesterov"]
    x, y = lines(figure.axes[1])["nesterov"].get_data()
    for at in (5, 20, 80):
        shown = y[np.searchsorted(x, at, side="right") - 1]
        assert shown == pytest.approx((costs <= x[x <= at][-1]).mean())
    median = f"{costs.median():.3g} data passes with Nesterov"
    assert told(figure).startswith(f"Half of the 96 targets take {median}, the best other method")


def test_of_many_lines_only_ems_variants_and_the_best_others_are_strong():
    rivals = {f"rival_{i}": {"": (0.5, 1.0 + i)} for i in range(8)} | {"em": {"": (0.1, 30.0)}}
    curves = {name: name.upper() for name in rivals}
    rows = contest("near", rivals=rivals, replicates=TUNING + 4)
    figure = cost_curves.draw(curves=curves, targets=TARGETS, em=("em",), near=rows)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["RIVAL_0", "EM", "7 other methods"]  # all others take as many iterations
    drawn = lines(figure.axes[1])
    weak = {name for name, line in drawn.items() if line.get_color() == WEAK.colour}
    assert weak == set(rivals) - {"rival_0", "em"}
    assert len(drawn) == len(rivals) and drawn["em"].get_color() == LOOKS["em"].colour
    said = "all allowed data passes and more with any of EM's variants, and "
    assert said in told(figure) and told(figure).endswith("RIVAL_0, the best other method.")


def test_lines_of_costs_can_be_drawn_where_nobody_arrives(contests, recwarn):
    rows = contests["near"].assign(loss=9.0)
    figure = cost_curves.draw(curves=CURVES, targets=TARGETS, near=rows)
    assert "No method reaches half" in figure.get_suptitle() and not recwarn.list


def test_profiles_of_several_tables_count_laws_once(contests):
    options = {"curves": CURVES, "targets": TARGETS, "currencies": list(CURRENCIES)}
    one = profile_table.build(**options, near=contests["near"], random=contests["random"])
    other = profile_table.build(**options, high=contests["near_high"])
    figure = profiles.draw(curves={}, one=one, other=other)
    check_legibility(figure)
    both = pd.concat([one, other])
    both = both[(both["currency"] == "passes") & (both["rival"] == "gradient_descent")]
    x, y = lines(figure.axes[1])["gradient_descent"].get_data()
    assert y[0] == pytest.approx(both.loc[both["factor"] == 1, "share"].mean())
    assert x[-1] == 64 and y[-1] == pytest.approx(both.loc[both["factor"] == 64, "share"].mean())
    assert "Nesterov is the cheapest in 100\u00a0% of problems on 2 laws" in told(figure)


def told(figure):
    return figure.get_suptitle().replace("\n", " ")
