"""What made a result: code, settings, seeds, software, machine."""

import ast
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct
from threadpoolctl import threadpool_info

PACKAGE = Path(__file__).parents[1]
PACKAGES = (
    "numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "scikit-learn", "matplotlib",
    "snakemake",
)  # fmt: skip
# Instructions that compiled code and BLAS choose by; with others, sums differ in their last bits.
VECTORS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "asimd", "sve")
# Modules that find, check and describe, and so change no number.
NEUTRAL = {
    "emmoe.record.components",
    "emmoe.record.entries",
    "emmoe.record.registry",
    "emmoe.record.tasks",
    "emmoe.record.values",
    "emmoe.store.errors",
    "emmoe.store.provenance",
}


class Made(Struct, frozen=True):
    """What a provenance file says of a job: what made which files from which inputs; settings: the
    digest of its task; seconds: CPU time; environment: the commit, software and machine."""

    kind: str
    name: str
    code: str
    settings: str
    task: Any
    inputs: dict[str, str]
    outputs: dict[str, str]
    created: str
    seconds: float
    environment: dict[str, Any]
    notes: dict[str, Any] = {}

    @property
    def path(self) -> str:
        """Its kind and name."""
        return f"{self.kind}/{self.name}"


def _path(module: str) -> Path | None:
    """The file of a module of this package, or None."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.startswith("emmoe.") and name not in NEUTRAL}


def _canonical(node: Any) -> Any:
    """A syntax tree as nested lists, without docstrings and without what versions of Python add."""
    if isinstance(node, ast.AST):
        fields = ((name, _canonical(value)) for name, value in ast.iter_fields(node))
        return [type(node).__name__, *([n, v] for n, v in fields if v not in (None, []))]
    if isinstance(node, list):
        return [_canonical(child) for child in node if not _is_docstring(child)]
    return repr(node) if node is not None else None


def _is_docstring(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@cache
def _module(name: str) -> tuple[str, frozenset[str]]:
    """A module's code as canonical text, and the modules of this package that it imports."""
    tree = ast.parse(_path(name).read_bytes())
    return json.dumps(_canonical(tree)), frozenset(n for n in _imports(tree) if _path(n))


def code_hash(*modules: str) -> str:
    """Return a SHA-256 of the modules and all of this package that they import.

    Comments, docstrings and layout do not count, so editing them reruns nothing."""
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name], imports = _module(name)
            waiting += imports
    return digest(sorted(seen.items()))


def digest(content: Any) -> str:
    """Return a SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def file_hash(path: Path | str) -> str:
    """Return a file's SHA-256."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _commit() -> str | None:
    """The commit of the working tree, with "-dirty" where sources differ from it; without Git, as
    in the container, what EMMOE_COMMIT says."""
    git = ["git", "-C", str(PACKAGE)]
    describe = [*git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("EMMOE_COMMIT") or None


def _cpu() -> str:
    """The processor's name and, where Linux tells, its vector instructions."""
    try:
        first = Path("/proc/cpuinfo").read_text("utf-8").split("\n\n")[0]
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(re.findall(r"^(.*?)\s*: (.*)$", first, re.M))
    flags = (facts.get("flags") or facts.get("Features") or "").split()
    name = facts.get("model name") or platform.processor() or platform.machine()
    return f"{name} ({', '.join(vector for vector in VECTORS if vector in flags)})"


def environment() -> dict[str, Any]:
    """Return commit, software versions, machine and BLAS."""
    return _lasting() | {"blas": _pools()}


@cache
def _lasting() -> dict[str, Any]:
    """What of the environment stays the same while a process runs."""
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "cpu": _cpu(),
        "cores": os.cpu_count(),
    }


def now() -> str:
    """Return the time to the second, as provenance has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _pools() -> list[dict[str, Any]]:
    """The thread pools of BLAS and OpenMP that are loaded, each once."""
    keys = ("internal_api", "version", "architecture", "num_threads")
    pools = {tuple(pool.get(key) for key in keys) for pool in threadpool_info()}
    return [dict(zip(keys, pool, strict=True)) for pool in sorted(pools, key=str)]
