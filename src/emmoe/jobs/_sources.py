"""Reads what an audit is built from; what is missing, stale or mixed is marked, not fatal."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from emmoe.audit import plan
from emmoe.audit.build import Sources
from emmoe.audit.calibration import Calibration, calibration
from emmoe.audit.parts import Parts, Setup, parts
from emmoe.audit.plan import Needs
from emmoe.audit.runs import Run, Runs
from emmoe.calibration.family import families
from emmoe.evidence import reported
from emmoe.jobs._inputs import Inputs
from emmoe.jobs.base import CURRENT, STALE, layout_of
from emmoe.jobs.fit import Fit
from emmoe.lab.columns import checked
from emmoe.record.entries import Fitter, Record
from emmoe.store.errors import DataError
from emmoe.store.files import CHANGED, read_frame


def sources(
    record: Record, needs: Needs, scope: str, inputs: Inputs, stale: Mapping[str, str]
) -> Sources:
    """Return what the audit of a scope, or of a claim, is built from; stale: by family, why its
    kept simulations are (`emmoe.jobs._calibrated`)."""
    entries, layout = record.audit.runs, layout_of(record)
    claims, searched = reported.load(inputs.frame("claims")), families(record)
    states = {_state(record, pair) for pair in plan.theory_fits(record, needs.theory)}
    theory = [layout.gathered(name)["runs"] for name in needs.theory]
    files: dict[Run | str, list[str]] = {
        (model, fitter): [fit.outputs["trace"] for fit in Fit.of(record, entry.run, fitter)]
        for model, entry in entries.items()
        for fitter in entry.fitters
    }
    files["contests"] = [layout.product("tables", name)["csv"] for name in needs.contests]
    files["theory"] = theory
    files["theorems"] = [layout.theorems(tried)["theorems"] for tried in needs.theorems]
    return Sources(
        claims=claims,
        families=searched,
        fitted_to={model: entry.fitted_to for model, entry in entries.items()},
        ours=_runs(record, needs, scope, "run"),
        again=_runs(record, needs, scope, "again"),
        theory=_theory(theory, states, scope) if needs.theory else "not asked for",
        contests=_contests(inputs),
        theorems=next(iter(inputs.frames("theorems")), None),
        calibration=_calibration(inputs, parts(claims, searched), record.calibration.level),
        files=files,
        stale_theory=STALE in states,
        stale_search={
            record.experiments[own.search.experiment].model.name: stale[name]
            for name, own in searched.items()
            if name in stale
        },
        setup=Setup(record.calibration.level, record.seed),
    )


def _calibration(inputs: Inputs, read: Parts, level: float) -> Calibration | None:
    """Return the kept calibration, None without its three tables."""
    found, fresh = inputs.frames("calibration"), inputs.frames("fresh")
    if len(found) != 3:
        return None
    anew = pd.concat(fresh, ignore_index=True) if fresh else None
    return calibration(*found, anew, read, level)


def _contests(inputs: Inputs) -> pd.DataFrame | None:
    """All verdicts of contests that are there, or None."""
    found = inputs.frames("contests")
    return pd.concat(found, ignore_index=True) if found else None


def _theory(paths: Iterable[str], states: set[str], scope: str) -> dict[str, pd.DataFrame] | str:
    lost = [path for path in paths if not Path(path).is_file()]
    if lost:
        target = scope if scope in plan.SCOPES else plan.PAPER
        return f"{lost[0]} is missing: run make {target}"
    edited = sorted(state for state in states if CHANGED in state)
    try:
        return edited[0] if edited else {Path(path).stem: read_frame(path) for path in paths}
    except DataError as error:
        return str(error)


def _runs(record: Record, needs: Needs, scope: str, role: str) -> Runs:
    """Read the runs of one role, run or again, of all models."""
    traces, missing, tries, stale = {}, {}, {}, set()
    for model, entry in record.audit.runs.items():
        experiment = getattr(entry, role)
        fitters, frames = record.experiments[experiment].fitters, []
        for name in fitters:
            state = plan.NOT_COVERED
            if (experiment, name) in needs.fits:
                state = _state(record, (experiment, name))
            elif plan.covers(scope, entry):
                state = "not asked for"
            if state in (CURRENT, STALE):
                paths = [fit.outputs["trace"] for fit in Fit.of(record, experiment, name)]
                frames += [checked("trace", read_frame(path), path) for path in paths]
                stale |= {(model, name)} if state == STALE else set()
            else:
                missing[model, name] = state
        if frames:
            traces[model] = pd.concat(frames, ignore_index=True)
        for fitter, names in entry.tries.items():
            tries[model, fitter] = {name: _settings(fitters[name]) for name in names}
    return Runs(traces, missing, tries, frozenset(stale))


def _settings(fitter: Fitter) -> str:
    """A fitter's settings as text."""
    return ", ".join(f"{k} {v}" for k, v in fitter.settings.items()).replace("'", "")


def _state(record: Record, pair: tuple[str, str]) -> str:
    """Return CURRENT, STALE, or why the traces of an (experiment, fitter) can't be used."""
    states = {}
    for fit in Fit.of(record, *pair):
        states[fit.state()] = fit
        if not {CURRENT, STALE} >= set(states):
            return next(state for state in states if state not in (CURRENT, STALE))
    if len(states) > 1:
        return f"{'/'.join(pair)}: its traces mix current and stale results: refit"
    return next(iter(states))
