"""Some of the faults of `make faults`, one of a kind: nothing is lost and no number differs."""

import sys
from types import SimpleNamespace

import pytest
from faults import __main__ as runner
from faults import disks, kills, places
from faults.lab import Outcome, World

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


@pytest.mark.parametrize(("differing", "code"), [(0, 0), (1, 1)])
def test_the_run_of_all_faults_names_its_commit_and_counts(differing, code, monkeypatch, capsys):
    outcome = Outcome(1, 1, 0, differing, "told")
    monkeypatch.setattr(World, "made", lambda place, seed: SimpleNamespace(seconds=1.0))
    monkeypatch.setattr(runner, "faults", lambda place: {"one": (lambda world: outcome, 1)})
    monkeypatch.setattr(sys, "argv", ["faults"])
    with pytest.raises(SystemExit) as ended:
        runner.main()
    said = capsys.readouterr().out.splitlines()
    assert ended.value.code == code and f"seed {runner.SEED}" in said[0]
    assert said[-1] == f"faults: injected=1 survived=1 lost=0 differing={differing}"
