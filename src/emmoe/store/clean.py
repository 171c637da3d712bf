"""`make clean`: removes what was generated, unless a run works here. Needs nothing but Python."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from emmoe.store.failures import told
from emmoe.store.layout import Layout
from emmoe.store.lock import NAME, Guard, Lock

CACHES = (
    ".pytest_cache",
    ".ruff_cache",
    ".mypy_cache",
    ".hypothesis",
    "benchmarks/results",
    ".snakemake",
)
SOURCES = ("src", "tests", "workflow", "benchmarks")


def clean(folder: Path) -> None:
    """Remove results, records and caches; keeps the reference folders, downloads and .venv.

    Raises RunError while a run works here, or elsewhere with these results."""
    layout = Layout()
    results = folder / layout.results
    if results.is_dir() or (folder / ".snakemake").is_dir():
        Guard(folder, [results, folder / layout.downloads]).hold()
        for path in results.glob(f"*/**/.{NAME}"):  # of folders of results below it
            Lock(path, str(path.parent)).take()
    for path in [*_results(results, folder / layout.reference.results), *_generated(folder)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _results(results: Path, reference: Path) -> Iterator[Path]:
    """All of the results, but for the reference, also where it lies aside, and the lock, which is
    held."""
    kept = (reference, results / f".{reference.name}.aside", results / f".{NAME}")
    for path in results.glob("*"):
        if path not in kept:
            yield path


def _generated(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in CACHES if (folder / name).exists())
    for source in SOURCES:
        yield from (folder / source).rglob("__pycache__")


if __name__ == "__main__":
    with told():
        clean(Path.cwd())
