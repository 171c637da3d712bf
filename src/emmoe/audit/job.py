"""What the workflow's audit scripts call: read results, build the audit, write its files."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from emmoe.audit import plan, report
from emmoe.audit.build import Sources, build
from emmoe.audit.calibration import Calibration
from emmoe.audit.parts import Setup
from emmoe.audit.plan import Needs
from emmoe.audit.runs import Run, Runs
from emmoe.audit.strict import moved, worse
from emmoe.evidence import reported as paper
from emmoe.jobs import steps as jobs
from emmoe.jobs.stale import is_stale
from emmoe.record import cells as grid
from emmoe.store import checksums as seals
from emmoe.store import files as results
from emmoe.store import provenance
from emmoe.store.errors import DataError

LEVEL = 0.01  # without a calibration


def audit(config: dict[str, Any], scope: str, csv: str, curves: str, md: str) -> None:
    """Audit what a scope covers into audit.csv, curves.csv and audit.md."""
    needs = plan.of_scope(config, scope)
    sources = load(config, needs, scope)
    rows, parts = build(sources)
    changed = plan.changed(config, needs)
    results.write_csv(rows, csv)
    results.write_csv(parts, curves)
    with results.atomic(md) as temporary:
        text = report.text(rows, parts, sources.claims, changed)
        temporary.write_text(text, encoding="utf-8")
    for line in changed:
        print(line, file=sys.stderr, flush=True)


def audit_claim(config: dict[str, Any], claim_id: str, csv: str) -> None:
    """Recompute a single claim's row from its own runs, and say what came out."""
    claim = paper.find(paper.load(jobs.read_input(paper.FILE)), claim_id)
    rows, _ = build(load(config, plan.of_claim(config, claim), plan.PAPER))
    row = rows[rows["claim_id"] == claim_id].drop(columns="verdict_again")
    results.write_csv(row, csv)
    print(report.line(row.iloc[0]), file=sys.stderr, flush=True)


def load(config: dict[str, Any], needs: Needs, scope: str) -> Sources:
    """Read what an audit is built from; what is missing, stale or mixed is marked, not fatal."""
    folder = config["pathvars"]["results"]
    entries = config["audit"]["runs"]
    ours, again = (_runs(config, needs, scope, role, folder) for role in ("run", "again"))
    calibration = config.get("calibration", {})
    families = {name: own for name, own in calibration.items() if name != "level"}
    files: dict[Run | str, list[str]] = {
        (model, fitter): plan.traces(config, entry["run"], fitter, folder)
        for model, entry in entries.items()
        for fitter in entry["fitters"]
    }
    files["contests"] = plan.tables(needs, folder)
    files["theory"] = [f"{folder}/runs/{name}.parquet" for name in config["audit"]["theory"]]
    states = {_state(config, fit, folder) for fit in plan.theory_fits(config)}
    return Sources(
        claims=paper.load(jobs.read_input(paper.FILE)),
        families=families,
        fitted_to_all={model: entry["fitted_to"] == "all" for model, entry in entries.items()},
        ours=ours,
        again=again,
        theory=_theory(files["theory"], states) if needs.theory else "not asked for",
        contests=_contests(files["contests"]),
        calibration=_calibration(Path(folder) / "reference" / "calibration", families),
        files=files,
        stale_theory="stale" in states,
        setup=Setup(calibration.get("level", LEVEL), config["seed"]),
    )


def _calibration(folder: Path, families: dict[str, Any]) -> Calibration | None:
    paths = [folder / name for name in plan.CALIBRATION]
    if not all(path.is_file() for path in paths):
        return None
    return Calibration(*(jobs.read_input(str(path)) for path in paths), families)


def _contests(paths: list[str]) -> pd.DataFrame | None:
    """All verdicts of contests that are there, or None."""
    found = [jobs.read_input(path) for path in paths if Path(path).is_file()]
    return pd.concat(found, ignore_index=True) if found else None


def _theory(paths: list[str], states: set[str]) -> dict[str, pd.DataFrame] | str:
    lost = [path for path in paths if not Path(path).is_file()]
    if lost:
        return f"{lost[0]} is missing: run make figures"
    changed = sorted(state for state in states if seals.CHANGED in state)
    try:
        return changed[0] if changed else {Path(p).stem: jobs.read_input(p) for p in paths}
    except DataError as error:
        return str(error)


def _runs(config: dict[str, Any], needs: Needs, scope: str, role: str, folder: str) -> Runs:
    """Read the runs of one role, run or again, of all models."""
    traces, missing, tries, stale = {}, {}, {}, set()
    for model, entry in config["audit"]["runs"].items():
        experiment, fitters = entry[role], config["experiments"][entry[role]]["fitters"]
        frames = []
        for name in fitters:
            state = plan.NOT_COVERED
            if (experiment, name) in needs.fits:
                state = _state(config, (experiment, name), folder)
            elif plan.covers(scope, entry):
                state = "not asked for"
            if state in ("current", "stale"):
                paths = plan.traces(config, experiment, name, folder)
                frames += [results.read_table("trace", path) for path in paths]
                stale |= {(model, name)} if state == "stale" else set()
            else:
                missing[model, name] = state
        if frames:
            traces[model] = pd.concat(frames, ignore_index=True)
        for fitter, names in entry["tries"].items():
            tries[model, fitter] = {name: _settings(fitters[name]) for name in names}
    return Runs(traces, missing, tries, frozenset(stale))


def _settings(fitter: dict[str, Any]) -> str:
    """A fitter's settings as text."""
    return ", ".join(f"{k} {v}" for k, v in fitter.items() if k != "algorithm").replace("'", "")


def _state(config: dict[str, Any], fit: tuple[str, str], folder: str) -> str:
    """Return "current", "stale", or why a fit's traces cannot be used."""
    experiment, fitter = fit
    states = set()
    for path in plan.traces(config, experiment, fitter, folder):
        for file in (path, plan.sidecar(path)):
            if not Path(file).is_file():
                return f"{file} is missing"
        try:
            content = seals.read_record(plan.sidecar(path))
            for file in filter(Path.is_file, seals.files_of_fit(path)):
                seals.check_fit(file)
        except DataError as error:
            return str(error)
        task = grid.fit_task(config, experiment, fitter, Path(path).stem)
        stale = is_stale(content["code"], provenance.digest(content["task"]), [task])
        states.add("stale" if stale else "current")
    if len(states) > 1:
        return f"{folder}/traces/{experiment}/{fitter} mixes current and stale results: refit"
    return states.pop()


def strict(csv: str, reference: str) -> None:
    """Compare an audit with the reference, and say in a line how far the numbers agree.

    Exits with 1, and a line a claim, if a verdict is worse."""
    if not Path(reference).is_file():
        raise DataError(f"{reference} is missing: nothing to compare with: run make reference")
    compared = (jobs.read_input(csv), jobs.read_input(reference), plan.NOT_COVERED)
    lines = worse(*compared)
    said = lines or ["no verdict is worse than in the reference"]
    print("\n".join([moved(*compared), *said]), file=sys.stderr)
    if lines:
        sys.exit(1)
