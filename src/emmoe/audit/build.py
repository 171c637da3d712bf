"""Builds the audit's two tables: a row a claim, and a row a part of a curve; no files are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emmoe.audit import claims, curves
from emmoe.audit.calibration import Calibration
from emmoe.audit.claims import Evidence, Judgement
from emmoe.audit.parts import Parts, Setup, parts
from emmoe.audit.runs import Run, Runs
from emmoe.audit.verdicts import Trial, best
from emmoe.calibration.family import Family
from emmoe.evidence.statistics import curve_z

ROWS = [
    "claim_id", "verdict", "reason", "reported", "reproduced", "standard_error", "z", "basis",
    "curve_id", "verdict_again", "stale", "files",
]  # fmt: skip
CURVES = [
    "curve_id", "part", "readings", "iterations", "verdict", "verdict_again", "reason",
    "statistic", "critical", "p_value", "participation", "spread", "statistic_again",
    "critical_again", "spread_again",
    "searched", "searched_met", "accepted", "accepted_met", "jointly", "best_setting",
    "best_statistic", "best_critical", "best_spread", "accepted_low", "accepted_high",
    "run_to_run", "stale",
]  # fmt: skip
STALE = "stale (made by other code or settings): "


@dataclass(frozen=True)
class Sources:
    """What the audit is made from.

    claims: as `emmoe.evidence.reported.load` returns them; families: of config.yaml's calibration;
    fitted_to_all: by model, whether our run's settings were fitted to all readings; ours, again:
    our runs from the first and from the second seed; theory: runs by experiment, or why there are
    none; contests: verdicts (`emmoe.tables.comparison_verdicts`), or None; files: behind each
    (model, fitter), and under "theory" and "contests"; stale_theory: whether the runs of the
    theory were not made by the current code and settings."""

    claims: pd.DataFrame
    families: Mapping[str, Family]
    fitted_to_all: Mapping[str, bool]
    ours: Runs
    again: Runs
    theory: Mapping[str, pd.DataFrame] | str
    contests: pd.DataFrame | None
    calibration: Calibration | None
    files: Mapping[Run | str, list[str]]
    stale_theory: bool
    setup: Setup


def build(sources: Sources) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of all claims (ROWS) and of all parts of curves (CURVES)."""
    table = sources.claims
    found = parts(table, sources.families)
    first, second = (
        _evidence(sources, table, found, runs) for runs in (sources.ours, sources.again)
    )
    judged, again = claims.judge(first), claims.judge(second)
    rows = [_row(claim, judged[claim], again[claim], sources) for claim in table["claim_id"]]
    of_parts = [_part(key, first, second, table, sources) for key in found]
    return pd.DataFrame(rows, columns=ROWS), pd.DataFrame(of_parts, columns=CURVES)


def _evidence(sources: Sources, table: pd.DataFrame, found: Parts, runs: Runs) -> Evidence:
    judged = curves.judge(found, runs, sources.calibration, sources.fitted_to_all, sources.setup)
    pairs = {p: curves.of_pair(p, judged, sources.calibration) for p in claims.pairs(table)}
    judged = curves.contradicted(judged, pairs)
    return Evidence(
        table, found, judged, pairs, runs, sources.theory, sources.contests, sources.calibration,
        sources.setup,
    )  # fmt: skip


def _row(claim_id: str, mine: Judgement, again: Judgement, sources: Sources) -> dict[str, Any]:
    behind: tuple[Run | str, ...] = mine.runs or ("theory",)
    stale = _stale(mine.runs, sources)
    return {
        "claim_id": claim_id,
        "verdict": mine.finding.verdict,
        "reason": f"{STALE if stale else ''}{mine.finding.reason}",
        "reported": mine.reported,
        "reproduced": mine.reproduced,
        "standard_error": mine.standard_error,
        "z": mine.z,
        "basis": mine.basis,
        "curve_id": mine.curve_id,
        "verdict_again": again.finding.verdict,
        "stale": stale,
        "files": ";".join(path for run in behind for path in sources.files.get(run, [])),
    }


def _stale(runs: tuple[Run, ...], sources: Sources) -> bool:
    return any(run in sources.ours.stale for run in runs) if runs else sources.stale_theory


def _part(
    key: tuple[str, str], first: Evidence, second: Evidence, table: pd.DataFrame, sources: Sources
) -> dict[str, Any]:
    judged, again = first.judged[key], second.judged[key]
    part = judged.part
    row = {"curve_id": part.curve_id, "part": part.part, "readings": len(part.readings)}
    row["iterations"] = " ".join(f"{t:.0f}" for t in part.readings["iteration"])
    row |= {"verdict": judged.finding.verdict, "verdict_again": again.finding.verdict}
    stale = _stale(((part.model, part.algorithm),), sources)
    row |= {"reason": f"{STALE if stale else ''}{judged.finding.reason}", "stale": stale}
    for test, suffix in ((judged.ours, ""), (again.ours, "_again")):
        if test:
            row |= {f"statistic{suffix}": test.means.statistic, f"spread{suffix}": test.spread}
            row |= {f"critical{suffix}": test.means.critical}
    if judged.ours:
        means = judged.ours.means
        row |= {"p_value": means.p_value, "participation": means.participation}
    row["run_to_run"] = _run_to_run(table, part.where, part.algorithm, part.readings["iteration"])
    return row | (_search(judged.search) if judged.search else {})


def _search(search: Any) -> dict[str, Any]:
    """How sensitive a part is to the settings: what the searched and the accepted ones give."""
    accepted = [trial for trial in search.trials if trial.setting in search.accepted]
    row = {"searched": len(search.trials), "searched_met": _met(search.trials)}
    row |= {"accepted": len(accepted), "accepted_met": _met(accepted), "jointly": search.jointly}
    if closest := best(search.trials):
        row |= {"best_setting": closest.setting, "best_statistic": closest.statistic}
        row |= {"best_critical": closest.critical}
        row |= {"best_spread": closest.spread}
    if accepted:
        statistics = [trial.statistic for trial in accepted]
        row |= {"accepted_low": min(statistics), "accepted_high": max(statistics)}
    return row


def _met(trials: list[Trial]) -> int:
    return sum(trial.met for trial in trials)


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
