"""Checks the section `audit` of a config beyond its schema."""

from collections.abc import Iterable, Mapping
from typing import Any

from emmoe.record.registry import nearest
from emmoe.store.errors import ConfigError


def check(config: Mapping[str, Any]) -> None:
    """Raise ConfigError, naming the setting, for an experiment or a fitter that is not there."""
    known = config["experiments"]
    _check_known("audit.theory", "experiment", config["audit"]["theory"], known)
    for scope, tables in config["audit"]["contests"].items():
        _check_known(f"audit.contests.{scope}", "table", tables, config["tables"])
    for model, entry in config["audit"]["runs"].items():
        tries = [name for names in entry["tries"].values() for name in names]
        for role in ("run", "again"):
            where = f"audit.runs.{model}"
            _check_known(f"{where}.{role}", "experiment", [entry[role]], known)
            fitters = known[entry[role]]["fitters"]
            named = {"fitters": entry["fitters"], "tries": [*entry["tries"], *tries]}
            for setting, names in named.items():
                _check_known(f"{where}.{setting}", f"fitter of {entry[role]}", names, fitters)


def _check_known(where: str, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"{where}: no {what} named {name!r}{nearest(name, known)}")
