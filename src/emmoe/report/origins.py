"""Where the results come from: runs, code, software, machine, times."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from emmoe.store.provenance import Made


class Origins(NamedTuple):
    """fits: one row per experiment and fitter; single: one per contest or probe; environments: what
    both were made with, in short; stale: experiments with a fit that other code or settings made;
    source: what was read."""

    fits: list[dict[str, Any]]
    single: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    stale: frozenset[str]
    source: str


def origins(made: Sequence[Made], stale: frozenset[str], source: str) -> Origins | None:
    """Return the origins of fits, contests and probes, or None if there is no fit.

    stale: names of those that other code or settings made, as <kind>/<name>."""
    environments: list[dict[str, Any]] = []
    rows = [_row(own, environments) | {"stale": own.path in stale} for own in made]
    fits = pd.DataFrame([row for row in rows if row["kind"] == "fit"])
    if fits.empty:
        return None
    fits[["experiment", "fitter"]] = fits["name"].str.split("/", expand=True)[[0, 1]]
    groups = fits.groupby(["experiment", "fitter"], sort=False)
    return Origins(
        fits=[_fits(names, part) for names, part in groups],
        single=[row | {"environment": row["environment"] + 1} for row in rows if _alone(row)],
        environments=environments,
        stale=frozenset(fits[fits["stale"]]["experiment"]),
        source=source,
    )


def _alone(row: dict[str, Any]) -> bool:
    return row["kind"] != "fit"


def _row(made: Made, environments: list[dict[str, Any]]) -> dict[str, Any]:
    """A job: code in short, date, number of its environment, which is added where it is new."""
    shown = _environment(made)
    if shown not in environments:
        environments.append(shown)
    return {
        "kind": made.kind,
        "name": made.name,
        "environment": environments.index(shown),
        "code": made.code[:12],
        "made": made.created[:16].replace("T", " "),
        "seconds": made.seconds,
    }


def _environment(made: Made) -> dict[str, Any]:
    own = made.environment
    versions = ", ".join(f"{name} {number}" for name, number in own["versions"].items())
    blas = {f"{pool['internal_api']} {pool['version']}" for pool in own["blas"]}
    return {
        "commit": own["commit"] or "unknown",
        "software": f"Python {own['python']}, {versions}",
        "BLAS": ", ".join(sorted(blas)),
        "machine": f"{own['cpu']}, {own['cores']} cores",
    }


def _fits(names: tuple[str, str], part: pd.DataFrame) -> dict[str, Any]:
    """All jobs of a fitter in an experiment: code in short, dates, seconds."""
    return {
        "experiment": names[0],
        "fitter": names[1],
        "jobs": len(part),
        "environment": ", ".join(str(n + 1) for n in sorted(set(part["environment"]))),
        "code": ", ".join(sorted(set(part["code"]))),
        "made": max(part["made"]),
        "cpu_seconds": float(part["seconds"].sum()),
        "stale": bool(part["stale"].any()),
    }
