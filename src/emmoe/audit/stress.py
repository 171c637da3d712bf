"""The audit of papers with and without a mistake: what it notices, and when it is wrong."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit.build import Sources, evidence
from emmoe.audit.claims import Evidence, judge
from emmoe.audit.mutations import Mutation, mutations
from emmoe.audit.nulls import nulls
from emmoe.audit.power import good
from emmoe.audit.verdicts import BAD, Verdict
from emmoe.audit.wholes import RUNS, table
from emmoe.store.seeds import generator

NULLS = ["shows", "between", "settings", "verdict", "alarm", "curves_bad", "curves"]
NOTICED, MISSED, WITHIN, ALREADY = "noticed", "missed", "within power", "already fails"


class Mutated(NamedTuple):
    """A row of `mutated`; touched: how many claims were changed."""

    kind: str
    what: str
    touched: int
    outcome: str
    before: Verdict
    after: Verdict
    beyond_power: bool
    lost: bool


MUTATIONS = list(Mutated._fields)


class Verdicts(NamedTuple):
    """By claim, and by part of a curve."""

    claims: Mapping[str, Verdict]
    parts: Mapping[tuple[str, str], Verdict]

    def at(self, touched: frozenset[str], parts: set[tuple[str, str]]) -> list[Verdict]:
        """The verdicts at a place, duplicates apart."""
        own = [self.claims[name] for name in sorted(touched)] + [
            self.parts[p] for p in sorted(parts)
        ]
        return [verdict for verdict in own if verdict is not Verdict.DUPLICATE]


def verdicts(found: Evidence) -> Verdicts:
    """Return all verdicts of an audit."""
    judged = {claim: own.verdict for claim, own in judge(found).items()}
    return Verdicts(judged, {key: own.verdict for key, own in found.judged.items()})


def mutated(sources: Sources, power: pd.DataFrame) -> pd.DataFrame:
    """Return MUTATIONS, a row a mutated paper.

    outcome: noticed, if a verdict at the right place gets worse; within power, if no number was
    moved beyond the interval that keeps its verdict (`emmoe.audit.power`); already fails, if there
    was no good verdict to lose; else missed. lost: whether a good verdict became a bad one."""
    before = evidence(sources, sources.claims)
    rng = generator(sources.setup.seed, "mutations", 0, "audit")
    known = verdicts(before)
    rows = []
    for own in mutations(sources.claims, dict(before.groups), rng):
        rows.append(_mutation(own, sources, before, known, power))
    return pd.DataFrame(rows, columns=MUTATIONS)


def _mutation(
    own: Mutation, sources: Sources, before: Evidence, known: Verdicts, power: pd.DataFrame
) -> Mutated:
    places = {
        key
        for key, part in before.judged.items()
        if own.touched & set(part.part.readings["claim_id"])
    }
    then = known.at(own.touched, places)
    after = evidence(sources, own.claims)
    now = verdicts(after).at(own.touched, places)
    pairs = list(zip(then, now, strict=True))
    beyond = _beyond(own, after, power)
    noticed = any(b.rank > a.rank for a, b in pairs)
    outcome = NOTICED if noticed else MISSED if beyond else WITHIN
    if not noticed and not any(good(verdict) for verdict in then):
        outcome = ALREADY
    return Mutated(
        kind=own.kind,
        what=own.what,
        touched=len(own.touched),
        outcome=outcome,
        before=max(then, key=lambda v: v.rank, default=Verdict.NOT_TESTED),
        after=max(now, key=lambda v: v.rank, default=Verdict.NOT_TESTED),
        beyond_power=beyond,
        lost=any(good(a) and not good(b) for a, b in pairs),
    )


def _beyond(own: Mutation, after: Evidence, power: pd.DataFrame) -> bool:
    """Whether a reading was moved to where, alone, it would lose its verdict. All mistakes in
    standard deviations and orderings count: their power is not measured."""
    if own.kind == "ordering reversed" or own.kind.startswith("standard"):
        return True
    read = pd.concat([part.readings for part in after.parts.values()])
    values = read.set_index("claim_id")["reported"]
    for row in power[
        power["claim_id"].isin(own.touched) & (power["level"] == "reading")
    ].itertuples():
        if good(Verdict(row.verdict)) and not _inside(values[row.claim_id], row.low, row.high):
            return True
    return False


def _inside(value: float, low: float, high: float) -> bool:
    return not value <= low and not value >= high  # an end that is missing keeps it


def drawn(sources: Sources) -> pd.DataFrame:
    """Return NULLS, a row a null paper and group of figures.

    alarm: whether the group is called inconsistent, met alone or contradictory; curves_bad: how
    many of its parts of curves are."""
    before = evidence(sources, sources.claims)
    calibration = sources.calibration
    rows = []
    for model, group in before.groups.items():
        rng = generator(sources.setup.seed, f"nulls/{model}", 0, "audit")
        predicted = dict(calibration.searched.predicted) if calibration else {}
        for paper in nulls(sources.claims, group, predicted, rng):
            found = evidence(sources, paper.claims)
            whole = table(found.judged, {model: found.groups[model]}, judge(found), paper.claims)
            own = whole[whole["level"] == "figure"][RUNS].iloc[0]
            parts = [j.verdict for k, j in found.judged.items() if k in group.parts]
            rows.append(
                {
                    "shows": own["shows"],
                    "between": paper.between,
                    "settings": "; ".join(paper.settings),
                    "verdict": own["verdict"],
                    "alarm": own["verdict"] in BAD,
                    "curves_bad": int(np.sum([verdict in BAD for verdict in parts])),
                    "curves": len(parts),
                }
            )
    return pd.DataFrame(rows, columns=NULLS)
