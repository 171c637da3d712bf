"""The calibration: what is searched, what is accepted, and by which readings alone."""

import copy
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from calibration_helpers import BASE, LAST, PLAN, POINT, SEARCH, curves_of, descent, drawn_by
from msgspec import structs
from records import family
from workflow_helpers import ROOT

from emmoe.calibration import fashion_mnist, search, symmetric_linear
from emmoe.calibration.family import families
from emmoe.calibration.readings import CALIBRATION, HELD_OUT, curves
from emmoe.calibration.score import Plan, evaluate
from emmoe.calibration.simulate import TO_FINAL, Setting, simulate
from emmoe.calibration.space import draw, spread
from emmoe.record.entries import Component, Fitter
from emmoe.record.read import check, expanded, load
from emmoe.record.searches import Stage
from emmoe.store.errors import ConfigError

RECORD = load(ROOT / "config.yaml")
COMMITTED = families(RECORD)
REPORTED = pd.read_csv(ROOT / "data" / "reported" / "claims.csv")
FIGURE_3 = {"figures": ["figure_3"], "calibration": {"figure_3": [0, 1, 2]}, "instances": 25}


@pytest.fixture(scope="module")
def reported():
    """A report whose settings are known: those of `descent()`."""
    return drawn_by(descent())


@pytest.fixture(scope="module")
def truth(reported):
    return evaluate(descent(), curves_of(reported), PLAN, {})


def by_curve(outcome, part):
    return {s["curve_id"]: s for s in outcome.scores if s["part"] == part}


def test_the_setting_behind_the_curves_is_accepted_and_meets_what_was_held_out(truth):
    assert truth.accepted == {"gradient_descent": True}
    held_out = by_curve(truth, HELD_OUT)
    assert len(held_out) == 4 and all(score["met"] for score in held_out.values())
    assert set(by_curve(truth, CALIBRATION)) == {
        "figure_2a_gradient_descent",
        "figure_2b_gradient_descent",
    }


@pytest.mark.parametrize(("steps", "wrong"), [({"beta": 0.3}, "2a"), ({"w": 0.2}, "2b")])
def test_a_far_setting_is_rejected_by_the_curve_of_its_block(reported, steps, wrong):
    outcome = evaluate(descent(**steps), curves_of(reported), PLAN, {})
    assert outcome.accepted == {"gradient_descent": False} and outcome.predictions == []
    assert by_curve(outcome, HELD_OUT) == {}
    assert not by_curve(outcome, CALIBRATION)[f"figure_{wrong}_gradient_descent"]["met"]


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_setting_that_diverges_is_rejected(reported):
    outcome = evaluate(descent(beta=1e200), curves_of(reported), PLAN, {})
    score = by_curve(outcome, CALIBRATION)["figure_2a_gradient_descent"]
    assert score["statistic"] == np.inf and not score["met"]
    assert outcome.accepted == {"gradient_descent": False}


def changed(reported, iteration, factor=3.0):
    """The report with all of Figure 2's readings at an iteration multiplied."""
    rows = reported["where"].str.startswith("figure_2") & (reported["iteration"] == iteration)
    return reported.assign(value=reported["value"].where(~rows, factor * reported["value"]))


def test_changing_a_held_out_reading_changes_no_acceptance(reported, truth):
    other = evaluate(descent(), curves_of(changed(reported, 6)), PLAN, {})
    assert other.accepted == truth.accepted and other.first == truth.first
    assert by_curve(other, CALIBRATION) == by_curve(truth, CALIBRATION)
    assert other.predictions == truth.predictions
    assert not by_curve(other, HELD_OUT)["figure_2a_gradient_descent"]["met"]


def test_changing_a_calibration_reading_changes_acceptance(reported):
    other = evaluate(descent(), curves_of(changed(reported, 4)), PLAN, {})
    assert other.accepted == {"gradient_descent": False}


def test_one_curve_is_enough_to_go_on_where_any_will_do_but_not_to_be_accepted(reported):
    outcome = evaluate(descent(w=0.2), curves_of(reported), replace(PLAN, passes="any"), {})
    assert by_curve(outcome, CALIBRATION)["figure_2a_gradient_descent"]["met"]
    assert outcome.accepted == {"gradient_descent": False} and outcome.predictions


def test_predictions_cover_all_readings_and_are_the_replicates_moments(reported, truth):
    predictions = pd.DataFrame(truth.predictions)
    assert len(predictions) == 4 * (LAST // 2 + 1)
    values = simulate(descent(), PLAN.seed, 12, LAST, {})["relative_error_w"]
    rows = predictions[predictions["metric"] == "relative_error_w"]
    assert list(rows["iteration"]) == list(range(0, LAST + 1, 2))
    assert rows["mean"].to_numpy() == pytest.approx(values[:, ::2].mean(axis=0))
    assert rows["std"].to_numpy() == pytest.approx(values[:, ::2].std(axis=0, ddof=1))


def test_simulation_is_the_experiments_own_fit():
    values = simulate(descent(), 5, 2, 8, {})
    again = simulate(descent(), 5, 3, 4, {})
    for metric in ("relative_error_beta", "excess_loss_to_truth"):
        assert (values[metric][:, :5] == again[metric][:2]).all()
    assert (values[TO_FINAL][:, -1] == 0).all()
    twice = Setting({"gradient_em": "x"}, {}, BASE, BASE.fitters["gradient_descent"])
    assert (simulate(twice, 5, 2, 8, {})["loss"] == values["loss"]).all()


def test_a_run_that_converged_keeps_its_values():
    em = symmetric_linear.data_setting(0, POINT, structs.replace(BASE, tolerance=1e-4))
    exact = symmetric_linear.data_setting(0, POINT, BASE)
    stopped, full = (simulate(s, 5, 3, 60, {})["relative_error_beta"] for s in (em, exact))
    assert stopped == pytest.approx(full, abs=1e-3) and np.isfinite(stopped).all()
    assert (stopped[:, 50] == stopped[:, 60]).all() and (full[:, 20] != full[:, 60]).all()


def test_steps_are_found_where_they_are():
    reported = drawn_by(descent())
    steps = {
        "inner_steps": [1],
        "reach": {"beta": [0.05, 0.5], "w": [0.2, 2.0]},
        "draws": {"separate": 14, "equal": 3},
    }
    own = family(BASE, SEARCH | {"steps": {"gradient_descent": steps}})
    outcomes = symmetric_linear.search_steps(7, POINT, own, curves_of(reported), PLAN)
    names = [name for o in outcomes for name in o.setting.names.values()]
    assert len(set(names)) == len(names) > 17 and names[0] == "linear-007-gd-00"
    first, second = outcomes[:17], outcomes[17:]
    accepted = [o.setting.parameters for o in outcomes if o.accepted["gradient_descent"]]
    assert accepted and len(accepted) < len(outcomes) / 2
    for block, at in (("beta", 0.15), ("w", 0.6)):
        values = [parameters[f"step_{block}"] for parameters in accepted]
        assert min(values) / 1.2 < at < 1.2 * max(values)
        ranges = [
            np.ptp(np.log([o.setting.parameters[f"step_{block}"] for o in of_round]))
            for of_round in (first, second)
        ]
        assert ranges[1] < ranges[0]


def test_hand_set_steps_are_searched_at_the_hand_set_data():
    curve = curves_of(drawn_by(descent()))
    steps = {
        "inner_steps": [1],
        "reach": {"beta": [5.0, 6.0], "w": [5.0, 6.0]},
        "draws": {"separate": 1, "equal": 0},
    }
    own = family(BASE, SEARCH | {"steps": {"gradient_descent": steps}})
    of_first, of_other = (
        symmetric_linear.search_steps(number, POINT, own, curve, PLAN) for number in (0, 1)
    )
    (hand,) = [o for o in of_first if "linear-000-gd-hand" in o.setting.names.values()]
    assert hand.setting.fitter == BASE.fitters["gradient_descent"]
    assert hand.accepted == {"gradient_descent": True}
    assert len(of_other) == 1


def test_data_points_are_the_hand_set_one_and_points_of_the_ranges():
    own = COMMITTED["symmetric_linear"]
    hand, *drawn = symmetric_linear.data_points(own)
    assert hand["d"] == 10 and hand["n_over_d"] == 1000 and hand["start_beta_sd"] == 0.166
    assert len(drawn) == own.search.data.draws
    for name, (low, high) in own.search.data.ranges.items():
        assert all(low <= point[name] <= high for point in drawn)
    setting = symmetric_linear.data_setting(0, hand, own.base)
    for part in ("model", "data", "start"):
        found = getattr(setting.experiment, part)
        assert written(found) == written(getattr(RECORD.experiments["symmetric_linear"], part))


def written(component):
    """A component's settings as text, lists and tuples alike."""
    return json.dumps(component.settings, sort_keys=True)


def test_draws_fill_the_logarithms_of_a_box_and_grow_at_their_end():
    box = {"a": (1.0, 100.0), "b": (2.0, 3.0)}
    some, more = (draw(box, n, np.random.default_rng(1)) for n in (5, 400))
    assert more[:5] == some
    below = sum(point["a"] < 10 for point in more)
    assert 190 <= below <= 210 and all(2 <= p["b"] <= 3 for p in more)


def test_settings_kept_spread_over_all_and_hold_the_first():
    points = [{"x": 2.0**i, "y": 1.0} for i in (3, 0, 1, 2, 4, 5, 6)]
    assert spread(points, 3) == [0, 1, 6] and spread(points, 9) == list(range(7))


def real_curves(name):
    return {curve.name: curve for curve in curves(REPORTED, COMMITTED[name])}


def test_calibration_readings_are_the_declared_ones_and_all_others_are_held_out():
    read = real_curves("symmetric_linear")
    assert len(read) == 12
    for name, curve in read.items():
        declared = [0, 10, 40] if name.startswith("figure_2") else []
        assert list(curve.part(CALIBRATION)["iteration"]) == declared
        assert len(curve.part(HELD_OUT)) + len(declared) == len(curve.readings)
        assert (curve.readings["iteration"] % 2 == 0).all()  # interpolated ones are odd
        assert curve.readings[["reported", "uncertainty"]].notna().all(axis=None)
    start = read["figure_2a_em"].readings.iloc[0]
    assert start["spread"] == pytest.approx((1.281 - 0.95) / 2) and start["reported"] == 1.115


def test_a_point_that_two_sources_show_is_one_reading():
    read = real_curves("fashion_mnist")
    assert len(read) == 6
    curve = read["figure_3a_em"]
    assert list(curve.readings["iteration"]) == [0, 1, 2, 5, 10, 20, 30, 50, 75, 100]
    assert list(curve.part(CALIBRATION)["iteration"]) == [0, 1, 2, 5, 30, 75]
    at = curve.readings.set_index("iteration").loc[10]
    assert at["reported"] == pytest.approx((0.6177 + 0.5858) / 2)
    assert at["uncertainty"] == pytest.approx(np.hypot(0.0045, (0.6177 - 0.5858) / 2))


def test_a_declared_iteration_without_a_reading_is_refused():
    wrong = family(BASE, SEARCH | {"calibration": {"figure_2": [0, 11]}})
    with pytest.raises(ConfigError, match="figure_2 has no reading at iteration 11"):
        curves(REPORTED, wrong)


def test_curves_of_a_run_that_disagree_on_iterations_are_refused_in_one_line():
    gone = (REPORTED["claim_id"] != "figure_2b_em_40") & (
        REPORTED["duplicate_of"] != "figure_2b_em_40"
    )
    own = COMMITTED["symmetric_linear"]
    task = search.part_task(own, "data", 0)
    with pytest.raises(ConfigError) as caught:
        search.search(task, REPORTED[gone], [], {})
    assert str(caught.value).startswith("calibration: figure_2b_em has no reading at iteration 40")
    assert len(str(caught.value).splitlines()) == 1


def fashion_on_digits():
    """The search of fashion_mnist at toy size, on data that need no download."""
    data = Component("random_invert_digits", {"test_size": 1500})
    base = structs.replace(RECORD.experiments["digits"], data=data)
    grids = {
        "em": {"inner_steps": [2, 3], "reach": [0.6], "gate_ratio": [0.5, 1], "per_part": 1},
        "one_step": {"step": [0.1, 0.3], "gate_ratio": [1, 2], "per_part": 3},
    }
    return family(base, FIGURE_3 | {"grids": grids}, "fashion_mnist")


def test_grid_is_inner_steps_by_reach_by_gate_ratio():
    grids = fashion_mnist.settings(fashion_on_digits())
    assert [len(settings) for settings in grids.values()] == [4, 4]
    steps = {"gate": 0.3, "experts": 0.3}
    assert grids["em"][1].fitter == Fitter("gradient_em", {"inner_steps": 2, "step": steps})
    assert grids["em"][2].fitter.settings["step"] == {"gate": 0.1, "experts": 0.2}
    assert grids["one_step"][1].names == {
        "gradient_descent": "fashion-gd-01", "gradient_em": "fashion-gem-01",
    }  # fmt: skip


def test_one_inner_step_of_gradient_em_stands_for_gradient_descent():
    setting = fashion_mnist.settings(fashion_on_digits())["one_step"][1]
    fitter = Fitter("gradient_descent", {"step": setting.fitter.settings["step"]})
    own = Setting(setting.names, {}, setting.experiment, fitter)
    values, other = (simulate(s, 3, 2, 4, {}) for s in (setting, own))
    assert values["loss"] == pytest.approx(other["loss"], rel=1e-12)
    rows = evaluate_on_figure_3(setting).rows("fashion_mnist")
    assert [row["algorithm"] for row in rows] == ["gradient_descent", "gradient_em"]


def evaluate_on_figure_3(setting):
    plan = Plan(0.001, "any", (Stage(2, 2),), seed=1)
    return evaluate(setting, curves(REPORTED, family(BASE, FIGURE_3)), plan, {})


def test_both_algorithms_of_one_simulation_are_scored_by_their_own_curves():
    outcome = evaluate_on_figure_3(fashion_mnist.settings(fashion_on_digits())["one_step"][0])
    pairs = {(s["setting"], s["curve_id"]) for s in outcome.scores if s["part"] == CALIBRATION}
    assert pairs == {
        (f"fashion-{short}-00", f"figure_3{panel}_{algorithm}")
        for short, algorithm in (("gd", "gradient_descent"), ("gem", "gradient_em"))
        for panel in "ab"
    }


@pytest.mark.parametrize("names", [["config.yaml"], ["config.yaml", "tests/smoke.yaml"]])
def test_parts_hold_every_setting_once(names):
    known = families(load([ROOT / name for name in names]))
    linear, images = known["symmetric_linear"], known["fashion_mnist"]
    counted = search.counts(linear) | search.counts(images)
    assert set(counted) == {"data", "steps", "em", "one_step"}
    assert sum(counted.values()) < 150
    parts = range(counted["data"])
    drawn = [n for part in parts for n, _ in search.part_task(linear, "data", part).points]
    assert drawn == list(range(1 + linear.search.data.draws))
    for grid, settings in fashion_mnist.settings(images).items():
        size = images.search.grids[grid].per_part
        assert size * (counted[grid] - 1) < len(settings) <= size * counted[grid]


def test_hand_set_steps_of_figure_3_are_on_the_grid():
    grids = fashion_mnist.settings(COMMITTED["fashion_mnist"])
    fitters = RECORD.experiments["fashion_mnist"].fitters
    for name, grid in (("em", "em"), ("gradient_em", "one_step"), ("gradient_descent", "one_step")):
        own = fitters[name].settings
        wanted = own.get("inner_steps", 1), {"gate": own["step"], "experts": own["step"]}
        found = [s.fitter.settings for s in grids[grid]]
        assert wanted in [(s["inner_steps"], s["step"]) for s in found]


STEPS = {
    "inner_steps": [1],
    "reach": {"beta": [1, 2], "w": [1, 2]},
    "draws": {"separate": 1, "equal": 1},
}
MISTAKES = [
    ("symmetric_linear.experiment", "linear", "no experiment 'linear'"),
    ("symmetric_linear.experiment", "symmetric_logistic", "must be symmetric_linear"),
    ("symmetric_linear.figures", ["figure_9"], "no reported figure 'figure_9'"),
    ("symmetric_linear.calibration", {"figure_3": [1]}, "not one of"),
    ("symmetric_linear.calibration", {"figure_2": [200]}, "200 is beyond the last stage"),
    ("symmetric_linear.data.ranges.d", [8, 8], "8.0 is not less than 8.0"),
    ("symmetric_linear.steps.gradient_em.reach.w", [2.0, 1.0], "2.0 is not less than 1.0"),
    ("symmetric_linear.data.ranges.n", [8, 9], "ranges.n: no such parameter"),
    ("symmetric_linear.data.ranges", {"d": [8, 9]}, "ranges: lacks n_over_d"),
    ("symmetric_linear.steps.gradient_em.reach.v", [1.0, 2.0], "reach.v: no such parameter"),
    ("symmetric_linear.data.choices", {"cosine_w": [0.5]}, "only symmetric_linear_wider"),
    ("symmetric_linear.data.choices", {"angle": [30, 30.0]}, "choices.angle: 30.0 is there twice"),
    ("symmetric_linear.data.choices", {"angel": [5]}, "'angel': did you mean 'angle'?"),
    ("symmetric_linear.data.choices", {"angle": [200]}, "choices.angle: angle must be"),
    ("symmetric_linear.data.choices", {"angle": ["any"]}, "known are random (or a number)"),
    ("symmetric_linear.data.ranges.d", [1, 2], "ranges: d"),
    ("symmetric_linear.data.ranges.d", [4, 4e4], "are too many to hold"),
    ("symmetric_linear.data.ranges.d", [4], "ranges.d: must be a list of length >= 2, got [4]"),
    ("symmetric_linear.data.kept", 10**9, "data.kept: 1000000000 is more than 100000"),
    ("symmetric_linear.data", None, "it needs data"),
    ("symmetric_linear.grids", {"em": {"gate_ratio": [1], "per_part": 1}}, "searches data"),
    ("symmetric_linear.steps.em", STEPS, "steps.em: no such algorithm"),
    ("symmetric_linear.steps.gradient_em.inner_steps", [0], "inner_steps.0: must be"),
    ("symmetric_linear.changes", {"angle": 400}, "changes"),
    ("symmetric_linear.changes", {"nn": 4}, "changes"),
    ("symmetric_linear.figures", ["figure_3"], "known are figure_1, figure_2"),
    ("symmetric_linear.calibration", {}, "names no reading"),
    ("symmetric_linear.data.xyzxyz", 5, "'xyzxyz': known are choices, draws"),
    ("symmetric_linear.passes", "x - at `$.y", "no such choice 'x - at `$.y': known are all"),
    ("symmetric_linear.passes", "most", "no such choice 'most': known are all, any"),
    ("symmetric_linear.data.drows", 5, "unknown setting 'drows': did you mean 'draws'?"),
    ("fashion_mnist.experiment", "symmetric_linear", "must be logistic_experts"),
    ("fashion_mnist.figures", [], "length >= 1"),
]


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES)
def test_a_mistake_in_the_calibration_is_one_line_naming_the_setting(path, value, said):
    content = yaml.safe_load(expanded(ROOT / "config.yaml"))
    *keys, last = path.split(".")
    node = content["calibration"]
    for key in keys:
        node = node[key]
    node[last] = value
    with pytest.raises(ConfigError) as caught:
        check(content)
    message = str(caught.value)
    assert message.startswith(f"calibration.{path.split('.')[0]}") and said in message
    assert len(message.splitlines()) == 1


def test_two_searches_of_data_are_refused_as_their_settings_have_the_same_names():
    files = [ROOT / "config.yaml", ROOT / "studies" / "wider_linear.yaml"]
    content = yaml.safe_load(expanded(files))
    own = yaml.safe_load(expanded(ROOT / "config.yaml"))["calibration"]["symmetric_linear"]
    content["calibration"]["symmetric_linear"] = own
    with pytest.raises(ConfigError, match="has settings of the same names: set it to null"):
        check(content)


def test_a_search_starts_from_an_experiment_of_one_cell():
    content = yaml.safe_load(expanded(ROOT / "config.yaml"))
    content["experiments"]["many"] = copy.deepcopy(content["experiments"]["symmetric_linear"])
    content["experiments"]["many"]["data"]["norm_w"] = [1.0, 2.0]
    content["calibration"]["symmetric_linear"]["experiment"] = "many"
    with pytest.raises(ConfigError, match="many has 2 cells: name one of a single one"):
        check(content)
