"""What made a result: settings, inputs, software, machine; sealed, so that no edit passes."""

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
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from threadpoolctl import threadpool_info

PACKAGE = Path(__file__).parents[1]
PACKAGES = (
    "numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "scikit-learn", "matplotlib",
    "snakemake",
)  # fmt: skip
# Instructions that compiled code and BLAS choose by; with others, sums differ in their last bits.
VECTORS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "asimd", "sve")
# What results depend on: a commit is named without a mark only if these are as it has them.
SOURCES = ("Snakefile", "config.yaml", "studies", "data/reported", "src", "workflow")
# What lies among them and is no source, whatever files Git is told to leave out.
NO_SOURCES = ("__pycache__", "*.egg-info", ".*")

SEAL = b',\n "seal": "%b"\n}\n'


Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Pool(Struct, frozen=True):
    """A thread pool of BLAS or OpenMP, as threadpoolctl tells it."""

    internal_api: str
    version: str | None
    architecture: str | None
    num_threads: int | None


class Environment(Struct, frozen=True):
    """The software and the machine that a result was made with."""

    commit: str | None
    python: str
    versions: dict[str, str]
    cpu: str
    cores: int | None
    blas: tuple[Pool, ...]


class Made(Struct, frozen=True):
    """What a provenance file says of a job: what made which files from which inputs; settings: the
    digest of its task; seconds: CPU time; environment: the commit, software and machine."""

    kind: str
    name: str
    code: Sha256
    settings: Sha256
    task: Any
    inputs: dict[str, Sha256]
    outputs: dict[str, Sha256]
    created: str
    seconds: Annotated[float, Meta(ge=0, le=1e12)]
    environment: Environment
    notes: dict[str, Any] = {}

    @property
    def path(self) -> str:
        """Its kind and name."""
        return f"{self.kind}/{self.name}"

    def sealed(self) -> bytes:
        """Return it as a provenance file: JSON whose last entry is the SHA-256 of all before it."""
        body = msgspec.json.format(msgspec.json.encode(self), indent=1).removesuffix(b"\n}")
        return body + SEAL % hashlib.sha256(body).hexdigest().encode()


def unsealed(data: bytes) -> Made:
    """Return what a provenance file says; raises ValueError if it is none, or not as written."""
    body, found, _ = data.rpartition(SEAL.partition(b"%")[0])
    if not found or data != body + SEAL % hashlib.sha256(body).hexdigest().encode():
        raise ValueError("edited or damaged after it was written")
    return msgspec.json.decode(body + b"\n}", type=Made)


def digest(content: Any) -> str:
    """Return a SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def file_hash(path: Path | str) -> str:
    """Return a file's SHA-256."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _commit() -> str | None:
    """The commit of this checkout, with "-dirty" where its files differ from it; without one of its
    own, as in the container, what EMMOE_COMMIT says."""
    root = PACKAGE.parents[1]
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            raise OSError("the repository around it is another's")
        return _git(root, "rev-parse", "HEAD") + ("-dirty" if _differs(root) else "")
    except (OSError, subprocess.CalledProcessError):
        return None if (root / ".git").exists() else os.environ.get("EMMOE_COMMIT") or None


def _differs(root: Path) -> bool:
    """Whether a source is not as the commit has it, or not in it, by content: the index may be told
    to pass over changes, and `.gitignore` and its like over files."""
    with TemporaryDirectory() as folder:
        index = str(Path(folder, "index"))
        _git(root, "read-tree", "HEAD", index=index)
        changed = ("status", "--porcelain", "--untracked-files=no")
        others = ("ls-files", "--others", *(f"--exclude={name}" for name in NO_SOURCES))
        return any(_git(root, *own, "--", *SOURCES, index=index) for own in (changed, others))


def _git(root: Path, *command: str, index: str = "") -> str:
    """What Git says of a folder, whatever repository the environment names; index: the file in
    place of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own |= {"GIT_INDEX_FILE": index} if index else {}
    options = {"capture_output": True, "text": True, "check": True, "env": own}
    command = ("git", "-c", "core.fsmonitor=false", "-C", str(root), *command)
    return subprocess.run(command, **options).stdout.strip()


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


def environment() -> Environment:
    """Return commit, software versions, machine and BLAS."""
    return msgspec.structs.replace(_lasting(), blas=_pools())


@cache
def _lasting() -> Environment:
    """The environment, without the pools of threads, which libraries add as they are loaded."""
    return Environment(
        commit=_commit(),
        python=platform.python_version(),
        versions={name: importlib.metadata.version(name) for name in PACKAGES},
        cpu=_cpu(),
        cores=os.cpu_count(),
        blas=(),
    )


def now() -> str:
    """Return the time to the second, as provenance has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _pools() -> tuple[Pool, ...]:
    """The thread pools of BLAS and OpenMP that are loaded, each once."""
    pools = {Pool(*map(pool.get, Pool.__struct_fields__)) for pool in threadpool_info()}
    return tuple(sorted(pools, key=str))
