"""`emmoe explain`: from a claim of the paper to our number, its run and how to redo it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from emmoe.audit import plan
from emmoe.evidence import reported as paper
from emmoe.jobs import steps as jobs
from emmoe.jobs.stale import is_stale
from emmoe.record import cells as grid
from emmoe.store.errors import DataError
from emmoe.store.provenance import digest

Behind = list[tuple[str, str]]  # (experiment, fitter)


class Fit(NamedTuple):
    """A fit on record: base seed, first and last replicate, commit, and whether it is stale."""

    experiment: str
    fitter: str
    seed: int
    replicates: tuple[int, int]
    commit: str
    code: str
    stale: bool


def explain(claim_id: str, config: dict[str, Any], path: str) -> str:
    """Return what is known about a claim as text.

    The audit is read from results/audit where its runs are current, else from results/reference.
    path: of the config, for the command. Raises DataError for an unknown claim, or if there is no
    audit of it."""
    claim = paper.find(paper.load(jobs.read_input(paper.FILE)), claim_id)
    behind = plan.of_claim(config, claim).fits or plan.theory_fits(config)
    row, source, fits = _found(claim_id, config, behind)
    lines = [*_claim(claim), *_result(row, source), *_made_by(fits, row)]
    for experiment in dict.fromkeys(name for name, _ in behind):
        lines += _settings(config, experiment, [f for name, f in behind if name == experiment])
    return "\n".join([*lines, f"recompute  {command(claim_id, config, path)}"])


def command(claim_id: str, config: dict[str, Any], path: str) -> str:
    """Return the command that recomputes just one claim."""
    target = f"{config['pathvars']['results']}/audit/claims/{claim_id}.csv"
    options = "" if path == "config.yaml" else f" --configfile {path} --replace-workflow-config"
    return f".venv/bin/snakemake {target} --cores 2 --forcerun fit{options}"


def _found(
    claim_id: str, config: dict[str, Any], behind: Behind
) -> tuple[pd.Series, Path, list[Fit]]:
    """Return the claim's row of an audit, the audit's file, and the fits behind it."""
    results = Path(config["pathvars"]["results"])
    for scope in (plan.PAPER, plan.FIGURES):
        source = results / "audit" / scope / "audit.csv"
        row = _row(source, claim_id)
        if row is not None and row["reason"] != plan.NOT_COVERED:
            fits = _sidecars(config, behind, str(results))
            if fits and not any(fit.stale for fit in fits):
                return row, source, fits
    source = results / "reference" / "audit" / "audit.csv"
    row = _row(source, claim_id)
    if row is None:
        raise DataError(f"no current audit of {claim_id}, and none in {source}: run make audit")
    return row, source, _kept(config, behind, results / "reference" / "provenance.json")


def _row(source: Path, claim_id: str) -> pd.Series | None:
    if not source.is_file():
        return None
    rows = jobs.read_input(str(source))
    rows = rows[rows["claim_id"] == claim_id]
    return None if rows.empty else rows.iloc[0]


def _sidecars(config: dict[str, Any], behind: Behind, results: str) -> list[Fit]:
    """The fits on disk; none if one is missing."""
    fits = []
    for experiment, fitter in behind:
        for trace in plan.traces(config, experiment, fitter, results):
            path = Path(plan.sidecar(trace))
            if not path.is_file():
                return []
            content = json.loads(path.read_text())
            task = grid.fit_task(config, experiment, fitter, Path(trace).stem)
            stale = is_stale(content["code"], digest(content["task"]), [task])
            fits.append(_fit(content, content["commit"], stale))
    return fits


def _kept(config: dict[str, Any], behind: Behind, path: Path) -> list[Fit]:
    """The fits that the reference's provenance has on record."""
    if not path.is_file():
        return []
    content, fits = json.loads(path.read_text()), []
    for fit in content["fits"]:
        experiment, fitter = names = fit["experiment"], fit["fitter"]
        if names in behind:
            blocks = grid.fitter_blocks(config["experiments"][experiment], fitter)
            tasks = [grid.fit_task(config, experiment, fitter, block) for block in blocks]
            commit = content["environments"][fit["environment"]]["commit"]
            stale = is_stale(fit["code"], fit.get("settings"), tasks)
            fits.append(_fit(fit, commit, stale))
    return fits


def _fit(content: dict[str, Any], commit: str | None, stale: bool) -> Fit:
    task = content["task"]
    replicates = min(task["replicates"]), max(task["replicates"])
    names = content["experiment"], content["fitter"]
    return Fit(*names, task["seed"], replicates, commit or "unknown", content["code"], stale)


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


def _made_by(fits: list[Fit], row: pd.Series) -> list[str]:
    """The files, seeds and commits behind the number."""
    lines = [f"file       {path}" for path in str(row["files"]).split(";")]
    for fit in dict.fromkeys(fits):
        state = "STALE: not the current code and settings" if fit.stale else "current"
        first, last = fit.replicates
        lines.append(
            f"run        {fit.experiment}/{fit.fitter}: seed {fit.seed}, replicates {first} to "
            f"{last}, commit {fit.commit}, code {fit.code[:12]} ({state})"
        )
    return lines or ["run        no provenance on record"]


def _settings(config: dict[str, Any], experiment: str, fitters: list[str]) -> list[str]:
    """An experiment's settings, each stated by the paper, inferred, with the reason, or ours."""
    entry = config["experiments"][experiment]
    papers = {own["run"] for own in config["audit"]["runs"].values()}
    shown = {name: entry[name] for name in ("model", "data", "start", "replicates", "iterations")}
    shown["fitters"] = {name: entry["fitters"][name] for name in fitters}
    lines = []
    for path, value in _leaves(f"experiments.{experiment}", shown):
        reason = next(
            (r for p, r in config["inferred"].items() if f"{path}.".startswith(f"{p}.")), ""
        )
        word = f"inferred: {reason}" if reason else "stated" if experiment in papers else "ours"
        lines.append(f"setting    {path} = {value} ({word})")
    return lines


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """All settings below a node with their dotted paths."""
    if not isinstance(node, dict):
        yield path, node
        return
    for key, value in node.items():
        yield from _leaves(f"{path}.{key}", value)
