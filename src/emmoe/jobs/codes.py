"""The code that each kind of job depends on: its hash tells a current result from a stale one."""

from collections.abc import Mapping
from typing import Any

from emmoe.store import provenance


def draw_code(task: Mapping[str, Any]) -> str:
    """Return the hash of the code that a draw depends on."""
    start = f"emmoe.starts.{task['start']['name']}"
    return provenance.code_hash("emmoe.lab.draw", *_modules(task), start)


def fit_code(task: Mapping[str, Any]) -> str:
    """Return the hash of the code that a fit depends on, of its own algorithm only."""
    analyses = [f"emmoe.measures.analyses.{name}" for name in task["analyses"]]
    algorithm = f"emmoe.fitters.{task['fitter']['algorithm']}"
    return provenance.code_hash("emmoe.lab.fit", *_modules(task), algorithm, *analyses)


def probe_code(task: Mapping[str, Any]) -> str:
    """Return the hash of the code that a probe depends on."""
    fitters = [f"emmoe.fitters.{f['algorithm']}" for f in task["fitters"].values()]
    return provenance.code_hash(
        f"emmoe.measures.probes.{task['measure']}", *_modules(task), *fitters
    )


def contest_code(task: Mapping[str, Any]) -> str:
    """Return the hash of the code that a contest depends on, of all its rivals."""
    start = f"emmoe.starts.{task['start']['name']}"
    algorithms = sorted({rival["algorithm"] for rival in task["rivals"].values()})
    fitters = [f"emmoe.fitters.{algorithm}" for algorithm in algorithms]
    return provenance.code_hash("emmoe.lab.contest", *_modules(task), start, *fitters)


def product_code(kind: str, name: str) -> str:
    """Return the hash of the code that a figure, table or finding depends on."""
    writers = {
        "figures": "figures._shared.style",
        "tables": "tables._shared.write",
        "findings": "findings.base",
    }
    return provenance.code_hash(f"emmoe.{kind}.{name}", f"emmoe.{writers[kind]}")


def _modules(task: Mapping[str, Any]) -> list[str]:
    datasets = {f"emmoe.datasets.{cell['data']['name']}" for cell in task["cells"]}
    return [f"emmoe.models.{task['model']['name']}", *sorted(datasets)]
