"""Papers without a mistake: readings drawn from a known setting. How often is the audit wrong?

Half of the settings are of the search, half lie between two of it. A setting's true means are not
known better than its simulations tell, so they are drawn, too. Readings of a curve move together.
"""

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit.groups import Group
from emmoe.audit.panels import Predicted
from emmoe.audit.parts import TABLE, Part
from emmoe.models.objective import Array

COUNT = 100
TOGETHER = 0.9  # the correlation of neighbouring readings


class Null(NamedTuple):
    """claims: a paper's; setting: by algorithm, the names of those that it was drawn from; between:
    whether it lies off the search."""

    claims: pd.DataFrame
    settings: tuple[str, ...]
    between: bool


def nulls(
    claims: pd.DataFrame, group: Group, predicted: dict[str, Predicted], rng: np.random.Generator
) -> Iterator[Null]:
    """Yield COUNT papers whose values in a group of figures are drawn; none where no data setting
    is accepted for all of its algorithms.

    predicted: by curve, the searched settings' predictions."""
    data = _shared(group)
    for number in range(COUNT if data else 0):
        between = number % 2 == 1
        points = _points(group, data, between, rng)
        table, names = claims.copy(), []
        for algorithm, own in group.candidates.items():
            chosen = _chosen(group, algorithm, points, between, rng)
            names.append(" and ".join(own.names[at] for at in chosen))
            _draw(table, group, algorithm, [own.names[at] for at in chosen], predicted, rng)
        yield Null(table, tuple(names), between)


def _shared(group: Group) -> list[Hashable]:
    """The data settings at which every algorithm has an accepted setting."""
    sets = [set(own.by_data) for own in group.candidates.values()]
    return sorted(set.intersection(*sets), key=str)


def _points(
    group: Group, data: list[Hashable], between: bool, rng: np.random.Generator
) -> list[Hashable]:
    """A data setting and, to lie between, the one whose curves are nearest to its."""
    first = data[rng.choice(len(data))]
    if not between or len(data) == 1:
        return [first]
    own = next(iter(group.candidates.values()))
    panels, best = list(own.panels.values()), own.by_data[first][2]

    def apart(point: Hashable) -> float:
        return sum(_apart(panel.mean, best, own.by_data[point][2]) for panel in panels)

    return [first, min((point for point in data if point != first), key=apart)]


def _chosen(
    group: Group, algorithm: str, points: list[Hashable], between: bool, rng: np.random.Generator
) -> list[int]:
    """One accepted setting at each point; of another one the accepted setting nearest to it, so
    that what lies between is like both."""
    own = group.candidates[algorithm]
    accepted = {
        p: [int(at) for at in np.flatnonzero(own.accepted) if own.data[at] == p] for p in points
    }
    first = int(rng.choice(accepted[points[0]]))
    if not between:
        return [first]
    others = [at for at in accepted[points[-1]] if at != first] or [first]
    panels = list(own.panels.values())
    return [first, min(others, key=lambda at: sum(_apart(p.mean, first, at) for p in panels))]


def _apart(mean: Array, first: int, second: int) -> float:
    scale = np.abs(mean[[first, second]]).max(axis=0) + 1e-12
    return float((np.abs(mean[first] - mean[second]) / scale).mean())


def _draw(
    table: pd.DataFrame,
    group: Group,
    algorithm: str,
    names: list[str],
    predicted: dict[str, Predicted],
    rng: np.random.Generator,
) -> None:
    """Put drawn values and spreads of a run into the table."""
    curves: dict[str, Part] = {}
    for part in group.parts.values():
        if part.algorithm == algorithm and part.where != TABLE:
            curves[part.curve_id] = part
    for curve, part in curves.items():
        own = predicted[curve].restricted(names)
        mean, std = own.mean.mean(axis=0), own.std.mean(axis=0)
        truth = mean + std / np.sqrt(own.replicates.sum()) * _together(len(mean), rng)
        value = truth + std / np.sqrt(part.instances) * _together(len(mean), rng)
        freedom = part.instances - 1
        spread = std * np.sqrt(rng.chisquare(freedom) / freedom)
        _put(table, part, dict(zip(own.iterations, zip(value, spread, strict=True), strict=True)))


def _put(table: pd.DataFrame, part: Part, drawn: dict[int, tuple[float, float]]) -> None:
    metric = (table["metric"] == part.metric) & (table["algorithm"] == part.algorithm)
    at_end = metric & (table["where"] == TABLE)  # the table prints the same runs
    rows = table[(metric & (table["where"] == part.where)) | at_end]
    rows = rows[(rows["kind"] == "value") & rows["iteration"].isin(drawn)]
    table.loc[rows.index, "value"] = [drawn[t][0] for t in rows["iteration"]]
    known = rows[rows["spread"].notna()]
    table.loc[known.index, "spread"] = [drawn[t][1] for t in known["iteration"]]


def _together(count: int, rng: np.random.Generator) -> Array:
    """Standard normals (count,) of which neighbours are correlated by TOGETHER."""
    own = rng.standard_normal(count)
    for at in range(1, count):
        own[at] = TOGETHER * own[at - 1] + np.sqrt(1 - TOGETHER**2) * own[at]
    return own
