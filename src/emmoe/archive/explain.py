"""`emmoe explain`: from a claim of the paper to our number, its run and how to redo it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from emmoe.archive.reference import check_kept
from emmoe.audit import plan
from emmoe.evidence import reported as paper
from emmoe.jobs._kept import read_kept
from emmoe.jobs.audit import fits
from emmoe.jobs.base import CURRENT, layout_of
from emmoe.jobs.fit import Fit
from emmoe.jobs.theorems import Theorems
from emmoe.record.entries import Record, written
from emmoe.report.command import recompute
from emmoe.report.settings import origin
from emmoe.store.errors import DataError
from emmoe.store.files import read_frame
from emmoe.store.layout import CLAIMS
from emmoe.store.provenance import Made

Behind = list[tuple[str, str]]  # (experiment, fitter)


class Known(NamedTuple):
    """A fit on record: its names, base seed, first and last replicate, commit, and whether it is
    stale."""

    name: str
    seed: int
    replicates: tuple[int, int]
    commit: str
    code: str
    stale: bool


def explain(claim_id: str, record: Record, files: Sequence[str]) -> str:
    """Return what is known about a claim as text, the answer and the command that redoes it first.

    The audit is read from the results where its runs are current, else from the reference.
    files: of the config, for the command. Raises DataError for an unknown claim, or if there is no
    audit of it."""
    claim = paper.find(paper.load(read_frame(CLAIMS)), claim_id)
    needs = plan.of_claim(record, claim)
    behind = needs.fits or plan.theory_fits(record, needs.theory)
    tried = [job for job in Theorems.every(record) if job.scope in needs.theorems]
    row, source, known = _found(claim_id, record, behind, tried)
    redo = f"recompute  {recompute(layout_of(record), claim_id, claim.kind, files)}"
    lines = [_summary(claim, row), redo, "", *_claim(claim), *_result(row, source)]
    lines += _made_by(known, row)
    for experiment in dict.fromkeys(name for name, _ in behind):
        lines += _settings(record, experiment, [f for name, f in behind if name == experiment])
    return "\n".join(lines)


def _found(
    claim_id: str, record: Record, behind: Behind, tried: list[Theorems]
) -> tuple[pd.Series, str, list[Known]]:
    """Return the claim's row of an audit, the audit's file, and the fits behind it."""
    layout, jobs = layout_of(record), fits(record, behind)
    for scope in (plan.PAPER, plan.FIGURES):
        source = layout.audit(scope)["rows"]
        row = _row(source, claim_id)
        covered = row is not None and row["reason"] not in (plan.NOT_COVERED, plan.NO_THEOREMS)
        if covered and jobs and all(job.state() == CURRENT for job in (*jobs, *tried)):
            return row, source, [_known(job.found(), stale=False) for job in jobs]
    source = layout.reference.audit(plan.PAPER)["rows"]
    if Path(source).is_file():
        check_kept(layout)
    row = _row(source, claim_id)
    if row is None:
        raise DataError(f"no current audit of {claim_id}, and none in {source}: run make audit")
    return row, source, _kept(jobs, layout.reference.kept_provenance)


def _row(source: str, claim_id: str) -> pd.Series | None:
    if not Path(source).is_file():
        return None
    rows = read_frame(source)
    rows = rows[rows["claim_id"] == claim_id]
    return None if rows.empty else rows.iloc[0]


def _kept(jobs: list[Fit], path: str) -> list[Known]:
    """The fits that the reference's provenance has on record."""
    known = {made.path: made for made in read_kept(path)}
    pairs = [(job, known.get(f"{job.kind}/{job.name}")) for job in jobs]
    return [_known(made, not job.would_make(made)) for job, made in pairs if made is not None]


def _known(made: Made, stale: bool) -> Known:
    replicates = min(made.task["replicates"]), max(made.task["replicates"])
    name, commit = made.name.rpartition("/")[0], made.environment.commit or "unknown"
    return Known(name, made.task["seed"], replicates, commit, made.code, stale)


def _summary(claim: Any, row: pd.Series) -> str:
    """The answer in a line: verdict, the reported number and ours."""
    numbers = (("reported", claim.value), ("ours", row["reproduced"]))
    told = ", ".join(f"{name} {value:.4g}" for name, value in numbers if pd.notna(value))
    return f"{claim.claim_id}: {row['verdict']}{f' ({told})' if told else ''}"


def _claim(claim: Any) -> list[str]:
    """The claim as the paper has it."""
    read = claim.source if claim.source == "printed" else f"read from {claim.source}"
    lines = [f"claim      {claim.claim_id}: {claim.kind}, {claim.where}, {read}"]
    if claim.note:
        lines.append(f"note       {claim.note}")
    if pd.isna(claim.value):
        return lines
    parts = [f"reported   {'at most ' if claim.kind == 'bound' else ''}{claim.value:.4g}"]
    if pd.notna(claim.spread):
        parts.append(f"+- {claim.spread:.3g}")
    parts.append(f"({claim.metric} at iteration {claim.iteration:.0f}, mean of")
    parts.append(f"{claim.instances:.0f} instances)")
    read = f", read to {claim.read_uncertainty:.2g}" if pd.notna(claim.read_uncertainty) else ""
    return [*lines, " ".join(parts) + read]


def _result(row: pd.Series, source: Path) -> list[str]:
    """Our number, the verdict and where they stand."""
    ours = "none" if pd.isna(row["reproduced"]) else f"{row['reproduced']:.4g}"
    if pd.notna(row["z"]):
        ours += f", z {row['z']:.2g} in units of {row['standard_error']:.2g}"
    lines = [f"ours       {ours}", f"verdict    {row['verdict']}"]
    if pd.notna(row["basis"]):
        lines[-1] += f" (basis: {row['basis']})"
    lines.append(f"because    {row['reason']}")
    if pd.notna(row["curve_id"]):
        lines.append(f"curve      {row['curve_id']}")
    return [*lines, f"audit      {source}"]


def _made_by(known: list[Known], row: pd.Series) -> list[str]:
    """The files, seeds and commits behind the number."""
    lines = [f"file       {path}" for path in str(row["files"]).split(";")]
    for fit in dict.fromkeys(known):
        state = "STALE: not the current code and settings" if fit.stale else "current"
        first, last = fit.replicates
        lines.append(
            f"run        {fit.name}: seed {fit.seed}, replicates {first} to "
            f"{last}, commit {fit.commit}, code {fit.code[:12]} ({state})"
        )
    return lines or ["run        no provenance on record"]


def _settings(record: Record, experiment: str, fitters: list[str]) -> list[str]:
    """An experiment's settings, each stated by the paper, inferred, with the reason, or ours."""
    entry = written(record.experiments[experiment])
    shown = {name: entry[name] for name in ("model", "data", "start", "replicates", "iterations")}
    shown["fitters"] = {name: entry["fitters"][name] for name in fitters}
    lines, above = [], f"experiments.{experiment}"
    for path, value in _leaves(above, shown):
        mark, reason = origin(record, experiment, path.removeprefix(f"{above}."), value)
        lines.append(f"setting    {path} = {value} ({mark}{': ' if reason else ''}{reason})")
    return lines


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """All settings below a node with their dotted paths."""
    if not isinstance(node, dict):
        yield path, node
        return
    for key, value in node.items():
        yield from _leaves(f"{path}.{key}", value)
