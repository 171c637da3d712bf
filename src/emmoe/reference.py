"""Keeps the figures and tables of a full run, with what made them, as the reference."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from emmoe.errors import DataError
from emmoe.grid import fitter_blocks
from emmoe.provenance import digest
from emmoe.results import write_json

ENVIRONMENT = ("commit", "python", "versions", "cpu", "cores", "blas")


def keep(
    experiments: dict[str, Any], results: Path, reference: Path, contests: Iterable[str] = ()
) -> None:
    """Copy a full run's figures, tables, findings, audit and, if it is there, calibration without
    its parts to a reference folder, and condense the provenance of the experiments' fits and of the
    contests into one file there: environments once, then a record a fit and a contest.

    Raises DataError where there is no finished run to keep."""
    sidecars = [path for path in _sidecars(experiments, results) if path.is_file()]
    folders = {name: name for name in ("figures", "tables", "findings")} | {"audit": "audit/paper"}
    if not sidecars or not all((results / folder).is_dir() for folder in folders.values()):
        raise DataError(f"{results}: no finished run to keep: run make paper first")
    for kept, folder in folders.items():
        shutil.rmtree(reference / kept, ignore_errors=True)
        shutil.copytree(results / folder, reference / kept)
    if (results / "calibration" / "calibrate.md").is_file():
        shutil.rmtree(reference / "calibration", ignore_errors=True)
        parts = shutil.ignore_patterns("parts")
        shutil.copytree(results / "calibration", reference / "calibration", ignore=parts)
    environments: list[dict[str, Any]] = []
    fits = [_fit(json.loads(path.read_text()), environments) for path in sidecars]
    content = {"environments": environments, "fits": fits}
    paths = [results / "contests" / name / "provenance.json" for name in contests]
    found = [json.loads(path.read_text()) for path in paths if path.is_file()]
    content["contests"] = [_contest(record, environments) for record in found]
    write_json(content, reference / "provenance.json")


def _sidecars(experiments: dict[str, Any], results: Path) -> Iterator[Path]:
    """The provenance files of all fits of a config: others may be left over from another."""
    for name, experiment in experiments.items():
        for fitter in experiment["fitters"]:
            for block in fitter_blocks(experiment, fitter):
                yield results / "traces" / name / fitter / f"{block}.provenance.json"


def _environment(content: dict[str, Any], environments: list[dict[str, Any]]) -> int:
    """The number of the environment that a provenance names, added where it is new."""
    environment = {name: content[name] for name in ENVIRONMENT}
    if environment not in environments:
        environments.append(environment)
    return environments.index(environment)


def _contest(content: dict[str, Any], environments: list[dict[str, Any]]) -> dict[str, Any]:
    """A contest's provenance, its environment by number."""
    kept = {name: content[name] for name in ("contest", "code", "created", "inputs", "outputs")}
    task = content["task"] | {"cells": [cell["name"] for cell in content["task"]["cells"]]}
    return kept | {"environment": _environment(content, environments), "task": task}


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
