"""Checks the folders that a record names: they are where one means them to be, and hold no source.

They go into paths of rules and jobs as they stand, so that one folder is written in one way only.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from emmoe.record.entries import Folders
from emmoe.record.scalars import odd, shown
from emmoe.store.errors import ConfigError

LONGEST = 100  # characters of a folder's name: paths below it must stay within the system's limit
PATTERN = re.compile(r"[{}*?\[\]\\$]|^~")
# What a checkout holds that is no result; whatever begins with a dot is none either.
SOURCES = (
    "benchmarks", "data/reported", "docs", "profiles", "src", "studies", "tests", "workflow",
)  # fmt: skip
KEPT = "results/reference"


def check_folders(folders: Folders) -> None:
    """Raise ConfigError, in one line, for a folder whose name can't be used anywhere."""
    for name in Folders.__struct_fields__:
        _check_text(f"folders.{name}", getattr(folders, name))


def check_places(folders: Folders) -> None:
    """Raise ConfigError, in one line, for a folder that can't be used where this process works, or
    for two that overlap."""
    for placed in (_named, _linked):
        for name in Folders.__struct_fields__:
            _check_place(f"folders.{name}", getattr(folders, name), placed)
        results, downloads = map(placed, (folders.results, folders.downloads))
        if results == downloads or results in downloads.parents or downloads in results.parents:
            raise ConfigError(
                f"folders.downloads: {folders.downloads} and the results' {folders.results} must "
                "lie apart: name two folders"
            )


def _check_text(where: str, folder: str) -> None:
    if not folder.strip():
        raise ConfigError(f"{where}: must name a folder, got {folder!r}")
    if odd(folder) or folder != folder.strip():
        raise ConfigError(f"{where}: {folder!r} has a line break, a control character or a space "
                          "at an end: take it out")  # fmt: skip
    if found := PATTERN.search(folder):
        raise ConfigError(f"{where}: {shown(folder)} holds {found[0]!a}, which is no plain path: "
                          "write the whole path without it")  # fmt: skip
    path = PurePosixPath(folder)
    if ".." in path.parts:
        raise ConfigError(f"{where}: {shown(folder)} leads out of its folder by ..: write the "
                          "whole path")  # fmt: skip
    if str(path) != folder:
        raise ConfigError(f"{where}: {shown(folder)} must be written {shown(str(path))}")
    if long := next((part for part in path.parts if len(part) > LONGEST), None):
        raise ConfigError(f"{where}: {shown(long)} has more than {LONGEST} characters")


def _check_place(where: str, folder: str, placed: Callable[[str], Path]) -> None:
    """Raise ConfigError for the checkout itself, for what holds it, its sources, and for a file;
    placed: what finds the path of a folder."""
    here, path = Path.cwd(), placed(folder)
    if path == here or path in here.parents:
        raise ConfigError(f"{where}: {shown(folder)} is this folder, or holds it: name one inside")
    for source in (*SOURCES, KEPT):
        own = placed(source)
        held = path in own.parents and source != KEPT  # the reference lies in the results
        if path == own or held or own in path.parents:
            said = f"{shown(folder)} overlaps with {source}, which no run makes"
            raise ConfigError(f"{where}: {said}: name another")
    inside = path.relative_to(here).parts if here in path.parents else ()
    if inside and inside[0].startswith("."):
        raise ConfigError(f"{where}: {shown(folder)} is hidden: name one without a leading dot")
    found = next(part for part in (path, *path.parents) if os.path.lexists(part))
    if not found.is_dir():
        raise ConfigError(f"{where}: {shown(str(found))} is there, and no folder: name another")


def _named(folder: str) -> Path:
    """A folder's path as it is written."""
    return Path.cwd() / folder


def _linked(folder: str) -> Path:
    """A folder's path where links lead to."""
    return Path(os.path.realpath(folder))
