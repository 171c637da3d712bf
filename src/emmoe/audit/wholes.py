"""The verdicts of runs and of groups of figures: one setting must give all of a run's curves, and
one data setting all runs of a group, as well as its orderings."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit import reasons
from emmoe.audit.claims import Judgement
from emmoe.audit.curves import JudgedPart, JudgedParts
from emmoe.audit.groups import Group
from emmoe.audit.verdicts import Verdict, joined, worst
from emmoe.calibration.readings import HELD_OUT


class Whole(NamedTuple):
    """A row: of a run, or of a group of figures, which has no winner; see `table`."""

    id: str
    level: str
    shows: str
    verdict: Verdict
    reason: str
    winner: str | None = None
    accepted: int | None = None
    jointly: int | None = None
    fresh: int | None = None
    our_max_z_ratio: float = np.nan


RUNS = list(Whole._fields)


def table(
    judged: JudgedParts,
    groups: Mapping[str, Group],
    claims_judged: Mapping[str, Judgement],
    claims: pd.DataFrame,
) -> pd.DataFrame:
    """Return RUNS, a row a run and a row a group.

    jointly: how many accepted settings give all curves of a run; our_max_z_ratio: the largest |z|
    of our own run over its critical value."""
    rows = []
    for model, group in groups.items():
        runs = [_run(algorithm, group, judged) for algorithm in group.candidates]
        rows += [*runs, _group(model, group, runs, judged, claims_judged, claims)]
    return pd.DataFrame(rows, columns=RUNS)


def _run(algorithm: str, group: Group, judged: JudgedParts) -> Whole:
    own = {key: judged[key] for key, part in group.parts.items() if part.algorithm == algorithm}
    by_curve = _by_curve(own)
    verdict = joined((key[1] == HELD_OUT, found.verdict) for key, found in own.items())
    candidates, winner = group.candidates[algorithm], group.winner(algorithm)
    held = [r for (_, part), r in candidates.ratios.items() if part == HELD_OUT]
    met = np.logical_and.reduce([r <= 1 for r in held]) if held else np.zeros(0, bool)
    facts = [found.facts for found in own.values() if found.facts is not None]
    return Whole(
        id=f"{group.model}/{algorithm}",
        level="run",
        shows=" ".join(by_curve),
        verdict=verdict,
        reason=reasons.of_whole(by_curve, winner),
        winner=winner,
        accepted=int(candidates.accepted.sum()),
        jointly=int((candidates.accepted & met).sum()) if held else 0,
        fresh=facts[0].fresh if facts else 0,
        our_max_z_ratio=_ours(own.values()),
    )


def _by_curve(own: Mapping[tuple[str, str], JudgedPart]) -> dict[str, Verdict]:
    """The verdict of each curve, from its two parts."""
    found: dict[str, list[tuple[bool, Verdict]]] = {}
    for (curve, part), judged in own.items():
        found.setdefault(curve, []).append((part == HELD_OUT, judged.verdict))
    return {curve: joined(parts) for curve, parts in found.items()}


def _ours(own: Any) -> float:
    ratios = [np.abs(j.ours.z).max() / j.ours.critical[0] for j in own if j.ours is not None]
    return float(max(ratios, default=np.nan))


def _group(
    model: str,
    group: Group,
    runs: list[Whole],
    judged: JudgedParts,
    claims_judged: Mapping[str, Judgement],
    claims: pd.DataFrame,
) -> Whole:
    shows = sorted({part.where for part in group.parts.values()})
    mine = claims[(claims["kind"] == "ordering") & claims["where"].isin(shows)]["claim_id"]
    orderings = {claim: claims_judged[claim].verdict for claim in mine}
    of_runs = {run.id.partition("/")[2]: run.verdict for run in runs}
    of_runs |= {"orderings": worst(orderings.values())} if orderings else {}
    # An ordering was never held out: where it is attainable it takes nothing from the runs.
    verdict = joined((name != "orderings", own) for name, own in of_runs.items())
    return Whole(
        id=model,
        level="figure",
        shows=" ".join(shows),
        verdict=verdict,
        reason=reasons.of_whole(of_runs, ", ".join(run.winner for run in runs if run.winner)),
        our_max_z_ratio=max((run.our_max_z_ratio for run in runs), default=np.nan),
    )
