"""Judges claim by claim, from our runs, the judged curves and the runs of the theory; no files."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit import contests, curves, orderings, theory, verdicts
from emmoe.audit.calibration import Calibration
from emmoe.audit.curves import JudgedParts
from emmoe.audit.parts import TABLE, Parts, Setup
from emmoe.audit.runs import Run, Runs
from emmoe.audit.verdicts import NOT_TESTED, Finding
from emmoe.calibration.readings import CALIBRATION, HELD_OUT
from emmoe.evidence.statistics import curve_z

STATED, OF_CALIBRATION, OF_HELD_OUT = "stated", "calibration", "held out"
BASIS = {CALIBRATION: OF_CALIBRATION, HELD_OUT: OF_HELD_OUT}
SUMMED_UP = ["figure_1a", "figure_2a", "figure_2b", "figure_3a", "figure_3b"]  # by the abstract


class Judgement(NamedTuple):
    """A claim's finding; basis: calibration, held out, stated or empty; reported and reproduced:
    the two numbers (of an ordering, the share of iterations at which it shows); standard_error: of
    their difference, and z in its units; curve_id: of the curve judged; runs: ours behind it."""

    finding: Finding
    basis: str = ""
    reported: float = np.nan
    reproduced: float = np.nan
    standard_error: float = np.nan
    z: float = np.nan
    curve_id: str = ""
    runs: tuple[Run | str, ...] = ()


class Evidence(NamedTuple):
    """All that claims are judged from; theory: tables of runs by experiment, or why they are not
    there; contests: verdicts of EM against tuned rivals, or None."""

    claims: pd.DataFrame
    parts: Parts
    judged: JudgedParts
    pairs: Mapping[curves.Pair, Finding]
    runs: Runs
    theory: Mapping[str, pd.DataFrame] | str
    contests: pd.DataFrame | None
    calibration: Calibration | None
    setup: Setup


def judge(evidence: Evidence) -> dict[str, Judgement]:
    """Return the judgement of every claim by its claim_id."""
    kinds = {"value": _reading, "bound": _reading, "ordering": _ordering, "identity": _identity}
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
    finding = evidence.pairs[_pair(claim)]
    return Judgement(finding, OF_CALIBRATION, runs=((claim.model, claim.algorithm),))


def _reading(claim: Any, evidence: Evidence) -> Judgement:
    """Judge a value or a bound by its curve; one that does not count names its origin."""
    mine = _compared(claim, evidence.runs)
    if claim.interpolated or claim.duplicate_of:
        return mine._replace(finding=Finding(NOT_TESTED, _origin(claim, evidence.claims)))
    if np.isnan(mine.reproduced):
        return mine._replace(finding=Finding(NOT_TESTED, evidence.runs.why_not(mine.runs[0])))
    own = {key: j for key, j in evidence.judged.items() if key[0] == mine.curve_id}
    if claim.kind == "bound":
        return mine._replace(
            finding=verdicts.of_bound(mine.z, [j.finding for j in own.values()]), basis=OF_HELD_OUT
        )
    for (_, part), judged in own.items():
        if claim.iteration in judged.part.readings["iteration"].to_numpy():
            return mine._replace(finding=judged.finding, basis=BASIS[part])
    return mine._replace(finding=Finding(NOT_TESTED, f"{mine.curve_id} has no calibration"))


def _compared(claim: Any, runs: Runs) -> Judgement:
    """A reading beside the mean of our runs, whatever its verdict."""
    curve = claim.claim_id if claim.where == TABLE else f"{claim.where}_{claim.algorithm}"
    run = (claim.model, claim.algorithm)
    mine = Judgement(Finding("", ""), "", claim.value, curve_id=curve, runs=(run,))
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
        return f"another run of {claim.duplicate_of}, whose test allows for their difference"
    if claim.duplicate_of:
        return f"repeats {claim.duplicate_of}"
    own = (claims["where"] == claim.where) & (claims["algorithm"] == claim.algorithm)
    near = claims[own & (claims["iteration"] - claim.iteration).abs().eq(1)]
    return f"interpolated between {' and '.join(near['claim_id'])}"


def _ordering(claim: Any, evidence: Evidence) -> Judgement:
    """Judge whether the first algorithm is ahead of the second in a panel or in Table 2."""
    first, second = ((claim.model, fitter) for fitter in claim.algorithm.split())
    found = _compare(first, second, (claim.where, claim.metric), evidence)
    if isinstance(found, Finding):
        return Judgement(found, runs=(first, second))
    finding = verdicts.of_ordering(found.state, found.pairs)
    numbers = (found.reported, found.reproduced)
    return Judgement(finding, OF_CALIBRATION, *numbers, runs=(first, second))


def _compare(
    first: Run, second: Run, panel: tuple[str, str], evidence: Evidence
) -> orderings.Ordering | Finding:
    """How two runs compare in a panel, or why it is not tested."""
    if len({run in evidence.runs.stale for run in (first, second)}) > 1:
        return Finding(NOT_TESTED, "one of the two runs is stale: they are not compared")
    found = orderings.compare(
        first, second, panel, evidence.parts, evidence.runs, evidence.calibration, evidence.setup
    )
    if found is not None:
        return found
    empty = [run for run in (first, second) if evidence.runs.values(run, panel[1]).empty]
    return Finding(NOT_TESTED, evidence.runs.why_not(empty[0] if empty else first))


def _abstract(claim: Any, evidence: Evidence) -> Judgement:
    if claim.kind == "ordering":
        return _summed_up(claim, evidence)
    if isinstance(evidence.theory, str):
        return Judgement(Finding(NOT_TESTED, evidence.theory), STATED)
    if claim.claim_id not in theory.CLAIMS:
        return Judgement(Finding(NOT_TESTED, "no rule judges it: see emmoe.audit.theory"))
    finding, number = theory.CLAIMS[claim.claim_id](evidence.theory)
    return Judgement(finding, STATED, reproduced=number)


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
        if isinstance(found, Finding):
            return Judgement(found, OF_CALIBRATION, runs=runs)
        states[panel[0]] = found.state
    finding = verdicts.of_orderings(states, contests.tallies(evidence.contests))
    share = float(np.mean([state == orderings.AHEAD for state in states.values()]))
    return Judgement(finding, OF_CALIBRATION, 1.0, share, runs=(*runs, "contests"))
