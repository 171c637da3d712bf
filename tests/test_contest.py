"""A contest: what it runs, what it charges, and that its tuning and comparison stay apart."""

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from records import fitter, smoke_settings
from test_config import refusal

from emmoe.lab.contest import run_contest
from emmoe.lab.recorder import CAPPED, record
from emmoe.lab.scene import scenes
from emmoe.record import plan, read
from emmoe.record.entries import Rival
from emmoe.store.errors import DataError

NAME = "fair_linear_near_small"


def task(name=NAME, rivals=("em", "nesterov", "lbfgs", "sgd"), **changes):
    config = smoke_settings()
    contest = config["contests"][name]
    if "norm_beta" in contest["data"]:
        contest["data"]["norm_beta"] = 2.0
    contest["rivals"] = {k: contest["rivals"][k] for k in rivals}
    contest.update(changes)
    config |= {section: {} for section in ("figures", "tables", "findings", "audit")}
    return plan.contest_task(read.check(config).contests[name])


def run(given):
    return run_contest(given, {}, lambda line: None)


@pytest.fixture(scope="module")
def rows():
    return run(task())


def test_tuning_runs_all_steps_and_comparison_the_chosen_ones(rows):
    steps = rows.groupby(["phase", "rival"])["variant"].nunique()
    assert steps["tuning", "nesterov"] == 2 and steps["tuning", "em"] == 1
    assert steps["comparison", "nesterov"] <= 2
    assert set(rows.loc[rows["phase"] == "tuning", "replicate"]) == {0}
    assert set(rows.loc[rows["phase"] == "comparison", "replicate"]) == {1, 2}


def test_no_run_spends_more_than_its_budget(rows):
    assert rows["passes"].max() <= 30
    short = run(task(passes={"tuning": 9, "comparison": 12}))
    spent = short.groupby("phase")["passes"].max()
    assert spent["tuning"] <= 9 and 9 < spent["comparison"] <= 12
    assert (short.loc[short["rival"] == "nesterov", "status"] == "capped").all()


def test_rows_are_those_of_the_recorder_with_the_work_of_each_state(rows):
    """A run by hand: the same sample and start, the passes and operations of the model's count."""
    given = task()
    start = (given.seed, given.model, given.start, given.cells[0], [0])
    (scene,) = scenes(*start, {})
    em = fitter("em")
    by_hand = record(em, scene.bind(), scene.start, iterations=3)
    mine = rows[(rows["rival"] == "em") & (rows["replicate"] == 0)].reset_index()
    for column in ("loss", "passes", "gradient_norm"):
        assert mine.loc[:2, column].tolist() == [row[column] for row in by_hand.rows[:3]]
    bound = scene.bind()
    record(em, bound, scene.start, iterations=2)
    assert mine.loc[2, "flops"] == bound.flops()


def test_rows_but_for_the_clock_are_the_same_in_every_run(rows):
    again = run(task())
    pd.testing.assert_frame_equal(
        rows.drop(columns="cpu_seconds"), again.drop(columns="cpu_seconds")
    )
    assert (rows["cpu_seconds"] >= 0).all()


def test_start_laws_share_the_sample_and_its_polished_optimum(rows):
    other = run(task("fair_linear_random_small"))
    one, two = (f.groupby(["data", "replicate"])["polished_loss"].first() for f in (rows, other))
    pd.testing.assert_series_equal(one, two)
    first = [f.loc[f["iteration"] == 0, "loss"].iloc[0] for f in (rows, other)]
    assert first[0] != first[1]
    assert (rows["loss"] >= rows["polished_loss"] - 1e-9).all()


def test_test_set_is_asked_once_where_validation_was_best():
    found = run(task("fair_digits_small", ("nesterov", "lbfgs")))
    runs = found.groupby(["replicate", "rival", "variant"])
    assert (runs["test_accuracy"].count() == 1).all()
    best = found.loc[runs["validation_cross_entropy"].idxmin()]
    assert best["test_accuracy"].notna().all()
    assert found["polished_loss"].isna().all()


def test_budget_ends_a_fitter_before_the_state_that_exceeds_it(problem):
    model, _, start = problem("symmetric_linear")
    own = fitter("gradient_descent", step=0.1)
    recording = record(own, model, start, iterations=50, budget=5)
    assert [row["passes"] for row in recording.rows] == [1, 2, 3, 4, 5]
    assert recording.status == [CAPPED]
    assert np.isfinite([row["loss"] for row in recording.rows]).all()


def test_rival_that_refuses_its_sample_is_one_line():
    given = task("fair_digits_small", ("lbfgs",))
    wrong = replace(given, rivals={"x": Rival("adam", {"step": {"beta": 0.1}})})
    with pytest.raises(DataError, match=r"^adam: step names the blocks \['beta'\]"):
        run(wrong)


MISTAKES = [
    ("passes", {"tuning": 3}, "'comparison'"),
    ("targets", {"numerical": "p/n"}, "p/n"),
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
