"""Checks that fitters and start laws go with a model: what they need of it, and its blocks."""

from collections.abc import Mapping
from typing import Any

from emmoe.fitters.base import by_block
from emmoe.models.objective import Objective
from emmoe.record import components, registry
from emmoe.store.errors import ConfigError


def check_fitter(where: str, entry: Any, model: Objective, blocks: Mapping[str, slice]) -> None:
    fitter = components.build_fitter(entry, where)
    check_needs(where, entry.algorithm, fitter.needs, model)
    check_blocks(where, fitter, blocks)


def check_needs(where: str, name: str, needs: type, model: Objective) -> None:
    if not isinstance(model, needs):
        own = registry.name_of(model)
        raise ConfigError(f"{where}: {name} needs {needs.described}, {own} is none")


def check_blocks(where: str, part: Any, blocks: Mapping[str, slice]) -> None:
    """Raise ConfigError if a setting by block does not name the model's blocks."""
    for name, value in by_block(part).items():
        if set(value) != set(blocks):
            named = ", ".join(map(str, value)) or "nothing"
            raise ConfigError(f"{where}.{name}: names {named}, the blocks are {', '.join(blocks)}")
