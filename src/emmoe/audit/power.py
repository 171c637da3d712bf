"""How far a reported number may move before its verdict does: by bisection over re-scoring.

A verdict is kept while it stays good (attainable or better) or stays bad. Whether a good one was
confirmed on fresh seeds does not count here: a changed reading may choose another winner, which
would have to be simulated first.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from emmoe.audit import reasons
from emmoe.audit.claims import Evidence, compared_orderings
from emmoe.audit.groups import Group
from emmoe.audit.panels import Panel
from emmoe.audit.search import Candidates, Key
from emmoe.audit.verdicts import Verdict, of_ordering
from emmoe.models.objective import Array

WITHIN = 2.0  # the largest factor looked at: what needs more has no power
STEPS, HALVINGS = 4, 7  # to find the first change; a factor 2**(1 / (4 * 2**7)) is 0.14 %
COLUMNS = [
    "claim_id", "level", "verdict", "reported", "low", "high", "percent_down", "percent_up",
    "detectable_gap", "no_power",
]  # fmt: skip


def good(verdict: Verdict) -> bool:
    """Return whether a verdict says that the paper's number can be had."""
    return verdict.rank <= Verdict.ATTAINABLE.rank


def changed(group: Group, key: Key, values: Array) -> Group:
    """Return a group with other reported values (k,) of a part."""
    part = group.parts[key]
    algorithm, name = part.algorithm, group.winner(part.algorithm)

    def told(panels: dict[Key, Panel]) -> dict[Key, Panel]:
        return {**panels, key: replace(panels[key], reported=values)} if key in panels else panels

    own = group.candidates[algorithm]
    panels = told(dict(own.panels))
    other = Candidates(own.names, own.data, own.hand, panels)
    other.__dict__["ratios"] = {**own.ratios, key: panels[key].ratios}  # the others are known
    fresh = {**group.fresh, name: told(dict(group.fresh[name]))} if name in group.fresh else {}
    hand = {
        a: {n: told(dict(p)) if a == algorithm else p for n, p in more.items()}
        for a, more in group.hand.items()
    }
    candidates = {**group.candidates, algorithm: other}
    return replace(
        group, candidates=candidates, fresh={**group.fresh, **fresh}, ours=told(dict(group.ours)),
        hand=hand,
    )  # fmt: skip


def first_change(kept: Callable[[float], bool], towards: float) -> float:
    """Return the smallest factor, from 1 towards another, at which a verdict is not kept; NaN if it
    is kept on all of the way."""
    path = towards ** (np.arange(1, STEPS + 1) / STEPS)
    before = 1.0
    for factor in path:
        if not kept(float(factor)):
            return _halved(kept, before, float(factor))
        before = float(factor)
    return np.nan


def _halved(kept: Callable[[float], bool], inside: float, outside: float) -> float:
    for _ in range(HALVINGS):
        middle = float(np.sqrt(inside * outside))
        inside, outside = (middle, outside) if kept(middle) else (inside, middle)
    return outside


def table(evidence: Evidence, only: str | None = None) -> pd.DataFrame:
    """Return COLUMNS, a row for every reading, part, ordering and rate that has a verdict; only:
    for the reading of this claim_id alone.

    low, high: the nearest reported values at which the verdict changes; percent_down, percent_up:
    the same as changes, of a part all its readings by one factor; missing where no change within
    WITHIN does it. detectable_gap: of an ordering, the smallest lead that our band would show; of a
    rate, the smallest change of d log rho / d log |beta*| that changes the verdict."""
    if only is not None:
        return pd.DataFrame(_readings(evidence, only), columns=COLUMNS)
    rows = [*_parts(evidence), *_readings(evidence), *_orderings(evidence), *_rates(evidence)]
    return pd.DataFrame(rows, columns=COLUMNS)


def beside(rows: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Return the audit's rows with the interval of reported values that would keep the verdict.

    A good verdict that every number within WITHIN would get is no evidence: not determinable."""
    own = measured[["claim_id", "low", "high", "no_power"]]
    own = own.rename(columns={"low": "kept_from", "high": "kept_to"})
    found = rows.merge(own, on="claim_id", how="left")
    weak = found["no_power"].eq(True) & found["verdict"].map(lambda v: good(Verdict(v)))
    said = found["reported"].map(lambda value: reasons.of_no_power(value, WITHIN))
    return found.assign(
        verdict=found["verdict"].mask(weak, Verdict.NOT_DETERMINABLE),
        reason=found["reason"].mask(weak, said),
    )


def _parts(evidence: Evidence) -> Iterator[dict[str, Any]]:
    for key, own in evidence.judged.items():
        if own.facts is not None:
            values = own.part.readings["reported"].to_numpy(float)
            bounds = _of_part(evidence.groups[own.part.model], key, values)
            yield _row("/".join(key), "part", own.verdict, np.nan, *bounds)


def _readings(evidence: Evidence, only: str | None = None) -> Iterator[dict[str, Any]]:
    counted = evidence.claims.set_index("claim_id")["duplicate_of"] == ""
    for key, own in evidence.judged.items():
        if own.facts is None:
            continue
        group = evidence.groups[own.part.model]
        values = own.part.readings["reported"].to_numpy(float)
        for at, claim in enumerate(own.part.readings["claim_id"]):
            if counted[claim] and only in (None, claim):
                verdict = own.verdict
                if verdict is not Verdict.CONTRADICTORY:
                    verdict = group.reading(key, at).verdict
                bounds = _of_reading(group, key, values, at)
                yield _row(claim, "reading", verdict, values[at], *bounds)


def _orderings(evidence: Evidence) -> Iterator[dict[str, Any]]:
    for claim, found in compared_orderings(evidence).items():
        verdict = of_ordering(found.state, found.pairs)
        row = {"claim_id": claim, "level": "ordering", "verdict": verdict}
        yield row | {"detectable_gap": found.detectable, "no_power": not found.detectable < np.inf}


def _rates(evidence: Evidence) -> Iterator[dict[str, Any]]:
    known = {} if isinstance(evidence.theory, str) else evidence.theory
    for claim, found in known.items():
        if np.isfinite(found.flips):
            row = {"claim_id": claim, "level": "rate", "verdict": found.verdict}
            yield row | {"detectable_gap": found.flips, "no_power": False}


def _of_part(group: Group, key: Key, values: Array) -> tuple[float, float]:
    before = good(group.part(key).verdict)

    def kept(factor: float) -> bool:
        return good(changed(group, key, values * factor).part(key).verdict) == before

    return first_change(kept, 1 / WITHIN), first_change(kept, WITHIN)


def _of_reading(group: Group, key: Key, values: Array, at: int) -> tuple[float, float]:
    before = good(group.reading(key, at).verdict)

    def kept(factor: float) -> bool:
        moved = np.where(np.arange(len(values)) == at, values * factor, values)
        return good(changed(group, key, moved).reading(key, at).verdict) == before

    return first_change(kept, 1 / WITHIN), first_change(kept, WITHIN)


def _row(
    claim: str, level: str, verdict: Verdict, reported: float, down: float, up: float
) -> dict[str, Any]:
    return {
        "claim_id": claim,
        "level": level,
        "verdict": verdict,
        "reported": reported,
        "low": reported * down,
        "high": reported * up,
        "percent_down": 100 * (1 - down),
        "percent_up": 100 * (up - 1),
        "no_power": bool(np.isnan(down) and np.isnan(up)),
    }
