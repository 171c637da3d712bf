"""Step-size grids of factor 2: a rival's settings with `doublings` stand for one variant a step.

`step: 0.5, doublings: [-1, 2]` is the grid 0.25, 0.5, 1, 2. `step: {beta: 1, w: 4}` is multiplied
as a whole; with `doublings: {beta: [-1, 1], w: [0, 2]}` the blocks vary apart.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, NamedTuple

from msgspec.structs import replace

from emmoe.record.entries import Rival
from emmoe.record.values import Settings
from emmoe.store.errors import ConfigError


class Variant(NamedTuple):
    """A rival at one step: its name within the rival ("" without a grid), the power of two by which
    its step (the last block's, where they vary apart) is multiplied, and the fitter's settings."""

    name: str
    exponent: float
    settings: Settings


def variants(rival: Rival, where: str = "rival") -> list[Variant]:
    """Return a rival's variants; raises ConfigError, naming `where`, for a grid without a step."""
    settings, grid = rival.settings, rival.doublings
    if grid is None:
        return [Variant("", float("nan"), settings)]
    step = settings.get("step")
    if step is None:
        raise ConfigError(f"{where}.doublings: there is no step to double: add one")
    sizes = list(step.values()) if isinstance(step, Mapping) else [step]
    if any(isinstance(size, bool) or not isinstance(size, int | float) for size in sizes):
        raise ConfigError(f"{where}.step: must be a number, or one by block, got {step!r}")
    if not isinstance(grid, Mapping):
        return [_variant(settings, [k], _scaled(step, k)) for k in _exponents(grid, where)]
    if not isinstance(step, Mapping) or set(step) != set(grid):
        raise ConfigError(f"{where}.doublings: must name the same blocks as the step")
    points = product(*(_exponents(grid[block], where) for block in step))
    return [
        _variant(
            settings,
            list(point),
            {b: _scaled(step[b], k) for b, k in zip(step, point, strict=True)},
        )
        for point in points
    ]


def widened(rival: Rival, chosen: Iterable[str]) -> Rival:
    """Return a rival whose grid goes a step further on each side on which one of the chosen
    variants lies, where its step varies at all."""
    grid, points = rival.doublings, [[int(k) for k in name.split()] for name in chosen]
    if grid is None:
        return rival
    parts = grid if isinstance(grid, Mapping) else {"": grid}
    wider = {}
    for position, block in enumerate(rival.settings["step"] if parts is grid else parts):
        low, high = parts[block]
        own = [point[position] for point in points] if low < high else []
        wider[block] = [low - (low in own), high + (high in own)]
    return replace(rival, doublings=wider if parts is grid else wider[""])


def _exponents(bounds: list[int], where: str) -> range:
    if len(bounds) != 2:
        raise ConfigError(f"{where}.doublings: {bounds} must be the lower and the upper end")
    low, high = bounds
    if low > high:
        raise ConfigError(f"{where}.doublings: {bounds} is empty: write the lower end first")
    return range(low, high + 1)


def _variant(settings: Settings, point: list[int], step: Any) -> Variant:
    name = " ".join(f"{k:+d}" for k in point)
    return Variant(name, float(point[-1]), {**settings, "step": step})


def _scaled(step: Any, k: int) -> Any:
    if isinstance(step, Mapping):
        return {block: _scaled(size, k) for block, size in step.items()}
    return step * 2.0**k
