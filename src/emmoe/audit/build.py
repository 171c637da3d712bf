"""Builds the audit's tables from what was simulated and what the paper reports; no files are read.

What does not hang on the claims (our runs as means, the theory's judgements) is prepared once, so
that another set of claims is judged in a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from emmoe.audit import claims, curves, theory, wholes
from emmoe.audit.calibration import Calibration
from emmoe.audit.claims import Evidence, Judgement
from emmoe.audit.curves import JudgedPart
from emmoe.audit.groups import Group, group
from emmoe.audit.parts import Parts, Setup, parts
from emmoe.audit.runs import Run, Runs
from emmoe.audit.simulated import AGAIN, OURS, Simulated, of_run
from emmoe.calibration.family import Family
from emmoe.evidence.statistics import curve_z

ROWS = [
    "claim_id", "verdict", "reason", "reported", "reproduced", "standard_error", "z", "z_again",
    "basis", "curve_id", "stale", "files",
]  # fmt: skip
CURVES = [
    "curve_id", "part", "readings", "iterations", "verdict", "reason", "our_max_z", "our_critical",
    "our_spread", "again_max_z", "ours_fitted_to", "searched", "searched_met", "accepted",
    "winner", "winner_met", "fresh", "fresh_met", "closest", "times_too_far", "run_to_run", "stale",
]  # fmt: skip
STALE = "stale (made by other code or settings): "


@dataclass(frozen=True)
class Sources:
    """What the audit is made from.

    claims: as `emmoe.evidence.reported.load` returns them; families: of config.yaml's calibration;
    fitted_to: by model, the readings that our run's settings were fitted to; ours, again: our runs
    from the first and from the second seed; theory: runs by experiment, or why there are none;
    contests: verdicts (`emmoe.tables.comparison_verdicts`), or None; theorems: what they came to
    (`emmoe.audit.theorems`), or None; files: behind each (model, fitter), and under "theory",
    "theorems" and "contests"; stale_theory: whether the runs of the theory were
    not made by the current code and settings; stale_search: by model, why what was searched for
    it is no longer what would be."""

    claims: pd.DataFrame
    families: Mapping[str, Family]
    fitted_to: Mapping[str, str]
    ours: Runs
    again: Runs
    theory: Mapping[str, pd.DataFrame] | str
    contests: pd.DataFrame | None
    theorems: pd.DataFrame | None
    calibration: Calibration | None
    files: Mapping[Run | str, list[str]]
    stale_theory: bool
    stale_search: Mapping[str, str]
    setup: Setup

    @cached_property
    def parts(self) -> Parts:
        """The parts of curves that the claims report."""
        return parts(self.claims, self.families)

    @cached_property
    def simulated(self) -> dict[tuple[str, Run], Simulated]:
        """Our runs, further ones and those from a second seed, by name and (model, algorithm)."""
        found = {}
        for run in {(part.model, part.algorithm) for part in self.parts.values()}:
            own = [p for p in self.parts.values() if (p.model, p.algorithm) == run]
            tries = {name: (run[0], name) for name in self.ours.tries.get(run, {})}
            for name, fitted in {OURS: run, **tries}.items():
                found[name, run] = of_run(fitted, name, own, self.ours, self.setup)
            found[AGAIN, run] = of_run(run, AGAIN, own, self.again, self.setup)
        return {key: own for key, own in found.items() if own is not None}

    @cached_property
    def judged_theory(self) -> Mapping[str, theory.Result] | str:
        """The theory's claims, judged, or why they are not."""
        return self.theory if isinstance(self.theory, str) else theory.judge(self.theory)


@dataclass(frozen=True)
class Tables:
    """rows: of all claims (ROWS); curves: of all parts of curves (CURVES); runs: of all runs and
    groups (`emmoe.audit.wholes`); evidence: what they were judged from."""

    rows: pd.DataFrame
    curves: pd.DataFrame
    runs: pd.DataFrame
    evidence: Evidence


def build(sources: Sources, table: pd.DataFrame | None = None) -> Tables:
    """Return the audit of the sources' claims, or of others."""
    found = evidence(sources, sources.claims if table is None else table)
    judged = claims.judge(found)
    again = {c.claim_id: claims.compared(c, sources.again).z for c in found.claims.itertuples()}
    rows = [_row(claim, own, again[claim], sources) for claim, own in judged.items()]
    of_parts = [_part(own, found, sources) for own in found.judged.values()]
    return Tables(
        pd.DataFrame(rows, columns=ROWS),
        pd.DataFrame(of_parts, columns=CURVES),
        wholes.table(found.judged, found.groups, judged, found.claims),
        found,
    )


def evidence(sources: Sources, table: pd.DataFrame) -> Evidence:
    """Return what the claims of a table are judged from, their curves judged."""
    found = parts(table, sources.families)
    groups = _groups(sources, found)
    judged = curves.judge(found, groups, sources.ours)
    pairs = {p: curves.of_pair(p, judged, groups) for p in claims.pairs(table)}
    judged = curves.contradicted(judged, pairs)
    return Evidence(
        table, found, groups, judged, pairs, sources.ours, sources.judged_theory,
        sources.contests, sources.theorems, sources.setup,
    )  # fmt: skip


def _groups(sources: Sources, found: Parts) -> dict[str, Group]:
    empty = Calibration.empty()
    groups = {}
    for model in dict.fromkeys(part.model for part in found.values()):
        own = {key: part for key, part in found.items() if part.model == model}
        runs: dict[str, dict[str, Simulated]] = {}
        for (name, (of, algorithm)), simulated in sources.simulated.items():
            if of == model:
                runs.setdefault(algorithm, {})[name] = simulated
        groups[model] = group(model, own, sources.calibration or empty, runs, sources.setup.level)
    return groups


def _row(claim_id: str, mine: Judgement, again: float, sources: Sources) -> dict[str, Any]:
    behind: tuple[Run | str, ...] = mine.runs or ("theory",)
    stale = _stale(behind, sources)
    own = {name: getattr(mine, name) for name in ROWS if hasattr(mine, name)}
    return own | {
        "claim_id": claim_id,
        "z_again": again,
        "reason": f"{STALE if stale else ''}{mine.reason}",
        "stale": stale,
        "files": ";".join(path for run in behind for path in sources.files.get(run, [])),
    }


def _stale(runs: tuple[Run | str, ...], sources: Sources) -> bool:
    searched = any(run[0] in sources.stale_search for run in runs if isinstance(run, tuple))
    ours = any(run in sources.ours.stale for run in runs)
    return ours or searched or ("theory" in runs and sources.stale_theory)


def _part(own: JudgedPart, found: Evidence, sources: Sources) -> dict[str, Any]:
    part, facts, ours = own.part, own.facts, own.ours
    times = part.readings["iteration"]
    stale = _stale(((part.model, part.algorithm),), sources)
    row: dict[str, Any] = {
        "curve_id": part.curve_id, "part": part.part, "readings": len(times),
        "iterations": " ".join(f"{t:.0f}" for t in times), "verdict": own.verdict,
        "reason": f"{STALE if stale else ''}{own.reason}", "stale": stale,
        "ours_fitted_to": sources.fitted_to.get(part.model, ""),
        "run_to_run": _run_to_run(found.claims, part.where, part.algorithm, times),
    }  # fmt: skip
    if ours is not None:
        row |= {"our_max_z": np.abs(ours.z).max(), "our_critical": ours.critical[0]}
        row["our_spread"] = ours.factor.max()
    again = found.groups[part.model].again.get((part.curve_id, part.part))
    row["again_max_z"] = np.nan if again is None else np.abs(again.z).max()
    if facts is not None:
        row |= {"searched": facts.searched, "searched_met": facts.met, "accepted": facts.accepted}
        row |= {"winner": facts.winner, "winner_met": facts.winner_met, "fresh": facts.fresh}
        row |= {"fresh_met": facts.fresh_met, "closest": facts.closest}
        row["times_too_far"] = facts.times
    return row


def _run_to_run(table: pd.DataFrame, where: str, algorithm: str, iterations: pd.Series) -> float:
    """The largest |z| between the poster's and the slides' means at shared iterations."""
    own = table[(table["where"] == where) & (table["algorithm"] == algorithm)]
    own = own[own["iteration"].isin(iterations) & (own["kind"] == "value")]
    both = [own[own["source"] == source].set_index("iteration") for source in ("poster", "slides")]
    shared = both[0].index.intersection(both[1].index)
    if shared.empty:
        return np.nan
    poster, slides = (runs.loc[shared] for runs in both)
    known = poster["spread"].notna() & slides["spread"].notna()
    poster, slides = poster[known], slides[known]
    uncertainty = np.hypot(poster["read_uncertainty"], slides["read_uncertainty"])
    z = curve_z(
        poster["value"], poster["spread"], poster["instances"].iloc[0] if len(poster) else 1,
        slides["value"], slides["spread"], uncertainty, 25,
    )  # fmt: skip
    return float(np.abs(z).max(initial=0.0))
