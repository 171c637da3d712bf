"""The rule of every verdict, in one place: typed facts in, a verdict out. No text is made here.

There are four levels: a reading, a curve's part (its calibration or its held-out readings), a run
(all curves of one algorithm in one group of figures), and a group (all its runs, and its
orderings). One setting, the winner, must give a whole run, and one data setting a whole group.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

ONE_SIDED = 1.645  # a bound's largest z, level 5 %
CERTAIN = 2.0  # standard deviations over fresh seeds by which two curves must be apart


class Verdict(StrEnum):
    """From the best to the worst; a duplicate counts nowhere."""

    REPRODUCED = "reproduced"
    IMPLIED = "implied by theory"
    ATTAINABLE = "attainable"
    NOT_DETERMINABLE = "not determinable"
    NOT_TESTED = "not tested"
    MET_ALONE = "met alone"
    INCONSISTENT = "inconsistent"
    CONTRADICTORY = "contradictory"
    DUPLICATE = "duplicate"

    @property
    def rank(self) -> int:
        """Its place, 0 for the best."""
        return list(Verdict).index(self)

    @property
    def meaning(self) -> str:
        """What it says."""
        return MEANINGS[self]


MEANINGS = {
    Verdict.REPRODUCED: "held out, and met on fresh seeds by the one setting that gives its group "
    "of figures, or follows from stated settings; a theorem: no violation in so many trials",
    Verdict.IMPLIED: "forced by theory whatever the settings: no evidence on the experiment",
    Verdict.ATTAINABLE: "met by the winner of the search, but used to choose it, or the winner was "
    "not simulated on fresh seeds",
    Verdict.NOT_DETERMINABLE: "hangs on settings that the paper does not state, or the winner "
    "meets it in the search and not on fresh seeds, or would meet any number within a factor of "
    "two",
    Verdict.NOT_TESTED: "for the reason given",
    Verdict.MET_ALONE: "some setting meets it, but not the one that gives most of its group of "
    "figures",
    Verdict.INCONSISTENT: "met by no setting searched; a theorem: violated on a run or on a small "
    "data set; an ordering, or a claim on our grids: it is not so there",
    Verdict.CONTRADICTORY: "the paper against itself: on no fresh seed does the closest setting "
    "give two of its curves",
    Verdict.DUPLICATE: "a copy of another reading, or interpolated between two: counted nowhere",
}
BAD = {Verdict.MET_ALONE, Verdict.INCONSISTENT, Verdict.CONTRADICTORY}


class Facts(NamedTuple):
    """What decides on a reading or a part.

    held_out: whether no setting was accepted by it; searched: settings that passed all stages;
    met: of these, how many meet it; accepted: how many meet all calibration readings of the run,
    hand-fitted ones apart; winner: the setting that gives most of the group, empty if none was
    accepted; winner_met: whether it meets this; fresh: on how many fresh seeds it was simulated,
    and fresh_met: meets this; closest: the nearest searched setting; times: how many times too far
    it is, at most 1 if it meets; hand: the hand-fitted settings that meet it."""

    held_out: bool
    searched: int
    met: int
    accepted: int
    winner: str
    winner_met: bool
    fresh: int
    fresh_met: int
    closest: str
    times: float
    hand: tuple[str, ...] = ()


def of_readings(facts: Facts) -> Verdict:
    """Judge a reading or a part of a curve."""
    if not facts.winner or not facts.winner_met:
        return Verdict.MET_ALONE if facts.met or facts.hand else Verdict.INCONSISTENT
    if facts.fresh and 2 * facts.fresh_met <= facts.fresh:
        return Verdict.NOT_DETERMINABLE
    return Verdict.REPRODUCED if facts.fresh and facts.held_out else Verdict.ATTAINABLE


def joined(parts: Iterable[tuple[bool, Verdict]]) -> Verdict:
    """Judge a whole by its parts, each with whether it was held out.

    The worst decides; calibration readings that are attainable take nothing from held-out ones."""
    parts = list(parts)
    held_out = [verdict for held, verdict in parts if held]
    others = [v for held, v in parts if not held and v is not Verdict.ATTAINABLE]
    return worst([*held_out, *others]) if held_out or others else worst(v for _, v in parts)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts; not tested if there is none."""
    return max(verdicts, key=lambda v: v.rank, default=Verdict.NOT_TESTED)


class Pair(NamedTuple):
    """What decides whether one setting gives two curves of the same runs.

    alone: for each curve, whether any setting meets it; closest: the nearest to both; times: how
    many times too far it is from one of them, at most 1 if it gives both; fresh: the same on each
    fresh seed."""

    alone: tuple[bool, bool]
    closest: str
    times: float
    fresh: tuple[float, ...] = ()


def of_pair(facts: Pair) -> Verdict:
    """Judge two curves that are claimed to show the same runs.

    They contradict only if the closest setting fails on every fresh seed, by CERTAIN standard
    deviations of what the seeds themselves scatter."""
    if not all(facts.alone):
        return Verdict.NOT_DETERMINABLE
    if facts.times <= 1:
        return Verdict.ATTAINABLE
    return Verdict.CONTRADICTORY if apart(facts.fresh) else Verdict.MET_ALONE


def apart(times: Sequence[float]) -> bool:
    """Return whether distances on at least three fresh seeds are beyond 1 for certain."""
    if len(times) < 3 or min(times) <= 1:
        return False
    mean = sum(times) / len(times)
    scatter = (sum((value - mean) ** 2 for value in times) / (len(times) - 1)) ** 0.5
    return mean - CERTAIN * scatter > 1


def of_bound(z: float, curve: Iterable[Verdict]) -> Verdict:
    """Judge "at most" from our run's z: a training loss ends below that of the truth, whatever the
    settings; where ours does not, the curve's verdict says why."""
    if z <= ONE_SIDED:
        return Verdict.IMPLIED
    found = worst(curve)
    kept = {Verdict.NOT_DETERMINABLE, Verdict.NOT_TESTED, Verdict.CONTRADICTORY}
    return found if found in kept else Verdict.INCONSISTENT


def of_ordering(state: str, pairs: Sequence[bool]) -> Verdict:
    """Judge an ordering from our paired runs and from pairs of accepted settings.

    state: "ahead", "tied", "behind" or "unclear" (`emmoe.audit.orderings`); pairs: whether it holds
    in each. Step sizes were fitted to these curves, so no ordering is more than attainable."""
    if state == "ahead":
        return Verdict.ATTAINABLE
    if state == "behind" and not any(pairs):
        return Verdict.INCONSISTENT
    return Verdict.NOT_DETERMINABLE


def of_orderings(states: Iterable[str]) -> Verdict:
    """Judge an ordering that is claimed of several panels at once, from each one's state."""
    states = set(states)
    if states == {"ahead"}:
        return Verdict.ATTAINABLE
    return Verdict.INCONSISTENT if "behind" in states else Verdict.NOT_DETERMINABLE
