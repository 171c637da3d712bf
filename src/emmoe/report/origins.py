"""Where the results come from: runs, code, software, machine, seeds, times."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from emmoe import grid, jobs, provenance
from emmoe.report.products import experiments


class Origins(NamedTuple):
    """fits: a row an experiment and fitter; environments: what the fits were made with, in short;
    stale: experiments with a fit that other code or settings made; source: what was read."""

    fits: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    stale: frozenset[str]
    source: str


def sidecars(config: dict[str, Any], results: Path) -> dict[tuple[str, str, str], Path]:
    """Return the provenance files of all fits by (experiment, fitter, block), there or not."""
    return {
        (name, fitter, block): results / "traces" / name / fitter / f"{block}.provenance.json"
        for name, experiment in config["experiments"].items()
        for fitter in experiment["fitters"]
        for block in grid.fitter_blocks(experiment, fitter)
    }


def behind(config: dict[str, Any], targets: Collection[str], results: str) -> list[str]:
    """Return the provenance files of the experiments behind all figures and tables of targets."""
    entries = [*config["figures"].values(), *config["tables"].values()]
    shown = [experiments(config, entry) for entry in entries if entry["target"] in targets]
    found = sidecars(config, Path(results))
    return [str(path) for (name, *_), path in found.items() if any(name in own for own in shown)]


def origins(config: dict[str, Any], results: Path) -> Origins | None:
    """Return the origins of all fits that are there, else of the reference, or None."""
    records = list(_own(config, results))
    if records:
        return _gathered(records, f"{results}/traces/**/*.provenance.json")
    kept = results / "reference" / "provenance.json"
    if not kept.is_file():
        return None
    content = json.loads(kept.read_text())
    records = [
        fit | content["environments"][fit["environment"]] | {"stale": False}
        for fit in content["fits"]
    ]
    return _gathered(records, str(kept))


def _own(config: dict[str, Any], results: Path) -> Iterator[dict[str, Any]]:
    codes: dict[tuple[str, str], str] = {}
    for (name, fitter, block), path in sidecars(config, results).items():
        if path.is_file():
            content = json.loads(path.read_text())
            task = grid.fit_task(config, name, fitter, block)
            if (name, fitter) not in codes:  # the same for all its blocks
                codes[name, fitter] = jobs.fit_code(task)
            current = provenance.digest(content["task"]) == provenance.digest(task)
            current = current and content["code"] == codes[name, fitter]
            yield content | _seconds(content["records"]) | {"stale": not current}


def _seconds(records: list[dict[str, Any]]) -> dict[str, float]:
    """The sums over runs of their clocks' last values."""
    return {
        clock: sum(record[clock][-1] for record in records if record[clock])
        for clock in ("cpu_seconds", "wall_seconds")
    }


def _gathered(records: list[dict[str, Any]], source: str) -> Origins:
    environments: list[dict[str, Any]] = []
    for record in records:
        shown = _environment(record)
        if shown not in environments:
            environments.append(shown)
        record["environment"] = environments.index(shown)
    frame = pd.DataFrame(records)
    groups = frame.groupby(["experiment", "fitter"], sort=False)
    return Origins(
        fits=[_fits(names, part) for names, part in groups],
        environments=environments,
        stale=frozenset(frame[frame["stale"]]["experiment"]),
        source=source,
    )


def _environment(record: dict[str, Any]) -> dict[str, Any]:
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    blas = {f"{pool['internal_api']} {pool['version']}" for pool in record["blas"]}
    return {
        "commit": record["commit"] or "unknown",
        "software": f"Python {record['python']}, {versions}",
        "BLAS": ", ".join(sorted(blas)),
        "machine": f"{record['cpu']}, {record['cores']} cores",
    }


def _fits(names: tuple[str, str], part: pd.DataFrame) -> dict[str, Any]:
    """All jobs of a fitter in an experiment: code and commits in short, dates, seconds."""
    return {
        "experiment": names[0],
        "fitter": names[1],
        "jobs": len(part),
        "environment": ", ".join(str(n + 1) for n in sorted(set(part["environment"]))),
        "code": ", ".join(sorted({code[:12] for code in part["code"]})),
        "made": max(part["created"])[:16].replace("T", " "),
        "cpu_seconds": float(part["cpu_seconds"].sum()),
        "wall_seconds": float(part["wall_seconds"].sum()),
        "stale": bool(part["stale"].any()),
    }
