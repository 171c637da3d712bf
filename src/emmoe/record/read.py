"""Reads the experiment record: config.yaml, the studies it names, and what is laid over them.

Every mistake is one line that names the setting and, where it stands in a file, file and line.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml as plain_yaml

from emmoe.record import yaml
from emmoe.record.check import check_record
from emmoe.record.convert import record_of
from emmoe.record.entries import Record
from emmoe.record.expand import Expanded, expand, merged
from emmoe.store.errors import ConfigError

STUDY = "studies"  # the setting, and the folder beside the file that has it
PAPER = "paper"  # the study of what stands in the first file itself

Files = Sequence[Path | str] | Path | str


def load(files: Files, overrides: Mapping[str, Any] | None = None, thorough: bool = True) -> Record:
    """Return the checked record of files, each laid over the ones before, and overrides over all.

    thorough: check every cell too, as all but a job's own process must. Raises ConfigError."""
    sources = _Sources(files, overrides or {})
    try:
        return check(sources.content, thorough, sources.studies)
    except ConfigError as error:
        raise ConfigError(sources.placed(str(error))) from None


def check(
    content: Any, thorough: bool = True, studies: Mapping[tuple[str, str], str] | None = None
) -> Record:
    """Return the checked record of a mapping; studies: of entries, as (section, name)."""
    found = _expanded(content)
    studies = studies or {}

    def study_of(section: str, name: str) -> str:
        origin = found.origins.get((section, name), f"{section}.{name}").split(".")
        return studies.get((origin[0], origin[1]), PAPER)

    record = record_of(found.content, study_of)
    check_record(record, thorough)
    return record


def expanded(files: Files, overrides: Mapping[str, Any] | None = None) -> str:
    """Return the record of files with all written out, as YAML."""
    content = _expanded(_Sources(files, overrides or {}).content).content
    return plain_yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _expanded(content: Any) -> Expanded:
    if not isinstance(content, dict):
        raise ConfigError(f"config: must be a mapping, got {content!r}")
    return expand(content)


class _Sources:
    """The files of a record, laid over each other; where every setting was written last."""

    def __init__(self, files: Files, overrides: Mapping[str, Any]):
        files = [files] if isinstance(files, Path | str) else list(files)
        self.content: Any = None
        self.studies: dict[tuple[str, str], str] = {}
        self.places: dict[tuple[str, ...], tuple[str, int]] = {}
        for file in files:
            content = self._read(Path(file))
            self.content = content if self.content is None else merged(self.content, content, "")
        if overrides and isinstance(self.content, dict):
            self.content = merged(self.content, dict(overrides), "")

    def _read(self, file: Path) -> Any:
        """A file's content with its studies'."""
        content = self._document(file)
        if not isinstance(content, dict):
            return content
        for study in content.pop(STUDY, []):
            own = self._document(file.parent / STUDY / f"{study}.yaml")
            for section, entries in own.items() if isinstance(own, dict) else ():
                self._add(content, section, entries, study)
        return content

    def _add(self, content: dict[str, Any], section: str, entries: Any, study: str) -> None:
        known = content.setdefault(section, {})
        if not isinstance(entries, dict) or not isinstance(known, dict):
            raise ConfigError(f"{STUDY}/{study}.yaml: {section}: must be a mapping")
        for name, entry in entries.items():
            if name in known:
                raise ConfigError(f"{STUDY}/{study}.yaml: {section}.{name} is there already")
            known[name] = entry
            self.studies[section, name] = study

    def _document(self, file: Path) -> Any:
        document = yaml.read(file)
        self.places |= {at: (str(file), line) for at, line in document.lines.items()}
        return document.content

    def placed(self, message: str) -> str:
        """Return a message with the file and line of the setting that it begins with."""
        parts = message.partition(": ")[0].split(".")
        for length in range(len(parts), 0, -1):
            if place := self.places.get(tuple(parts[:length])):
                return f"{place[0]}, line {place[1]}: {message}"
        return message
