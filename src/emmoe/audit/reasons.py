"""Reasons in plain words, two sentences at most, made from typed facts.

Beside what the paper reports they name counts, and our numbers to two digits: not more than another
processor keeps. Nothing reads them again.
"""

import math
from collections.abc import Mapping, Sequence

from emmoe.audit.verdicts import Facts, Pair, Verdict
from emmoe.calibration.readings import CALIBRATION, HELD_OUT

PARTS = {CALIBRATION: "the readings used for calibration", HELD_OUT: "the held-out readings"}
WORDS = {"em": "EM", "gradient_em": "gradient EM", "gradient_descent": "gradient descent"}


def rounded(value: float) -> str:
    """Return a number with two digits, as a reason names it: 0.64, 78, 3.1e-05."""
    return f"{value:.2g}" if math.isfinite(value) else "an unknown number"


def of_readings(verdict: Verdict, facts: Facts) -> str:
    """Say what decides on a reading or a part: one sentence."""
    of = f"{facts.met} of {facts.searched} settings searched give it"
    if not facts.winner:
        return f"{_none(facts)}, and none meets all calibration readings of the run at once."
    if verdict is Verdict.INCONSISTENT:
        return f"None of {facts.searched} settings searched gives it."
    if verdict is Verdict.MET_ALONE:
        return f"{_none(facts)}, but not {facts.winner}, which gives most of the figures' curves."
    if verdict is Verdict.NOT_DETERMINABLE:
        seeds = f"{facts.fresh_met} of {facts.fresh} fresh seeds"
        return f"{of}; {facts.winner}, which gives most of the curves, does so on {seeds} only."
    if verdict is Verdict.REPRODUCED:
        seeds = f"{facts.fresh_met} of {facts.fresh} fresh seeds"
        return f"{of}, among them {facts.winner}, which was chosen and confirmed on {seeds}."
    why = "it was used to choose settings" if not facts.held_out else "no fresh seed was run"
    return f"{of}, among them {facts.winner}, the one for all curves; {why}."


def _none(facts: Facts) -> str:
    """How many settings give it, those fitted by hand if there are no others."""
    if facts.met or not facts.hand:
        return f"{facts.met} of {facts.searched} settings searched give it"
    return f"Only settings fitted by hand give it, such as {facts.hand[0]}"


def of_claim(reported: float, ours: float, error: float, when: str) -> str:
    """Say what is claimed and what we got: one sentence."""
    if math.isnan(ours):
        return f"Reported {reported:.4g} {when}; we have no run of it."
    got = f"{rounded(ours)} +- {rounded(error)}"
    return f"Reported {reported:.4g} {when}; our run gives {got}."


def of_no_power(reported: float, factor: float) -> str:
    """Say why a reading that is met tells nothing: one sentence."""
    near = f"any number within a factor {factor:g} of {reported:.4g}"
    return f"No power: {near} would be met as well."


def of_part(part: str, count: int) -> str:
    """Name a part and its size."""
    return f"{PARTS[part][0].upper()}{PARTS[part][1:]} of the curve, {count} in all, at once."


def of_pair(verdict: Verdict, facts: Pair, names: Sequence[str]) -> str:
    """Say whether one setting gives two curves."""
    if not all(facts.alone):
        lost = [name for name, alone in zip(names, facts.alone, strict=True) if not alone]
        return f"No setting gives {' or '.join(lost)} alone, so the pair cannot be judged."
    if verdict is Verdict.ATTAINABLE:
        return f"One setting, {facts.closest}, gives both curves."
    said = f"Each curve is given by some setting and both by none; the closest is {facts.closest}."
    if not facts.fresh:
        return f"{said} It was not simulated on fresh seeds, so this is no contradiction yet."
    apart = sum(times > 1 for times in facts.fresh)
    return f"{said} On fresh seeds it misses one of them in {apart} of {len(facts.fresh)}."


def of_ordering(state: str, pairs: Sequence[bool]) -> str:
    """Say how two algorithms compare in our paired runs, and in pairs of accepted settings."""
    words = {
        "ahead": "The first is ahead in our runs, pair by pair",
        "behind": "The first is behind in our runs",
        "tied": "The two tie in our runs",
        "unclear": "Our runs are too few to tell",
    }
    held = f" It holds in {sum(pairs)} of {len(pairs)} pairs of accepted settings." if pairs else ""
    return f"{words[state]}, with step sizes that the paper does not state.{held}"


def of_orderings(states: Mapping[str, str], tuned: str = "") -> str:
    """Say in which panels the first is ahead; tuned: what contests of tuned rivals say."""
    ahead = [name for name, state in states.items() if state == "ahead"]
    said = f"By iteration the first is ahead in {', '.join(ahead) or 'no panel'}"
    said += "".join(f", {state} in {n}" for n, state in states.items() if state != "ahead")
    return f"{said}, with step sizes that the paper does not state.{' ' if tuned else ''}{tuned}"


def of_bound(verdict: Verdict, ours: float) -> str:
    """Say what a bound on a value below the axis is worth."""
    if verdict is Verdict.IMPLIED:
        return (
            "The training loss of any run that converges ends below that of the truth, and ours "
            "does: this says nothing about the settings."
        )
    return f"Reported to be below the axis; our run gives {rounded(ours)}."


def of_whole(verdicts: Mapping[str, Verdict], winner: str) -> str:
    """Say which members of a run or a group have which verdict; winner: the setting judged."""
    by: dict[Verdict, list[str]] = {}
    for name, verdict in verdicts.items():
        by.setdefault(verdict, []).append(name)
    said = "; ".join(
        f"{verdict}: {', '.join(names)}" for verdict, names in sorted(by.items(), key=_rank)
    )
    return f"{said[0].upper()}{said[1:]}. Judged by {winner or 'no setting: none was accepted'}."


def _rank(item: tuple[Verdict, list[str]]) -> int:
    return item[0].rank
