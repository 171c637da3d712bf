"""The rules of verdicts: typed facts in, a verdict out."""

import pytest

from emmoe.audit import verdicts
from emmoe.audit.verdicts import MEANINGS, Facts, Pair, Verdict

WON = Facts(
    held_out=True, searched=9, met=3, accepted=4, winner="a", winner_met=True, fresh=5, fresh_met=5,
    closest="b", times=0.5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"fresh_met": 3}, Verdict.REPRODUCED),
        ({"fresh_met": 2}, Verdict.NOT_DETERMINABLE),
        ({"fresh": 0, "fresh_met": 0}, Verdict.ATTAINABLE),
        ({"held_out": False}, Verdict.ATTAINABLE),
        ({"held_out": False, "fresh_met": 0}, Verdict.NOT_DETERMINABLE),
        ({"winner_met": False}, Verdict.MET_ALONE),
        ({"winner": "", "winner_met": False}, Verdict.MET_ALONE),
        ({"winner_met": False, "met": 0}, Verdict.INCONSISTENT),
        ({"winner_met": False, "met": 0, "hand": ("ours",)}, Verdict.MET_ALONE),
    ],
)
def test_a_reading_or_part_hangs_on_the_winner_and_on_fresh_seeds(changes, verdict):
    assert verdicts.of_readings(WON._replace(**changes)) is verdict


def test_the_worst_part_decides_and_calibration_readings_take_nothing_from_held_out_ones():
    good, fair = (True, Verdict.REPRODUCED), (False, Verdict.ATTAINABLE)
    assert verdicts.joined([good, fair]) is Verdict.REPRODUCED
    assert verdicts.joined([fair]) is Verdict.ATTAINABLE
    assert verdicts.joined([good, (False, Verdict.NOT_DETERMINABLE)]) is Verdict.NOT_DETERMINABLE
    assert verdicts.joined([good, (True, Verdict.MET_ALONE), fair]) is Verdict.MET_ALONE
    assert verdicts.joined([]) is Verdict.NOT_TESTED


@pytest.mark.parametrize(
    ("alone", "times", "fresh", "verdict"),
    [
        ((True, True), 0.9, (), Verdict.ATTAINABLE),
        ((True, True), 1.5, (), Verdict.MET_ALONE),
        ((True, True), 1.5, (1.5, 1.6, 1.4), Verdict.CONTRADICTORY),
        ((True, True), 1.5, (1.5, 1.6), Verdict.MET_ALONE),  # too few seeds
        ((True, True), 1.5, (1.5, 0.9, 1.4), Verdict.MET_ALONE),  # one of them gives both
        ((True, True), 1.5, (1.05, 2.5, 1.1), Verdict.MET_ALONE),  # within their scatter
        ((True, False), 1.5, (1.5, 1.6, 1.4), Verdict.NOT_DETERMINABLE),
    ],
)
def test_two_curves_contradict_beyond_what_fresh_seeds_scatter(alone, times, fresh, verdict):
    assert verdicts.of_pair(Pair(alone, "a", times, fresh)) is verdict


def test_a_bound_that_is_kept_is_implied_by_theory():
    assert verdicts.of_bound(-20.0, [Verdict.REPRODUCED]) is Verdict.IMPLIED
    assert verdicts.of_bound(1.6, [Verdict.INCONSISTENT]) is Verdict.IMPLIED
    assert verdicts.of_bound(1.7, [Verdict.REPRODUCED]) is Verdict.INCONSISTENT


@pytest.mark.parametrize(
    "verdict", [Verdict.CONTRADICTORY, Verdict.NOT_TESTED, Verdict.NOT_DETERMINABLE]
)
def test_a_bound_that_fails_has_its_curve_s_verdict_where_that_says_why(verdict):
    assert verdicts.of_bound(9.0, [Verdict.ATTAINABLE, verdict]) is verdict


def test_an_ordering_is_never_more_than_attainable():
    assert verdicts.of_ordering("ahead", [True]) is Verdict.ATTAINABLE
    assert verdicts.of_ordering("behind", [False]) is Verdict.INCONSISTENT
    assert verdicts.of_ordering("behind", [False, True]) is Verdict.NOT_DETERMINABLE
    assert verdicts.of_ordering("tied", []) is Verdict.NOT_DETERMINABLE


def test_an_ordering_in_several_panels_needs_them_all():
    assert verdicts.of_orderings(["ahead", "ahead"]) is Verdict.ATTAINABLE
    assert verdicts.of_orderings(["ahead", "behind"]) is Verdict.INCONSISTENT
    assert verdicts.of_orderings(["ahead", "tied"]) is Verdict.NOT_DETERMINABLE


def test_every_verdict_says_what_it_means_and_has_its_rank():
    assert set(MEANINGS) == set(Verdict)
    assert [verdict.rank for verdict in Verdict] == list(range(len(Verdict)))
    assert Verdict.REPRODUCED.rank < Verdict.MET_ALONE.rank < Verdict.CONTRADICTORY.rank
