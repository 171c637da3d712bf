"""Judges the parts of curves, and pairs of curves that one setting should give."""

from collections.abc import Mapping
from typing import NamedTuple

from emmoe.audit import reasons, verdicts
from emmoe.audit.groups import Group, Judged, searched
from emmoe.audit.panels import Panel
from emmoe.audit.parts import Part, Parts
from emmoe.audit.runs import Runs
from emmoe.audit.search import Key
from emmoe.audit.verdicts import Facts, Verdict

Pair = tuple[str, str]  # of curve_ids


class JudgedPart(NamedTuple):
    """A part's verdict and reason; facts: what decides, None where it was not tested; ours: our
    run's panel, None without one."""

    part: Part
    verdict: Verdict
    reason: str
    facts: Facts | None = None
    ours: Panel | None = None


class JudgedPair(NamedTuple):
    """The verdict on two curves of the same runs, and why."""

    verdict: Verdict
    reason: str


JudgedParts = dict[Key, JudgedPart]


def judge(parts: Parts, groups: Mapping[str, Group], runs: Runs) -> JudgedParts:
    """Return every part judged."""
    return {key: _part(key, part, groups.get(part.model), runs) for key, part in parts.items()}


def _part(key: Key, part: Part, group: Group | None, runs: Runs) -> JudgedPart:
    ours = group.ours.get(key) if group else None
    why = why_not(part, group, runs)
    if why or group is None:
        return JudgedPart(part, Verdict.NOT_TESTED, why, ours=ours)
    found = group.part(key)
    return JudgedPart(part, found.verdict, said(part, found), found.facts, ours)


def why_not(part: Part, group: Group | None, runs: Runs) -> str:
    """Say why a part cannot be judged; empty if it can be."""
    if group is None or (part.curve_id, part.part) not in group.ours:
        return runs.why_not((part.model, part.algorithm))
    if not searched(part, group):
        return f"no calibration of {part.predicted_as}"
    return ""


def said(part: Part, found: Judged) -> str:
    """Give the reason of a part's verdict."""
    about = reasons.of_part(part.part, len(part.readings))
    return f"{about} {reasons.of_readings(found.verdict, found.facts)}"


def of_pair(pair: Pair, judged: JudgedParts, groups: Mapping[str, Group]) -> JudgedPair:
    """Return the verdict on two curves of the same runs, from all settings and from ours."""
    own = [found for key, found in judged.items() if key[0] in pair]
    for found in own:
        if found.verdict is Verdict.NOT_TESTED:
            return JudgedPair(found.verdict, found.reason)
    if {found.part.curve_id for found in own} != set(pair):
        return JudgedPair(Verdict.NOT_TESTED, f"no readings of {' or of '.join(pair)}")
    facts = groups[own[0].part.model].pair(pair, own[0].part.algorithm)
    verdict = verdicts.of_pair(facts)
    return JudgedPair(verdict, reasons.of_pair(verdict, facts, pair))


def contradicted(judged: JudgedParts, pairs: Mapping[Pair, JudgedPair]) -> JudgedParts:
    """Return the parts with the verdict of a pair that contradicts itself on both its curves."""
    found = dict(judged)
    for pair, own in pairs.items():
        if own.verdict is Verdict.CONTRADICTORY:
            for key in found:
                if key[0] in pair:
                    found[key] = found[key]._replace(verdict=own.verdict, reason=own.reason)
    return found
