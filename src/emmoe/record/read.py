"""Reads the experiment record: config.yaml, the studies it names, and what is laid over them.

Every mistake is one line that names the setting and, where it stands in a file, the file with line
and column.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emmoe.record import yaml
from emmoe.record.check import check_record
from emmoe.record.check_folders import check_places
from emmoe.record.convert import NAME, record_of
from emmoe.record.entries import Record
from emmoe.record.expand import Expanded, expand, merged
from emmoe.record.proven import is_proven, proof, remember
from emmoe.record.scalars import shown
from emmoe.record.structs import check_values, mapping
from emmoe.record.values import Value
from emmoe.store.errors import ConfigError

STUDY = "studies"  # the setting, and the folder beside the file that has it
LONGEST = 1000  # characters of a message
QUOTED = re.compile(r"""'([^']+)'|"([^"]+)\"""")  # as Python writes a name
PAPER = "paper"  # the study of what stands in the first file itself

Files = Sequence[Path | str] | Path | str


def load(files: Files, overrides: Mapping[str, Any] | None = None, thorough: bool = True) -> Record:
    """Return the checked record of files, each laid over the ones before, and overrides over all.

    thorough: check every cell too, as all but a job's own process must. Raises ConfigError."""
    sources = _Sources(files, overrides or {})
    origins: Mapping[tuple[str, str], str] = {}
    try:
        found = _expanded(sources.content)
        origins = found.origins
        return _checked(found, thorough, sources.studies)
    except ConfigError as error:
        raise ConfigError(sources.placed(str(error), origins)) from None


def check(content: Any, thorough: bool = True) -> Record:
    """Return the checked record of a mapping."""
    return _checked(_expanded(content), thorough, {})


def _checked(found: Expanded, thorough: bool, studies: Mapping[tuple[str, str], str]) -> Record:
    """The checked record of an expanded one; studies: of entries, as (section, name)."""

    def study_of(section: str, name: str) -> str:
        section, _, name = found.origins.get((section, name), f"{section}.{name}").partition(".")
        return studies.get((section, name), PAPER)

    record = record_of(found.content, study_of)
    known = proof(record)
    if not is_proven(known):
        check_record(record, thorough)
    if thorough:
        remember(known)
        check_places(record.folders)
    return record


def expanded(files: Files, overrides: Mapping[str, Any] | None = None) -> str:
    """Return the record of files with all written out, as YAML."""
    content = _expanded(_Sources(files, overrides or {}).content).content
    return yaml.dump(content)


def _expanded(content: Any) -> Expanded:
    if not isinstance(content, dict):
        raise ConfigError(f"config: must be a mapping, got {content!r}")
    check_values("", content)
    return expand(content)


class _Sources:
    """The files of a record, laid over each other; where every setting was written last."""

    def __init__(self, files: Files, overrides: Mapping[str, Any]):
        files = [files] if isinstance(files, Path | str) else list(files)
        self.content: Any = None
        self.studies: dict[tuple[str, str], str] = {}
        self.places: dict[str, str] = {}
        for file in files:
            content = self._read(Path(file))
            self.content = content if self.content is None else self._laid_over(content)
        if overrides and isinstance(self.content, dict):
            self.content = self._laid_over(dict(overrides))

    def _laid_over(self, content: Any) -> Any:
        try:
            return merged(self.content, content, "")
        except ConfigError as error:
            raise ConfigError(self.placed(str(error), {})) from None

    def _read(self, file: Path) -> Any:
        """A file's content with its studies'."""
        content = self._document(file)
        if not isinstance(content, dict):
            return content
        studies = content.pop(STUDY, [])
        if not isinstance(studies, list) or not all(map(_is_name, studies)):
            said = f"{STUDY}: must be a list of names of files in {STUDY}/, got {shown(studies)}"
            raise self._mistake(STUDY, said)
        for study in studies:
            own = self._document(file.parent / STUDY / f"{study}.yaml")
            for section, entries in mapping(f"{STUDY}/{study}.yaml", own or {}).items():
                self._add(content, section, entries, study)
        return content

    def _add(self, content: dict[str, Value], section: str, entries: Any, study: str) -> None:
        known = content.setdefault(section, {})
        if not isinstance(entries, dict) or not isinstance(known, dict):
            raise self._mistake(section, f"{section}: must be a mapping in a study")
        for name, entry in entries.items():
            if name in known:
                said = f"{section}.{name}: is there already, outside of the study {study}: rename"
                raise self._mistake(f"{section}.{name}", f"{said} one")
            known[name] = entry
            self.studies[section, name] = study

    def _document(self, file: Path) -> Any:
        document = yaml.read(file)
        places = document.places.items()
        self.places |= {_shown(keys): f"{file}, {place}" for keys, place in places}
        return document.content

    def _mistake(self, path: str, said: str) -> ConfigError:
        place = self.places.get(path)
        return ConfigError(f"{place}: {said}" if place else said)

    def placed(self, message: str, origins: Mapping[tuple[str, str], str]) -> str:
        """Return a message with file, line and column of the setting that it begins with, or of
        the nearest that holds it and was written; origins: of entries, (section, name) -> path."""
        path, _, said = message.partition(": ")
        section, _, rest = path.partition(".")
        path = origins.get((section, rest.partition(".")[0]), path)
        quoted = QUOTED.search(said)
        name = quoted and (quoted[1] or quoted[2])
        path = _shown([path])
        path = f"{path}.{name}" if name else path  # a setting that should not be there
        path = path.removeprefix("config.")
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        whole = f"{self.places[path]}: {message}" if path else message
        whole = "".join(c if c.isprintable() else repr(c)[1:-1] for c in whole)  # names hold any
        return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}..."


def _shown(keys: Sequence[str]) -> str:
    """The path of a setting, its names as messages quote them."""
    return ".".join(repr(key)[1:-1] for key in keys)


def _is_name(study: Any) -> bool:
    return isinstance(study, str) and bool(NAME.fullmatch(study))
