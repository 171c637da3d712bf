"""Where the results come from: runs, code, software, machine, seeds, times."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from emmoe.jobs import codes
from emmoe.jobs.sidecars import SINGLE, of_fits, of_single
from emmoe.record import cells as grid
from emmoe.report.products import experiments
from emmoe.store import provenance


class Origins(NamedTuple):
    """fits: a row an experiment and fitter; single: a row a contest or probe; environments: what
    both were made with, in short; stale: experiments with a fit that other code or settings made;
    source: what was read."""

    fits: list[dict[str, Any]]
    single: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    stale: frozenset[str]
    source: str


def behind(config: dict[str, Any], targets: Collection[str], results: str) -> list[str]:
    """Return the provenance files of the experiments behind all figures and tables of targets."""
    entries = [*config["figures"].values(), *config["tables"].values()]
    shown = [experiments(config, entry) for entry in entries if entry["target"] in targets]
    found = of_fits(config, Path(results))
    return [str(path) for (name, *_), path in found.items() if any(name in own for own in shown)]


def origins(config: dict[str, Any], results: Path) -> Origins | None:
    """Return the origins of all fits, contests and probes that are there, else of the reference, or
    None."""
    records = list(_own(config, results))
    if records:
        single = list(_single(config, results))
        return _gathered(records, single, f"{results}/**/*provenance.json")
    kept = results / "reference" / "provenance.json"
    if not kept.is_file():
        return None
    content = json.loads(kept.read_text())

    def whole(record: dict[str, Any]) -> dict[str, Any]:
        return record | content["environments"][record["environment"]] | {"stale": False}

    fits = [whole(record) for record in content["fits"]]
    single = [
        whole(record) | {"kind": kind, "name": name}
        for kind in SINGLE
        for name, record in content.get(kind, {}).items()
    ]
    return _gathered(fits, single, str(kept))


def _own(config: dict[str, Any], results: Path) -> Iterator[dict[str, Any]]:
    current: dict[tuple[str, str], str] = {}
    for (name, fitter, block), path in of_fits(config, results).items():
        if path.is_file():
            content = json.loads(path.read_text())
            task = grid.fit_task(config, name, fitter, block)
            if (name, fitter) not in current:  # the same for all its blocks
                current[name, fitter] = codes.fit_code(task)
            stale = _is_stale(content, task, current[name, fitter])
            yield content | _seconds(content["records"]) | {"stale": stale}


def _single(config: dict[str, Any], results: Path) -> Iterator[dict[str, Any]]:
    for (kind, name), path in of_single(config, results).items():
        if path.is_file():
            content, (_, task_of, code_of) = json.loads(path.read_text()), SINGLE[kind]
            task = task_of(config, name)
            stale = _is_stale(content, task, code_of(task))
            yield content | {"kind": kind, "name": name, "stale": stale}


def _is_stale(content: dict[str, Any], task: dict[str, Any], code: str) -> bool:
    settings = provenance.digest(content["task"])
    return content["code"] != code or settings != provenance.digest(task)


def _seconds(records: list[dict[str, Any]]) -> dict[str, float]:
    """The sums over runs of their clocks' last values."""
    return {
        clock: sum(record[clock][-1] for record in records if record[clock])
        for clock in ("cpu_seconds", "wall_seconds")
    }


def _gathered(records: list[dict[str, Any]], single: list[dict[str, Any]], source: str) -> Origins:
    environments: list[dict[str, Any]] = []
    for record in [*records, *single]:
        shown = _environment(record)
        if shown not in environments:
            environments.append(shown)
        record["environment"] = environments.index(shown)
    frame = pd.DataFrame(records)
    groups = frame.groupby(["experiment", "fitter"], sort=False)
    return Origins(
        fits=[_fits(names, part) for names, part in groups],
        single=[_alone(record) for record in single],
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
        "made": _minute(max(part["created"])),
        "cpu_seconds": float(part["cpu_seconds"].sum()),
        "wall_seconds": float(part["wall_seconds"].sum()),
        "stale": bool(part["stale"].any()),
    }


def _alone(record: dict[str, Any]) -> dict[str, Any]:
    """A contest or a probe: code in short, date, number of its environment."""
    return {
        "kind": record["kind"].removesuffix("s"),
        "name": record["name"],
        "environment": record["environment"] + 1,
        "code": record["code"][:12],
        "made": _minute(record["created"]),
        "stale": record["stale"],
    }


def _minute(created: str) -> str:
    return created[:16].replace("T", " ")
