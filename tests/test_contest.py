"""A contest: what it runs, what it charges, and that its tuning and comparison stay apart."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from records import fitter, smoke_settings
from test_config import refusal

from emmoe.evidence.reach import distance, numbered, reached
from emmoe.evidence.tuning import choose, tuning_rows
from emmoe.lab import contest as contests
from emmoe.lab.contest import run_contest
from emmoe.lab.race import Race, median_clock
from emmoe.lab.recorder import CAPPED, Recording, record
from emmoe.lab.scene import scenes
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.record import plan, read
from emmoe.record.entries import Rival
from emmoe.store.errors import DataError
from emmoe.tables import comparison, comparison_verdicts, conclusions, profiles

ROOT = Path(__file__).parent.parent
NAME = "fair_linear_near_small"


def task(name=NAME, rivals=("em", "nesterov", "lbfgs", "sgd"), own=None, **changes):
    """own: changes of rivals' entries."""
    config = smoke_settings()
    contest = config["contests"][name]
    if "norm_beta" in contest["data"]:
        contest["data"]["norm_beta"] = 2.0
    contest["rivals"] = {k: contest["rivals"][k] | (own or {}).get(k, {}) for k in rivals}
    contest.update(changes)
    config |= {section: {} for section in ("figures", "tables", "findings", "audit")}
    return plan.contest_task(read.check(config).contests[name])


def run(given):
    return run_contest(given, {}, lambda line: None)


@pytest.fixture(scope="module")
def rows():
    return run(task())


def test_tuning_runs_all_steps_and_comparison_the_chosen_ones(rows):
    steps = rows.groupby(["phase", "rival"])["variant"].agg(set)
    assert steps["tuning", "nesterov"] >= {"-1", "+0"} and steps["tuning", "em"] == {""}
    choice = choose(rows, task().targets)
    for rival, own in choice.groupby("rival")["variant"]:
        assert steps["comparison", rival] == set(own)
    assert set(rows.loc[rows["phase"] == "tuning", "replicate"]) == {0}
    assert set(rows.loc[rows["phase"] == "comparison", "replicate"]) == {1, 2}


def test_grids_grow_until_no_choice_lies_on_an_edge():
    rivals = {"gradient_descent": {"step": 2.0**-7, "doublings": [-1, 0]}}
    found = run(task(rivals=("gradient_descent",), own=rivals, passes=60))
    choice = choose(found, task().targets)
    assert not choice["at_edge"].any()
    assert {int(v) for v in choice["variant"]} <= set(range(3, 10))
    points = {int(v) for v in found.loc[found["phase"] == "tuning", "variant"]}
    assert points == set(range(min(points), max(points) + 1))


def test_no_tuned_rival_is_worse_in_tuning_than_at_its_configured_step(rows):
    choice = choose(rows, task().targets)
    runs = reached(numbered(tuning_rows(rows)), task().targets, ["passes"])
    costs = runs.groupby(["target", "rival", "variant"])[["passes", "success"]].mean()
    for target, rival, variant in choice[["target", "rival", "variant"]].itertuples(index=False):
        own = costs.loc[target, rival]
        at = {v: own.loc[v, "passes"] / own.loc[v, "success"] for v in own.index if own.success[v]}
        if "+0" in at:
            assert at[variant] <= at["+0"]


def test_step_that_reaches_no_target_is_marked_as_a_fallback():
    found = run(task(passes=2))
    choice = choose(found, task().targets).set_index(["rival", "target"])
    assert choice.loc[("nesterov", "millionth"), "fallback"]
    assert not choice.loc[("em", "millionth"), "fallback"]  # it has no steps to choose from
    assert not choose(run(task(passes=200)), task().targets)["fallback"].any()


def test_no_run_spends_more_than_its_budget_in_tuning_or_comparison(rows):
    assert rows["passes"].max() <= 30
    short = run(task(passes=9))
    spent = short.groupby("phase")["passes"].max()
    assert spent["tuning"] <= 9 and spent["comparison"] <= 9
    ends = short.drop_duplicates(["rival", "variant", "replicate"], keep="last")
    assert set(ends["status"]) <= {"capped", "reached"} and "capped" in set(ends["status"])


def ends(found):
    """The last rows of the comparison's runs."""
    runs = found[found["phase"] == "comparison"].groupby(["rival", "variant", "replicate"])
    return runs.tail(1)


NEVER = {"never": {"loss": 1e-20}}


def test_method_that_finds_no_further_step_has_halted_and_is_not_cut_off():
    given = {"targets": NEVER, "passes": 400, "rivals": ("lbfgs", "truncated_newton", "em")}
    found = run(task(**given, tolerance=None))
    for rival in ("lbfgs", "truncated_newton"):
        own = found[found["rival"] == rival]
        last = ends(own)
        assert set(last["status"]) == {"halted"} and (last["passes"] < 400).all()
        spent = own.groupby(["phase", "replicate"])["passes"]
        assert (spent.diff().dropna() > 0).all()  # without the state that is repeated
    assert set(ends(found[found["rival"] == "em"])["status"]) == {"capped"}
    costs = reached(numbered(found), NEVER, ["passes"])
    assert costs.groupby("rival")["capped"].all().to_dict() == {
        "em": True, "lbfgs": False, "truncated_newton": False
    }  # fmt: skip


def test_tolerance_ends_every_run_that_rests_alike():
    rivals = ("em", "backtracking", "lbfgs", "truncated_newton")
    found = run(task(targets=NEVER, passes=400, rivals=rivals))
    last = ends(found)
    assert set(last["status"]) == {"converged"} and set(last["rival"]) == set(rivals)
    assert (last["gradient_norm"] <= 1e-7).all()
    before = found.drop(last.index)
    assert (before.loc[before["phase"] == "comparison", "gradient_norm"] > 1e-7).all()
    assert (last["loss"] - last["optimum"] < 1e-11).all()  # far within the strictest target


def test_contests_with_an_optimum_have_one_tolerance_and_the_statistical_target():
    """Where there is no minimiser no run rests: images have none."""
    record = read.load([str(ROOT / "config.yaml")], thorough=False)
    for name, contest in record.contests.items():
        images = contest.model.name == "logistic_experts"
        assert contest.tolerance == (None if images else 1e-7), name
        assert images or contest.targets["statistical"] == "p/2n", name


def test_general_mixture_has_an_optimum_and_targets_of_its_own_size():
    given = task("general_engel", ("em", "lbfgs"), targets={"statistical": "p/2n"})
    found = run(given)
    assert (found["optimum"] == 0).all() and found["certified"].all()
    arrived = found[found["status"] == "reached"].groupby(["rival", "replicate"]).tail(1)
    assert len(arrived) and (arrived["loss"] <= 8 / (2 * 235)).all()


def test_excess_over_an_optimum_that_is_not_known_is_refused():
    content = smoke_settings()
    content["contests"]["general_engel"]["model"]["above_maximum"] = None
    said = "mixture_of_experts has no known optimum: give a loss or an accuracy"
    assert refusal(content).endswith(said)


def test_run_ends_within_all_its_targets(rows):
    runs = rows[rows["phase"] == "comparison"].groupby(["rival", "variant", "replicate"])
    for _, own in runs:
        gaps = np.array([distance(own, target) for target in task().targets.values()])
        inside = (gaps <= 0).all(axis=0)
        assert not inside[:-1].any()
        assert inside[-1] == (own["status"] == "reached").all()


def test_optimum_is_certified_and_no_rival_below_it(rows):
    assert rows["certified"].all()
    assert (rows["loss"] >= rows["optimum"] - 1e-12).all()
    first = rows[rows["iteration"] == 0]
    np.testing.assert_allclose(first["loss"], first["start_loss"], rtol=1e-14)


def test_clock_is_the_median_of_runs_in_an_order_that_changes(monkeypatch):
    orders, original = [], contests.Race.clock

    def clock(self, fitter, model, start, states):
        orders.append((self.known["replicate"], type(fitter).__name__))
        return original(self, fitter, model, start, states)

    monkeypatch.setattr(contests.Race, "clock", clock)
    found = run(task(timings=6))
    own = [name for replicate, name in orders if replicate == 1]
    rounds = [tuple(own[i : i + len(own) // 5]) for i in range(0, len(own), len(own) // 5)]
    assert (
        len(rounds) == 5 and len(set(rounds)) > 1 and len({tuple(sorted(r)) for r in rounds}) == 1
    )
    compared = found[found["phase"] == "comparison"]
    assert (compared["pass_seconds"] > 0).all()
    rows = [{"iteration": 0, "cpu_seconds": 5.0}, {"iteration": 1, "cpu_seconds": 9.0}]
    medians = median_clock(rows, [[1.0, 2.0], [3.0, 30.0]])
    assert [row["cpu_seconds"] for row in medians] == [3.0, 9.0]


def test_rows_are_those_of_the_recorder_with_the_work_of_each_state(rows):
    """A run by hand: the same sample and start, the passes and operations of the model's count."""
    given = task()
    start = (given.seed, given.model, given.start, given.cells[0], [1])
    (scene,) = scenes(*start, {})
    em = fitter("em")
    by_hand = record(em, scene.bind(), scene.start, iterations=3)
    mine = rows[(rows["rival"] == "em") & (rows["replicate"] == 1)].reset_index()
    for column in ("loss", "passes", "gradient_norm"):
        assert mine.loc[:2, column].tolist() == [row[column] for row in by_hand.rows[:3]]
    bound = scene.bind()
    record(em, bound, scene.start, iterations=2)
    assert mine.loc[2, "flops"] == bound.flops()


def test_rows_but_for_the_clock_are_the_same_in_every_run(rows):
    again = run(task())
    pd.testing.assert_frame_equal(
        rows.drop(columns=contests.CLOCKS), again.drop(columns=contests.CLOCKS)
    )
    assert (rows["cpu_seconds"] >= 0).all()


def test_start_laws_share_the_sample_and_its_optimum(rows):
    other = run(task("fair_linear_random_small"))
    one, two = (f.groupby(["data", "replicate"])["optimum"].first() for f in (rows, other))
    pd.testing.assert_series_equal(one, two)
    first = [f.loc[f["iteration"] == 0, "loss"].iloc[0] for f in (rows, other)]
    assert first[0] != first[1]


def test_tuning_sees_the_validation_set_alone_and_the_comparison_the_test_set():
    found = run(task("fair_digits_small", ("nesterov", "lbfgs")))
    tuning, compared = (found[found["phase"] == phase] for phase in ("tuning", "comparison"))
    assert tuning["test_accuracy"].isna().all() and compared["test_accuracy"].notna().all()
    assert (tuning["accuracy"] == tuning["validation_accuracy"]).all()
    assert (compared["accuracy"] == compared["test_accuracy"]).all()
    assert found["optimum"].isna().all() and not found["certified"].any()


def test_budget_ends_a_fitter_before_the_state_that_exceeds_it(problem):
    model, _, start = problem("symmetric_linear")
    own = fitter("gradient_descent", step=0.1)
    recording = record(own, model, start, iterations=50, budget=5)
    assert [row["passes"] for row in recording.rows] == [1, 2, 3, 4, 5]
    assert recording.status == [CAPPED]
    assert np.isfinite([row["loss"] for row in recording.rows]).all()


@pytest.mark.parametrize(("iteration", "status"), [(9, "capped"), (4, "separable")])
def test_run_that_spends_its_budget_on_the_way_to_infinity_is_cut_off(iteration, status):
    row = {"iteration": iteration, "loss": 1.0}
    own = Race(NEVER, 9, None, "test", {"optimum": 0.0})
    assert own._end(Recording(["separable"], rows=[row])) == status


STEPS = [("em", 1e-6), ("squarem", 1e-6), ("preconditioned_gradient_descent", None)]


@pytest.mark.parametrize(("algorithm", "tolerance"), STEPS)
def test_step_that_the_budget_cannot_pay_is_given_up_on_the_way(algorithm, tolerance):
    """Its rows are those of a run that is not, up to the budget."""
    model, _, start = LogisticExperts.example()
    own = fitter(algorithm, **({"m_step_tolerance": tolerance} if tolerance else {"step": 1.0}))
    whole = record(own, model, start, iterations=3)
    costs = [row["passes"] for row in whole.rows]
    budget = costs[1] + 2
    assert costs[2] > budget + 2
    again = record(own, model, start, iterations=3, budget=budget)
    assert again.rows == whole.rows[:2] and again.status == [CAPPED]
    assert budget < model.passes() <= budget + 1
    assert record(own, model, start, iterations=3).rows == whole.rows  # the next run has its own


def test_rival_that_refuses_its_sample_is_one_line():
    given = task("fair_digits_small", ("lbfgs",))
    wrong = replace(given, rivals={"x": Rival("adam", {"step": {"beta": 0.1}})})
    with pytest.raises(DataError, match=r"^adam: step names the blocks \['beta'\]"):
        run(wrong)


ENDS = [
    ({"replicates": {"tuning": 1, "comparison": 1}}, "undecided"),
    (
        {"targets": {"never": {"loss": 1e-20}}},
        "neither EM nor GD arrives on most samples: undecided",
    ),
    ({"targets": {"at_once": {"loss": 1e20}}}, r"EM costs 1 \[0, inf\] times what GD costs"),
]


@pytest.mark.parametrize(("changes", "said"), ENDS)
def test_contest_that_decides_nothing_says_so(changes, said, recwarn):
    own = task(rivals=("em", "gradient_descent"), **changes)
    given = {"curves": {"em": "EM", "gradient_descent": "GD"}, "targets": own.targets}
    given |= {"currencies": ["iteration", "passes"], "x": run(own)}
    comparison.build(**given)
    profiles.build(**given)
    table = comparison_verdicts.build(**given, family=[])
    single = table[table["contest"] != "all"]
    assert set(single["outcome_gd"]) == {"open"} and single["verdict"].str.contains(said).all()
    texts = [*table["verdict"], *conclusions.build(curves={}, verdicts=table)["sentence"]]
    assert not [text for text in texts if "nan" in text] and not recwarn.list


def test_rival_that_does_not_apply_to_the_contests_model_is_refused_by_name():
    content = smoke_settings()
    rival = {"algorithm": "gradient_descent", "step": 0.1, "whitened": True}
    content["contests"]["general_gaussian_2"]["rivals"]["wide"] = rival
    said = "wide: gradient_descent needs a model of regression rows, mixture_of_experts is none"
    assert refusal(content) == f"contests.general_gaussian_2.rivals.{said}"


def test_verdicts_of_a_contest_without_a_rival_are_refused():
    content = smoke_settings()
    content["contests"][NAME]["rivals"] = {"em": {"algorithm": "em"}}
    assert NAME in refusal(content)


MISTAKES = [
    ("passes", {"tuning": 3}, "passes"),
    ("timings", 0, "timings"),
    ("targets", {"numerical": "p/n"}, "targets"),
    ("targets", {"level": {"los": 0.1}}, "targets"),
    ("targets", {"level": {"loss": 0.1, "gap": 0.1}}, "targets"),
    ("targets", {"share": {"gap": 1.5}}, "targets.share: a share of the gap must be below 1"),
    ("targets", {"hit": {"accuracy": 0.9}}, "targets.hit: symmetric_linear has no accuracy"),
    ("targets", {}, "targets"),
    ("rivals", {"em": {"algorithm": "emm"}}, "no fitter named 'emm': did you mean 'em'?"),
    ("rivals", {"em": {"algorithm": "em", "doublings": [0, 1]}}, "no step to double"),
    ("rivals", {"gd": {"algorithm": "adam", "step": -1, "doublings": [0, 1]}}, "rivals.gd: step"),
    ("start", {"name": "near_thruth"}, "'near_truth'"),
]


@pytest.mark.parametrize(("key", "value", "shown"), MISTAKES)
def test_mistake_in_a_contest_is_one_line_that_names_it(key, value, shown):
    content = smoke_settings()
    content["contests"][NAME][key] = value
    message = refusal(content)
    assert message.startswith(f"contests.{NAME}") and shown in message


def test_product_of_an_unknown_contest_is_refused():
    content = smoke_settings()
    content["tables"]["fair_digits_passes"]["reads"] = {"costs": {"x": "fair_digit"}}
    assert "no contest named 'fair_digit'" in refusal(content)
