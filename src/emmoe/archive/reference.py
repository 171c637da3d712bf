"""Keeps the figures and tables of a full run, with what made them, as the reference."""

import json
import shutil
from pathlib import Path
from typing import Any

from emmoe.jobs.sidecars import of_fits, of_single
from emmoe.store.errors import DataError
from emmoe.store.files import write_json
from emmoe.store.provenance import digest

ENVIRONMENT = ("commit", "python", "versions", "cpu", "cores", "blas")


def keep(config: dict[str, Any], results: Path, reference: Path) -> None:
    """Copy a full run's figures, tables, findings, audit and, if it is there, calibration without
    its parts to a reference folder, and condense the provenance of the config's fits, contests and
    probes into one file there: environments once, then a record a job.

    Raises DataError where there is no finished run to keep."""
    sidecars = [path for path in of_fits(config, results).values() if path.is_file()]
    folders = {name: name for name in ("figures", "tables", "findings")} | {"audit": "audit/paper"}
    if not sidecars or not all((results / folder).is_dir() for folder in folders.values()):
        raise DataError(f"{results}: no finished run to keep: run make paper first")
    for kept, folder in folders.items():
        shutil.rmtree(reference / kept, ignore_errors=True)
        shutil.copytree(results / folder, reference / kept, ignore=shutil.ignore_patterns(".*"))
    if (results / "calibration" / "calibrate.md").is_file():
        shutil.rmtree(reference / "calibration", ignore_errors=True)
        parts = shutil.ignore_patterns("parts")
        shutil.copytree(results / "calibration", reference / "calibration", ignore=parts)
    environments: list[dict[str, Any]] = []
    fits = [_fit(json.loads(path.read_text()), environments) for path in sidecars]
    content = {"environments": environments, "fits": fits}
    for (kind, name), path in of_single(config, results).items():
        if path.is_file():
            record = _single(json.loads(path.read_text()), environments)
            content.setdefault(kind, {})[name] = record
    write_json(content, reference / "provenance.json")


def _environment(content: dict[str, Any], environments: list[dict[str, Any]]) -> int:
    """The number of the environment that a provenance names, added where it is new."""
    environment = {name: content[name] for name in ENVIRONMENT}
    if environment not in environments:
        environments.append(environment)
    return environments.index(environment)


def _single(content: dict[str, Any], environments: list[dict[str, Any]]) -> dict[str, Any]:
    """The provenance of a contest or probe, its environment by number and its task's hash."""
    kept = {name: content[name] for name in ("code", "created", "inputs", "outputs")}
    task = content["task"] | {"cells": [cell["name"] for cell in content["task"]["cells"]]}
    kept |= {"environment": _environment(content, environments), "task": task}
    return kept | {"settings": digest(content["task"])}


def _fit(content: dict[str, Any], environments: list[dict[str, Any]]) -> dict[str, Any]:
    """A fit's provenance without the times of single iterations: its environment by number, its
    task with cells by name and the first and last replicate, and the whole task's hash."""
    task = content["task"] | {"cells": [cell["name"] for cell in content["task"]["cells"]]}
    task["replicates"] = [min(task["replicates"]), max(task["replicates"])]
    seconds = {
        clock: round(sum(record[clock][-1] for record in content["records"] if record[clock]), 3)
        for clock in ("cpu_seconds", "wall_seconds")
    }
    kept = {name: content[name] for name in ("experiment", "fitter", "code", "created")}
    kept |= {"environment": _environment(content, environments), "task": task}
    kept["settings"] = digest(content["task"])
    return kept | {name: content[name] for name in ("inputs", "outputs")} | seconds
