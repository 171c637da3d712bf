"""The rules of the verdicts, each from the tests that it is given."""

import math

import pytest

from emmoe.audit import verdicts
from emmoe.audit.verdicts import (
    ATTAINABLE,
    CLEAR,
    CONTRADICTORY,
    INCONSISTENT,
    NOT_DETERMINABLE,
    NOT_TESTED,
    REPRODUCED,
    Finding,
    Search,
    Trial,
)

MET, FAILED = Trial("our run", 1.0, 3.0), Trial("our run", 9.0, 3.0)


def search(accepted=(), rejected=(), jointly=True):
    """A search whose accepted and rejected settings have the given ratios."""
    trials = [Trial(f"accepted-{i}", 3 * r, 3.0) for i, r in enumerate(accepted)]
    names = frozenset(trial.setting for trial in trials)
    trials += [Trial(f"rejected-{i}", 3 * r, 3.0) for i, r in enumerate(rejected)]
    parameters = {trial.setting: f"step_w of {trial.setting}" for trial in trials}
    return Search(trials, names, jointly, "the region searched", parameters)


def test_calibration_readings_are_attainable_if_any_setting_meets_them():
    assert verdicts.of_calibration(FAILED, search([0.5])).verdict == ATTAINABLE
    assert verdicts.of_calibration(MET, search([], [4.0])).verdict == ATTAINABLE
    found = verdicts.of_calibration(FAILED, search([], [4.0]))
    assert found.verdict == INCONSISTENT and "the region searched" in found.reason


def test_a_curve_met_where_the_others_are_not_is_told_so():
    caveat = "no setting meets all calibration curves"
    assert caveat in verdicts.of_calibration(FAILED, search([0.5], jointly=False)).reason
    assert caveat not in verdicts.of_calibration(FAILED, search([0.5])).reason


def held_out(ours, found, saw_it=False):
    return verdicts.of_held_out(ours, found, ours_saw_it=saw_it)


def test_held_out_readings_are_reproduced_by_settings_accepted_without_them():
    found = held_out(FAILED, search([0.9, 0.2], [5.0]))
    assert found.verdict == REPRODUCED and "accepted-1" in found.reason
    assert held_out(MET, search([5.0])).verdict == REPRODUCED


def test_a_run_fitted_to_held_out_readings_does_not_reproduce_them():
    assert held_out(MET, search([5.0]), saw_it=True).verdict == ATTAINABLE
    assert held_out(MET, search([0.5]), saw_it=True).verdict == REPRODUCED


def test_a_rejected_setting_that_meets_held_out_readings_leaves_them_undetermined():
    found = held_out(FAILED, search([5.0], [0.5]))
    assert found.verdict == NOT_DETERMINABLE and "step_w of rejected-0" in found.reason


def test_held_out_readings_outside_under_every_setting_are_inconsistent():
    found = held_out(FAILED, search([5.0], [2.0]))
    assert found.verdict == INCONSISTENT
    assert "the region searched" in found.reason and "rejected-0" in found.reason


@pytest.mark.parametrize("statistic", [math.inf, math.nan])
def test_a_run_that_diverged_meets_nothing(statistic):
    assert not Trial("x", statistic, math.nan).met
    assert held_out(FAILED, search()._replace(trials=[Trial("x", statistic, math.nan)])).verdict


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ({"a": 0.5, "b": 9.0}, {"a": 9.0, "b": 0.5}, CONTRADICTORY),
        ({"a": 0.5, "b": 9.0}, {"a": 0.9, "b": 0.5}, ATTAINABLE),
        ({"a": 0.5, "b": 9.0}, {"a": 0.99 * CLEAR, "b": 0.5}, NOT_DETERMINABLE),  # nearly
        ({"a": 2.0, "b": 9.0}, {"a": 9.0, "b": 0.5}, NOT_DETERMINABLE),  # the first by none
        ({}, {"a": 0.5}, NOT_DETERMINABLE),
    ],
)
def test_two_curves_contradict_if_each_is_met_and_no_setting_comes_near_both(
    first, second, verdict
):
    assert verdicts.of_pair(first, second, ("one", "two")).verdict == verdict


def test_a_bound_is_one_sided():
    curve = [Finding(REPRODUCED, "")]
    assert verdicts.of_bound(-20.0, curve).verdict == REPRODUCED
    assert verdicts.of_bound(1.6, curve).verdict == REPRODUCED
    assert verdicts.of_bound(1.7, curve).verdict == INCONSISTENT


@pytest.mark.parametrize("verdict", [CONTRADICTORY, NOT_TESTED, NOT_DETERMINABLE])
def test_a_bound_that_fails_has_its_curve_s_verdict_where_that_says_why(verdict):
    assert (
        verdicts.of_bound(9.0, [Finding(ATTAINABLE, ""), Finding(verdict, "")]).verdict == verdict
    )


def test_an_ordering_is_never_more_than_attainable():
    assert verdicts.of_ordering("ahead", [True]).verdict == ATTAINABLE
    assert verdicts.of_ordering("behind", [False]).verdict == INCONSISTENT
    assert verdicts.of_ordering("behind", [False, True]).verdict == NOT_DETERMINABLE
    assert verdicts.of_ordering("tied", []).verdict == NOT_DETERMINABLE


def test_an_ordering_in_several_panels_needs_them_all():
    assert verdicts.of_orderings({"a": "ahead", "b": "ahead"}).verdict == ATTAINABLE
    found = verdicts.of_orderings({"a": "ahead", "b": "behind"})
    assert found.verdict == INCONSISTENT and "behind in b" in found.reason
    assert verdicts.of_orderings({"a": "ahead", "b": "tied"}).verdict == NOT_DETERMINABLE
