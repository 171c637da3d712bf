"""What a job reads: each result is checked against the provenance of the job that wrote it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emmoe.store import files, provenance
from emmoe.store.errors import DataError
from emmoe.store.layout import Layout
from emmoe.store.provenance import Made, unsealed

Paths = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Inputs:
    """The inputs of a job that runs, each checked against what wrote it when it is read."""

    layout: Layout
    paths: Paths
    checksums: Mapping[str, str] = field(default_factory=dict)

    def frames(self, name: str) -> list[Any]:
        """Return all tables of a name."""
        return [files.read_frame(self.checked(path)) for path in self.paths.get(name, ())]

    def frame(self, name: str) -> Any:
        """Return the one table of a name."""
        (frame,) = self.frames(name)
        return frame

    def contents(self, name: str) -> list[dict[str, Any]]:
        """Return all JSON files of a name."""
        return [files.read_json(self.checked(path)) for path in self.paths.get(name, ())]

    @property
    def downloads(self) -> dict[str, tuple[Path, str]]:
        """The downloads, as <folder>/<file>, with their paths and checksums."""
        found = map(Path, self.paths.get("downloads", ()))
        return {f"{p.parent.name}/{p.name}": (p, self.checksums[str(p)]) for p in found}

    def checked(self, path: str) -> str:
        """Return a path; raises DataError, naming it, if it is not what its job wrote."""
        if self.layout.is_result(path):
            check(self.layout, path)
        return path

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of every input by its path (below the results, where it is one)."""
        found = [path for paths in self.paths.values() for path in paths]
        return {
            self.layout.inside(path): self.checksums.get(path) or _hash(self.layout, path)
            for path in found
        }


def read_made(path: str) -> Made:
    """Return a provenance file's content; raises DataError, naming it, for what is none or was
    changed."""
    try:
        return unsealed(Path(path).read_bytes())
    except (OSError, ValueError):
        raise DataError(f"{path}: {files.CHANGED}") from None


def check(layout: Layout, path: str) -> None:
    """Raise DataError, naming a result, if it is not what its provenance says was written."""
    if provenance.file_hash(path) != _hash(layout, path):
        raise DataError(f"{path}: {files.CHANGED}")


def _hash(layout: Layout, path: str) -> str:
    """The SHA-256 of a result by its provenance, of any other file by its bytes."""
    if not layout.is_result(path):
        return provenance.file_hash(path)
    record = layout.provenance_of(path)
    outputs = read_made(record).outputs
    if layout.inside(path) not in outputs:
        raise DataError(f"{path}: {record} does not know it: delete both to have it made again")
    return outputs[layout.inside(path)]
