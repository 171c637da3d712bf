"""Some of the faults of `make faults`, one of a kind: nothing is lost and no number differs."""

import pytest
from faults import disks, kills, places
from faults.lab import World

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
