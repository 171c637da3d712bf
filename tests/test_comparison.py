"""Costs to targets, tuned steps, censoring and intervals, against hand-worked numbers and scipy."""

import numpy as np
import pandas as pd
import pytest
from contest_helpers import RIVALS, TARGETS, contest, scored
from scipy.stats import CensoredData, binomtest, ecdf

from emmoe.evidence import estimates, shares, tuning
from emmoe.evidence.compare import Field, Ratio, best_rival, fields, ratio
from emmoe.evidence.reach import distance, joined, numbered, reached, stopped
from emmoe.evidence.verdicts import WORDS, against, of_law, outcome, tally
from emmoe.record.entries import Rival
from emmoe.record.step_grid import variants
from emmoe.store.errors import ConfigError

INF = np.inf


def test_median_cost_of_freireich_trial_is_23_weeks():
    """The 6-MP arm of Freireich et al. (1963), the standard example of Kaplan and Meier's curve."""
    text = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
    remission = text.split(" ")
    cost = np.array([float(week.rstrip("+")) for week in remission])
    success = np.array([not week.endswith("+") for week in remission])
    assert estimates.median_cost(cost, success, ~success) == 23


@pytest.mark.parametrize(("successes", "trials"), [(0, 7), (1, 1), (3, 10), (50, 50), (999, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_interval_of_a_share_is_scipys(successes, trials, level):
    theirs = binomtest(successes, trials).proportion_ci(level, method="wilson")
    assert shares.wilson(successes, trials, level) == pytest.approx(tuple(theirs), abs=1e-15)


@pytest.mark.parametrize("seed", range(8))
def test_median_cost_agrees_with_scipys_product_limit_estimate(seed):
    rng = np.random.default_rng(seed)
    cost, success = rng.integers(1, 12, 25).astype(float), rng.random(25) < 0.6
    sf = ecdf(CensoredData(cost[success], right=cost[~success])).sf
    below = sf.quantiles[sf.probabilities <= 0.5 + 1e-12]
    expected = below[0] if len(below) else INF
    assert estimates.median_cost(cost, success, ~success) == expected


def test_failure_that_is_not_capped_stays_at_risk_for_ever():
    cost, success = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, False])
    assert estimates.median_cost(cost, success, np.zeros(4, bool)) == 2
    three = np.array([True, False, False, False])
    assert estimates.median_cost(cost, three, np.zeros(4, bool)) == INF


def test_expected_cost_is_that_of_restarting_until_success():
    """Against a simulation: runs succeed with 0.4 at cost 3, fail with 0.6 at cost 5."""
    rng = np.random.default_rng(0)
    failures = rng.geometric(0.4, 200_000) - 1
    cost, success = np.array([3.0, 3, 5, 5, 5]), np.array([True, True, False, False, False])
    assert estimates.expected_cost(cost, success) == pytest.approx(21 / 2)
    assert (3 + 5 * failures).mean() == pytest.approx(21 / 2, rel=0.01)
    assert estimates.expected_cost(cost, np.zeros(5, bool)) == INF


def test_cost_is_that_of_the_first_state_within_the_target():
    rows = joined({"near": contest(replicates=1, rivals={"em": {"": (0.1, 8.0)}})}).head(5)
    rows["loss"] = 1.0 + np.array([1, 0.1, 0.004, 1e-9, 1e-11])
    runs = reached(rows, TARGETS, ["iteration", "passes"]).set_index("target")
    assert runs.loc["statistical", ["iteration", "passes"]].tolist() == [2, 17]  # p/2n = 0.005
    assert runs.loc["numerical", ["iteration", "passes"]].tolist() == [3, 25]
    assert runs["success"].all() and not runs["capped"].any()


def test_targets_do_not_depend_on_who_takes_part():
    few = {name: RIVALS[name] for name in ("em", "gradient_descent")}
    alone, all_ = contest(rivals=few), contest()
    all_.loc[all_["rival"] == "nesterov", "loss"] -= 0.25  # a rival finds something better
    targets = TARGETS | {"thousandth": {"gap": 1e-3}}
    costs = [reached(joined({"near": rows}), targets, ["passes"]) for rows in (alone, all_)]
    mine = costs[1][costs[1]["rival"].isin(few)].reset_index(drop=True)
    pd.testing.assert_frame_equal(costs[0], mine)


def test_targets_are_of_excess_share_level_and_accuracy():
    rows = pd.DataFrame(
        {"loss": [1.5, 1.009, 1.0004], "optimum": 1.0, "start_loss": 1.5,
         "accuracy": [0.1, 0.8, 0.9], "parameters": 20, "observations": 1000}
    )  # fmt: skip
    inside = {
        0.02: [False, True, True],
        "p/2n": [False, True, True],
        ("gap", 1e-3): [False, False, True],
        ("loss", 1.2): [False, True, True],
        ("accuracy", 0.85): [False, False, True],
    }
    for target, expected in inside.items():
        target = dict([target]) if isinstance(target, tuple) else target
        assert (distance(rows, target) <= 0).tolist() == expected
        assert [distance(dict(row), target) <= 0 for _, row in rows.iterrows()] == expected


def test_distance_of_a_run_without_an_optimum_is_infinite():
    rows = contest(rivals={"em": RIVALS["em"]}).assign(optimum=np.nan)
    runs = reached(joined({"near": rows}), {"millionth": {"gap": 1e-6}}, ["passes"])
    assert np.isinf(runs["gap"]).all() and not runs["success"].any()


def test_run_that_ends_elsewhere_has_failed_and_is_not_censored():
    rows = contest(rivals={"em": {"": (0.1, 8.0)}, "gradient_descent": {"+0": (0.9, 1.0)}})
    elsewhere = (rows["rival"] == "em") & (rows["replicate"] == 0)
    rows.loc[elsewhere, "loss"] += 0.5
    runs = reached(joined({"near": rows}), TARGETS, ["passes"])
    numerical = runs[runs["target"] == "numerical"].set_index(["rival", "replicate"])
    ended = numerical.loc["em", 0]
    assert not ended["success"] and not ended["capped"] and ended["gap"] > 0.4
    assert numerical.loc["gradient_descent", "capped"].all()


def test_step_is_the_cheapest_in_expected_passes():
    choice = tuning.choose(contest(), TARGETS).set_index(["target", "rival"])["variant"]
    assert choice["numerical", "gradient_descent"] == "+0"
    assert choice["numerical", "nesterov"] == "+0"
    assert choice["numerical", "em"] == ""


def plain_choice(rows, targets):
    """The steps by rival and target, chosen run by run."""
    runs = reached(numbered(tuning.tuning_rows(rows)), targets, ["passes"])
    best = {}
    for (target, rival, variant), own in runs.groupby(["target", "rival", "variant"]):
        cost = estimates.expected_cost(own["passes"].to_numpy(), own["success"].to_numpy())
        found = float(cost), own["gap"].median(), own["exponent"].iloc[0], variant
        best[target, rival] = min(best.get((target, rival), found), found)
    return {key: (found[-1], np.isinf(found[0])) for key, found in best.items()}


@pytest.mark.parametrize("seed", range(12))
def test_steps_are_those_of_a_search_run_by_run(seed):
    """On made-up rates of which some reach no target, with ties, and with runs that are missing."""
    rng = np.random.default_rng(seed)
    grid = {f"{a:+d} {b:+d}": (a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)}
    rates = rng.choice([0.3, 0.5, 0.9, 0.999, 1.1], (2, len(grid)))
    rivals = {
        name: {own: (rate, 1.0) for own, rate in zip(grid, line, strict=True)}
        for name, line in zip(("gradient_descent", "nesterov"), rates, strict=True)
    }
    rows = contest(rivals=rivals, seed=seed)
    if seed % 2:
        rows = rows[~((rows["replicate"] == 0) & (rows["variant"] == "+0 +0"))]
    found = tuning.choose(rows, TARGETS).set_index(["target", "rival"])
    expected = plain_choice(rows, TARGETS)
    assert len(found) == len(expected) == 4
    for key, (variant, fallback) in expected.items():
        assert found.loc[key, "variant"] == variant
        assert found.loc[key, "fallback"] == fallback


def test_steps_depend_on_the_tuning_replicates_only():
    rows = scored(contest())
    before = tuning.choose(rows, TARGETS)
    changed, tampered = rows.copy(), rows.copy()
    comparing = rows["phase"] == "comparison"
    changed.loc[comparing & (rows["variant"] == "+0"), "loss"] += 5
    changed.loc[comparing, "validation_cross_entropy"] *= 1 + changed["exponent"].fillna(0)
    pd.testing.assert_frame_equal(tuning.choose(changed, TARGETS), before)
    tampered.loc[~comparing & (rows["variant"] == "+0"), "loss"] += 5
    assert not tuning.choose(tampered, TARGETS).equals(before)


def test_comparison_uses_no_tuning_replicate():
    for field in fields(joined({"near": contest()}), TARGETS, ["passes"]):
        assert list(field.cost.columns) == [2, 3, 4, 5]


def test_step_at_an_end_of_its_grid_is_marked():
    rivals = RIVALS | {"nesterov": {"+0": (0.5, 1.0), "+1": (0.2, 1.0)}}
    choice = tuning.choose(contest(rivals=rivals), TARGETS).set_index(["target", "rival"])
    assert choice.loc[("numerical", "nesterov"), "at_edge"]
    assert not choice.loc[("numerical", "gradient_descent"), "at_edge"]
    assert not choice.loc[("numerical", "em"), "at_edge"]


def test_tuning_cost_adds_up_all_steps():
    rows = contest(replicates=2, rivals={"nesterov": RIVALS["nesterov"]})
    spent = rows.groupby(["variant", "replicate"])["passes"].max()
    found = tuning.work(rows, "passes").iloc[0]
    assert found["tuning_runs"] == 6 and found["tuning_cost"] == pytest.approx(spent.sum())


def test_early_stopping_takes_the_best_validation_row():
    ends = stopped(numbered(scored(contest(rivals={"em": {"": (0.1, 1.0)}}))))
    assert (ends["iteration"] == 5).all() and len(ends) == 6


def test_best_rival_is_outside_of_the_family():
    (field,) = fields(joined({"near": contest()}), {"numerical": 1e-8}, ["passes"])
    assert field.order[0] == "nesterov"
    assert best_rival(field, ["em", "squarem", "nesterov"]) == "gradient_descent"
    assert ratio(field, "em", "nesterov").least > 1 > ratio(field, "nesterov", "em").most


def test_pairs_of_runs_that_stop_short_bound_the_quotient():
    """By replicate: both arrive; the other is cut off; it ended elsewhere; both are cut off; both
    ended elsewhere, which says nothing."""
    field = made_field(
        cost=[[2, 2, 2, 9, 9], [8, 9, 5, 9, 9]],
        success=[[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]],
        capped=[[0, 0, 0, 1, 0], [0, 1, 0, 1, 0]],
    )
    found = ratio(field, "one", "other")
    assert found.pairs == 4 and found.neither == 1
    # low: log 1/4, -inf, -inf, -inf; high: log 1/4, log 2/9, -inf, inf, whose ten averages have
    # the middle ones log 1/4 and (log 1/4 + log 2/9) / 2.
    assert found.least == 0 and found.most == pytest.approx((1 / 4) ** 0.75 * (2 / 9) ** 0.25)
    assert (found.low, found.high) == (0, INF)
    back = ratio(field, "other", "one")
    assert back.least == pytest.approx(1 / found.most) and back.most == INF


def test_quotient_of_costs_that_are_all_equal_is_a_tie_without_a_warning(recwarn):
    cost, yes, no = np.full((2, 8), 3.0), np.ones((2, 8)), np.zeros((2, 8))
    found = ratio(made_field(cost, yes, no), "one", "other")
    assert found[:4] == (1, 1, 1, 1) and found.p == 1
    assert outcome(found, found.p) == "tie"
    assert outcome(ratio(made_field(0 * cost, yes, no), "one", "other"), 1.0) == "tie"
    assert not recwarn.list


@pytest.mark.parametrize("replicates", [1, 16])
@pytest.mark.parametrize("capped", [0, 1])
def test_nobody_arrives_or_one_replicate_is_undecided(replicates, capped, recwarn):
    shape = 2, replicates
    nobody = made_field(np.full(shape, 9.0), np.zeros(shape), np.full(shape, capped))
    found = ratio(nobody, "one", "other")
    assert outcome(found, found.p) == "open" and np.isnan(found.value)
    assert "neither A nor B" in against("A", "B", found, found.p)
    success = np.array([[1.0] * replicates, [capped] * replicates])
    alone = ratio(made_field(np.full(shape, 9.0), success, np.zeros(shape)), "one", "other")
    decided = outcome(alone, alone.p)
    assert (
        decided
        == {(1, 0): "open", (1, 1): "open", (16, 0): "win", (16, 1): "tie"}[replicates, capped]
    )
    assert not recwarn.list


def test_one_arrival_of_sixteen_against_none_decides_nothing():
    """What an earlier rule called a win."""
    cost, success = np.full((2, 16), 9.0), np.zeros((2, 16))
    cost[0, 0], success[0, 0] = 2, 1
    found = ratio(made_field(cost, success, 1 - success), "one", "other")
    assert found.p == 1 and outcome(found, found.p) == "open"


def made_field(cost, success, capped):
    """A field of two rivals, "one" and "other", with these rows."""
    frames = (pd.DataFrame(rows, index=["one", "other"]) for rows in (cost, success, capped))
    cost, success, capped = frames
    return Field({}, {}, pd.DataFrame(), cost, success.astype(bool), capped.astype(bool), [])


VERDICTS = [
    ((0.5, 0.5, 0.4, 0.6, 0.001, 16, 0), "win", "A costs 0.5 [0.4, 0.6] times what B costs"),
    ((3, 3, 2, 4, 0.05, 16, 0), "loss", "3 [2, 4] times what B costs (p = 0.05): A loses"),
    ((0.5, 0.5, 0.4, 0.6, 0.06, 16, 0), "open", "(p = 0.06): A undecided"),
    (
        (1.1, 1.1, 0.9, 1.25, 0.6, 16, 0),
        "tie",
        "1.1 [0.9, 1.2] times what B costs (p = 0.6): A ties",
    ),
    ((1.1, 1.1, 0.9, 1.3, 0.6, 16, 0), "open", "A costs 1.1 [0.9, 1.3] times"),
    ((0.43, 0.43, 0.01, 20, 1, 16, 0), "open", "undecided"),
    ((0, INF, 0, INF, 1, 16, 0), "open", "neither A nor B arrives"),
    ((INF, INF, 8, INF, 0.01, 16, 0), "loss", "B arrives where A never does (p = 0.01): A loses"),
    ((0, 0, 0, 0.1, 0.01, 16, 3), "win", "(p = 0.01), neither arriving on 3 samples: A wins"),
    ((3, INF, 2, INF, 0.01, 16, 2), "loss", "at least 3 [2, inf] times what B costs (p = 0.01), n"),
    ((0, 0.25, 0, 0.4, 0.01, 16, 0), "win", "at most 0.25 [0, 0.4] times what B costs"),
    ((0.1, 0.3, 0, 0.4, 0.01, 16, 0), "win", "A costs 0.1 to 0.3 [0, 0.4] times"),
]


@pytest.mark.parametrize(("found", "expected", "text"), VERDICTS)
def test_verdict_says_what_interval_and_p_say(found, expected, text):
    ratio = Ratio(*found)
    assert outcome(ratio, ratio.p) == expected
    assert text in against("A", "B", ratio, ratio.p)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["win", "win", "open"], "win"),
        (["win", "open", "open"], "open"),
        (["win", "loss", "win", "win"], "mixed"),
        (["loss", "tie"], "loss"),
        (["tie", "tie", "open"], "tie"),
        (["tie", "open", "open"], "open"),
    ],
)
def test_problems_on_the_same_samples_count_once(outcomes, expected):
    assert of_law(outcomes) == expected
    text = tally("passes", "EM", "GD", {"law": outcomes})
    assert text.startswith(f"Per data pass, on 1 law of data with GD, EM: {WORDS[expected]} 1 (of ")


def test_grid_doubles_the_step_and_blocks_apart_if_asked():
    one = variants(Rival("x", {"step": 0.5}, [-1, 2]))
    assert [v.settings["step"] for v in one] == [0.25, 0.5, 1.0, 2.0]
    assert [v.name for v in one] == ["-1", "+0", "+1", "+2"]
    grid = {"beta": [0, 1], "w": [-1, 0]}
    two = variants(Rival("x", {"step": {"beta": 1.0, "w": 4.0}}, grid))
    assert [tuple(v.settings["step"].values()) for v in two] == [(1, 2), (1, 4), (2, 2), (2, 4)]
    assert "doublings" not in two[0].settings
    (level,) = variants(Rival("em"))
    assert level.name == "" and np.isnan(level.exponent)


@pytest.mark.parametrize(
    "rival",
    [
        {"doublings": [0, 1]},
        {"step": 1.0, "doublings": [1, 0]},
        {"step": 1.0, "doublings": {"beta": [0, 1]}},
        {"step": {"beta": 1.0, "w": 1.0}, "doublings": {"beta": [0, 1]}},
    ],
)
def test_grid_that_fits_no_step_is_refused(rival):
    settings = {key: value for key, value in rival.items() if key != "doublings"}
    with pytest.raises(ConfigError, match=r"^contests\.x\.doublings: "):
        variants(Rival("x", settings, rival["doublings"]), "contests.x")
