"""Some of the faults of `make faults`, one of a kind: nothing is lost and no number differs."""

import sys
from types import SimpleNamespace

import pytest
from faults import __main__ as runner
from faults import disks, kills, of_jobs, places
from faults.lab import Outcome, World
from workflow_helpers import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A small undisturbed run."""
    return World.made(tmp_path_factory.mktemp("faults"), seed=1)


def test_run_whose_scheduler_was_killed_is_resumed_without_loss(world):
    assert kills.kills(world, whole=False, times=1)[:4] == (1, 1, 0, 0)


def test_second_run_is_told_of_the_first(world):
    outcome = kills.second_run(world)
    assert outcome[:4] == (1, 1, 0, 0)
    assert outcome.said.startswith("error: another run is working in this folder (process ")


def test_run_of_another_checkout_with_the_same_results_is_told_of_the_first(world):
    assert places.second_checkout(world)[:4] == (1, 1, 0, 0)


def test_trace_that_was_edited_by_hand_is_made_again(world):
    assert disks.edited(world)[:4] == (1, 1, 0, 0)


def test_truncated_trace_is_made_again(world):
    assert disks.truncated(world)[:4] == (1, 1, 0, 0)


def test_there_is_a_file_of_every_kind_of_job_to_damage():
    products = {"figure": "product", "table": "product", "finding": "product"}
    kinds = {path.stem for path in (ROOT / "src/emmoe/jobs").glob("[a-z]*.py")} - {"base"}
    assert {products.get(name, name) for name in of_jobs.FILES} == kinds


def test_job_that_was_killed_or_whose_file_is_gone_makes_it_again_and_no_other(world):
    with of_jobs.Jobs.made(world, ["probe"], mounted=False) as jobs:
        for fault in ("killed", "gone"):
            outcome = of_jobs.injected(jobs, "probe", fault, world.chance)
            assert outcome == (1, 1, 0, 0, "made again")


def test_table_of_jobs_says_what_became_of_each():
    outcomes = {
        ("fit", "killed"): Outcome(1, 1, 0, 0, "made again"),
        ("fit", "gone"): Outcome(1, 1, 0, 2, ""),
        ("gather", "killed"): Outcome(1, 0, 0, 0, ""),
        ("gather", "gone"): Outcome(1, 1, 1, 0, ""),
    }
    assert of_jobs.table(outcomes) == [
        "job     killed        gone",
        "fit     made again    differs",
        "gather  not survived  lost",
    ]


@pytest.mark.parametrize(("differing", "code"), [(0, 0), (1, 1)])
def test_the_run_of_all_faults_names_its_commit_and_counts(differing, code, monkeypatch, capsys):
    outcome = Outcome(1, 1, 0, differing, "told")
    monkeypatch.setattr(World, "made", lambda place, seed: SimpleNamespace(seconds=1.0))
    monkeypatch.setattr(runner, "faults", lambda place: {"one": (lambda world: outcome, 1)})
    monkeypatch.setattr(runner, "into_jobs", lambda world: {("fit", "gone"): outcome})
    monkeypatch.setattr(sys, "argv", ["faults"])
    with pytest.raises(SystemExit) as ended:
        runner.main()
    said = capsys.readouterr().out.splitlines()
    assert ended.value.code == code and f"seed {runner.SEED}" in said[0]
    assert said[-1] == f"faults: injected=2 survived=2 lost=0 differing={2 * differing}"
