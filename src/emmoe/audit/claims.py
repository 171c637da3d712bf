"""Judges claim by claim, from our runs, the judged curves and the runs of the theory; no files."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit import contests, curves, orderings, plan, printed, reasons, verdicts
from emmoe.audit.curves import JudgedPair, JudgedParts
from emmoe.audit.groups import Group
from emmoe.audit.parts import TABLE, Parts, Setup
from emmoe.audit.runs import Run, Runs
from emmoe.audit.theory import Result
from emmoe.audit.verdicts import Verdict
from emmoe.calibration.readings import CALIBRATION, HELD_OUT
from emmoe.evidence.reported import READINGS
from emmoe.evidence.statistics import curve_z

STATED, OF_CALIBRATION, OF_HELD_OUT = "stated", "calibration", "held out"
BASIS = {CALIBRATION: OF_CALIBRATION, HELD_OUT: OF_HELD_OUT}
SUMMED_UP = ["figure_1a", "figure_2a", "figure_2b", "figure_3a", "figure_3b"]  # by the abstract


class Judgement(NamedTuple):
    """A claim's verdict and reason; basis: calibration, held out, stated or empty; reported and
    reproduced: the two numbers (of an ordering, the share of iterations at which it shows);
    standard_error: of their difference, and z in its units; curve_id: of the curve judged; runs:
    ours behind it."""

    verdict: Verdict
    reason: str
    basis: str = ""
    reported: float = np.nan
    reproduced: float = np.nan
    standard_error: float = np.nan
    z: float = np.nan
    curve_id: str = ""
    runs: tuple[Run | str, ...] = ()


class Evidence(NamedTuple):
    """All that claims are judged from; groups: by model, those that have a calibration; theory: by
    claim, or why there is none; contests: verdicts of EM against tuned rivals, or None; theorems:
    what they came to, or None."""

    claims: pd.DataFrame
    parts: Parts
    groups: Mapping[str, Group]
    judged: JudgedParts
    pairs: Mapping[curves.Pair, JudgedPair]
    runs: Runs
    theory: Mapping[str, Result] | str
    contests: pd.DataFrame | None
    theorems: pd.DataFrame | None
    setup: Setup


def judge(evidence: Evidence) -> dict[str, Judgement]:
    """Return the judgement of every claim by its claim_id."""
    kinds = {
        "value": _reading, "bound": _reading, "ordering": _ordering, "identity": _identity,
        "theorem": _theorem,
    }  # fmt: skip
    return {
        claim.claim_id: (_abstract if claim.where == "abstract" else kinds[claim.kind])(
            claim, evidence
        )
        for claim in evidence.claims.itertuples()
    }


def pairs(claims: pd.DataFrame) -> list[curves.Pair]:
    """Return the pairs of curves that are claimed to show the same runs."""
    own = claims[(claims["kind"] == "identity") & (claims["where"] != "abstract")]
    return [_pair(claim) for claim in own.itertuples()]


def _pair(claim: Any) -> curves.Pair:
    first, second = claim.where.split()
    return f"{first}_{claim.algorithm}", f"{second}_{claim.algorithm}"


def _identity(claim: Any, evidence: Evidence) -> Judgement:
    found = evidence.pairs[_pair(claim)]
    return Judgement(*found, OF_CALIBRATION, runs=((claim.model, claim.algorithm),))


def _reading(claim: Any, evidence: Evidence) -> Judgement:
    """Judge a value or a bound; one that does not count names its origin."""
    mine = compared(claim, evidence.runs)
    if claim.interpolated or claim.duplicate_of:
        said = _origin(claim, evidence.claims)
        return mine._replace(verdict=Verdict.DUPLICATE, reason=said)
    if np.isnan(mine.reproduced):
        return mine._replace(reason=evidence.runs.why_not(mine.runs[0]))
    own = {key: j for key, j in evidence.judged.items() if key[0] == mine.curve_id}
    if claim.kind == "bound":
        verdict = verdicts.of_bound(mine.z, [j.verdict for j in own.values()])
        said = reasons.of_bound(verdict, mine.reproduced)
        return mine._replace(verdict=verdict, reason=said, basis=OF_HELD_OUT)
    for (_, name), judged in own.items():
        times = list(judged.part.readings["iteration"])
        if claim.iteration in times:
            return _of_part(claim, mine, judged, times.index(claim.iteration), name, evidence)
    return mine._replace(reason=f"no calibration of {mine.curve_id}")


def _of_part(
    claim: Any, mine: Judgement, judged: curves.JudgedPart, at: int, name: str, evidence: Evidence
) -> Judgement:
    """Judge a reading of a part by its own, unless the whole part was not tested or contradicts
    another curve."""
    if judged.verdict in (Verdict.NOT_TESTED, Verdict.CONTRADICTORY):
        return mine._replace(verdict=judged.verdict, reason=judged.reason, basis=BASIS[name])
    found = evidence.groups[claim.model].reading((judged.part.curve_id, name), at)
    when = f"at iteration {claim.iteration:.0f}"
    said = reasons.of_claim(claim.value, mine.reproduced, mine.standard_error, when)
    reason = f"{said} {reasons.of_readings(found.verdict, found.facts)}"
    return mine._replace(verdict=found.verdict, reason=reason, basis=BASIS[name])


def compared(claim: Any, runs: Runs) -> Judgement:
    """Return a reading beside the mean of our runs, not judged yet; for other claims nothing."""
    curve = claim.claim_id if claim.where == TABLE else f"{claim.where}_{claim.algorithm}"
    run = (claim.model, claim.algorithm)
    mine = Judgement(Verdict.NOT_TESTED, "", "", claim.value, curve_id=curve, runs=(run,))
    if claim.kind not in READINGS:
        return mine
    values = runs.values(run, claim.metric)
    values = values[claim.iteration].dropna() if claim.iteration in values else ()
    if len(values) < 2:
        return mine
    ours = ([values.std()], len(values))
    theirs = ([claim.spread], [np.nan_to_num(claim.read_uncertainty)], claim.instances)
    z = curve_z([values.mean()], *ours, [claim.value], *theirs)[0]
    of_one = curve_z([1.0], *ours, [0.0], *theirs)[0]  # a difference of 1 in standard errors
    return mine._replace(reproduced=float(values.mean()), standard_error=1 / of_one, z=float(z))


def _origin(claim: Any, claims: pd.DataFrame) -> str:
    """Say where a reading that does not count comes from."""
    if claim.source == "poster":
        return f"of {claim.duplicate_of}: another run, whose difference its test allows for"
    if claim.duplicate_of:
        return f"of {claim.duplicate_of}"
    own = (claims["where"] == claim.where) & (claims["algorithm"] == claim.algorithm)
    near = claims[own & (claims["iteration"] - claim.iteration).abs().eq(1)]
    return f"of {' and '.join(near['claim_id'])}: interpolated between them"


def compared_orderings(evidence: Evidence) -> dict[str, orderings.Ordering]:
    """Return how the two algorithms of every claimed ordering compare, where it was tested."""
    claims = evidence.claims
    own = claims[(claims["kind"] == "ordering") & (claims["where"] != "abstract")]
    found = {claim.claim_id: _placed(claim, evidence) for claim in own.itertuples()}
    return {name: own for name, own in found.items() if isinstance(own, orderings.Ordering)}


def _placed(claim: Any, evidence: Evidence) -> orderings.Ordering | str:
    first, second = ((claim.model, fitter) for fitter in claim.algorithm.split())
    return _compare(first, second, (claim.where, claim.metric), evidence)


def _ordering(claim: Any, evidence: Evidence) -> Judgement:
    """Judge whether the first algorithm is ahead of the second in a panel or in Table 2."""
    first, second = ((claim.model, fitter) for fitter in claim.algorithm.split())
    found = _placed(claim, evidence)
    if isinstance(found, str):
        return Judgement(Verdict.NOT_TESTED, found, runs=(first, second))
    verdict = verdicts.of_ordering(found.state, found.pairs)
    said, numbers = reasons.of_ordering(found.state, found.pairs), (found.reported, found.share)
    return Judgement(verdict, said, OF_CALIBRATION, *numbers, runs=(first, second))


def _compare(
    first: Run, second: Run, panel: tuple[str, str], evidence: Evidence
) -> orderings.Ordering | str:
    """How two runs compare in a panel, or why it is not tested."""
    if len({run in evidence.runs.stale for run in (first, second)}) > 1:
        return "one of the two runs is stale: they are not compared"
    group = evidence.groups.get(first[0])
    found = orderings.compare(
        first, second, panel, evidence.parts, evidence.runs, group, evidence.setup
    )
    if found is not None:
        return found
    empty = [run for run in (first, second) if evidence.runs.values(run, panel[1]).empty]
    return evidence.runs.why_not(empty[0] if empty else first)


def _theorem(claim: Any, evidence: Evidence) -> Judgement:
    """Judge a theorem as printed: one violation decides, none in so many trials proves nothing."""
    if evidence.theorems is None:
        return Judgement(Verdict.NOT_TESTED, plan.NO_THEOREMS, STATED, runs=("theorems",))
    found = printed.judge(evidence.theorems, claim.claim_id)
    return Judgement(*found, STATED, runs=("theorems", "theory"))


def _abstract(claim: Any, evidence: Evidence) -> Judgement:
    if claim.kind == "ordering":
        return _summed_up(claim, evidence)
    if isinstance(evidence.theory, str):
        return Judgement(Verdict.NOT_TESTED, evidence.theory, STATED)
    if claim.claim_id not in evidence.theory:
        return Judgement(Verdict.NOT_TESTED, "no rule judges it: see emmoe.audit.theory")
    found = evidence.theory[claim.claim_id]
    return Judgement(found.verdict, found.reason, STATED, reproduced=found.number)


def _summed_up(claim: Any, evidence: Evidence) -> Judgement:
    """Judge the abstract's ordering by the panels of Figures 1 to 3, iteration by iteration, and
    set beside it what the contests say: they answer a wider question than the paper's."""
    first, second = claim.algorithm.split()
    points = evidence.claims[evidence.claims["where"].isin(SUMMED_UP)]
    panels = points[points["kind"] == "value"].groupby(["where", "metric"])["model"].first()
    runs = tuple((m, f) for m in panels.unique() for f in (first, second))
    states = {}
    for panel, model in panels.items():
        found = _compare((model, first), (model, second), panel, evidence)
        if isinstance(found, str):
            return Judgement(Verdict.NOT_TESTED, found, OF_CALIBRATION, runs=runs)
        states[panel[0]] = found.state
    said = reasons.of_orderings(states, contests.tallies(evidence.contests))
    share = float(np.mean([state == orderings.AHEAD for state in states.values()]))
    verdict = verdicts.of_orderings(states.values())
    return Judgement(verdict, said, OF_CALIBRATION, 1.0, share, runs=(*runs, "contests"))
