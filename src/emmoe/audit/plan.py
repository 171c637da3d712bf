"""Which runs an audit reads.

An audit has a scope, the target it belongs to: `figures` covers what `make figures` makes, `paper`
all. A single claim needs its own algorithms' runs only.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from emmoe.record.entries import AuditedRun, Record

FIGURES, PAPER = SCOPES = "figures", "paper"
NOT_COVERED = "not made by make figures: run make paper"
NO_THEOREMS = "made by make paper, where audit.theorems of the config asks for it"
ROLES = ("run", "again")


class Needs(NamedTuple):
    """fits: (experiment, fitter) whose traces are read; theory: experiments whose runs are;
    contests: tables of their verdicts; theorems: scopes whose theorems were tried."""

    fits: list[tuple[str, str]]
    theory: Sequence[str]
    contests: Sequence[str]
    theorems: Sequence[str] = ()


def of_scope(record: Record, scope: str) -> Needs:
    """Return what the audit of a scope reads: both seeds' runs of the models it covers."""
    fits = [
        (getattr(entry, role), fitter)
        for entry in record.audit.runs.values()
        if covers(scope, entry)
        for role in ROLES
        for fitter in (*entry.fitters, *_tries(entry, entry.fitters))
    ]
    audit = record.audit
    tried = [scope] if scope in audit.theorems else []
    return Needs(fits, audit.theory.get(scope, ()), audit.contests.get(scope, ()), tried)


def of_claim(record: Record, claim: Any) -> Needs:
    """Return what a single claim, a row of the claims table, needs: the first seed's runs."""
    entries, fitters = record.audit.runs, claim.algorithm.split()
    if claim.kind == "theorem":
        tried = [PAPER] if PAPER in record.audit.theorems else []
        return Needs([], record.audit.theory.get(PAPER, ()), (), tried)
    if claim.where == "abstract" and claim.kind != "ordering":
        return Needs([], record.audit.theory.get(PAPER, ()), ())
    models = [claim.model] if claim.model else list(entries)
    fits = [
        (entries[model].run, fitter)
        for model in models
        for fitter in (*fitters, *_tries(entries[model], fitters))
    ]
    summed_up = claim.where == "abstract"
    return Needs(fits, (), record.audit.contests.get(PAPER, ()) if summed_up else ())


def covers(scope: str, entry: AuditedRun) -> bool:
    """Return whether a scope covers the runs of an audited run."""
    return scope == PAPER or entry.target == scope


def _tries(entry: AuditedRun, fitters: Sequence[str]) -> Iterator[str]:
    return (name for fitter in fitters for name in entry.tries.get(fitter, ()))


def theory_fits(record: Record, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the (experiment, fitter) behind the runs of experiments of the theory."""
    return [(name, fitter) for name in names for fitter in record.experiments[name].fitters]
