"""Where the results come from: runs, code, software, machine, times."""

from collections.abc import Container, Sequence
from typing import NamedTuple

from emmoe.report.clocks import Clocks, clocks
from emmoe.store.provenance import Made


class Fitted(NamedTuple):
    """All fits of a fitter in an experiment: how many jobs; environments by number, codes in short,
    the last date; CPU seconds of all; whether other code or settings made one."""

    experiment: str
    fitter: str
    jobs: int
    environment: str
    code: str
    made: str
    cpu_seconds: float
    stale: bool


class Single(NamedTuple):
    """A contest, a probe, or one fit: its environment by number, code in short, date."""

    kind: str
    name: str
    environment: int
    code: str
    made: str
    seconds: float
    stale: bool


class Origins(NamedTuple):
    """single: contests and probes; environments: what all were made with, in short; stale:
    experiments with a fit that other code or settings made; clocks: what their runs took; source:
    what was read."""

    fits: list[Fitted]
    single: list[Single]
    environments: list[dict[str, str]]
    stale: frozenset[str]
    clocks: Clocks
    source: str


def origins(
    made: Sequence[Made], stale: frozenset[str], whole: Container[str], source: str
) -> Origins | None:
    """Return the origins of fits, contests and probes, or None if there is no fit.

    stale: names of those that other code or settings made, as <kind>/<name>; whole: experiments
    whose fits kept the clock of every state."""
    environments: list[dict[str, str]] = []
    rows = [_single(own, own.path in stale, environments) for own in made]
    fits: dict[tuple[str, ...], list[Single]] = {}
    for row in rows:
        if row.kind == "fit":
            fits.setdefault(tuple(row.name.split("/")[:2]), []).append(row)
    if not fits:
        return None
    found = [_fitted(names, jobs) for names, jobs in fits.items()]
    return Origins(
        fits=found,
        single=[row for row in rows if row.kind != "fit"],
        environments=environments,
        stale=frozenset(row.experiment for row in found if row.stale),
        clocks=clocks(own for own in made if own.kind == "fit" and _experiment(own) in whole),
        source=source,
    )


def _experiment(made: Made) -> str:
    return made.name.split("/")[0]


def _single(made: Made, stale: bool, environments: list[dict[str, str]]) -> Single:
    """A job; its environment is added where it is new."""
    shown = _environment(made)
    if shown not in environments:
        environments.append(shown)
    number, when = environments.index(shown) + 1, made.created[:16].replace("T", " ")
    return Single(made.kind, made.name, number, made.code[:12], when, made.seconds, stale)


def _fitted(names: tuple[str, ...], jobs: list[Single]) -> Fitted:
    return Fitted(
        *names,
        jobs=len(jobs),
        environment=", ".join(map(str, sorted({job.environment for job in jobs}))),
        code=", ".join(sorted({job.code for job in jobs})),
        made=max(job.made for job in jobs),
        cpu_seconds=sum(job.seconds for job in jobs),
        stale=any(job.stale for job in jobs),
    )


def _environment(made: Made) -> dict[str, str]:
    own = made.environment
    versions = ", ".join(f"{name} {number}" for name, number in own.versions.items())
    blas = {f"{pool.internal_api} {pool.version}" for pool in own.blas}
    return {
        "commit": own.commit or "unknown",
        "software": f"Python {own.python}, {versions}",
        "BLAS": ", ".join(sorted(blas)),
        "machine": f"{own.cpu}, {own.cores} cores",
    }
