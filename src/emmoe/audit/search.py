"""The searched settings of a group of figures: which are accepted, and the one that wins.

A setting is accepted if it meets all calibration readings of its run at once. The winner gives the
most held-out curves of the whole group, all its runs on one data setting; among equals, the one
that is nearest to those it gives.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emmoe.audit.panels import Panel
from emmoe.audit.verdicts import Facts, Pair
from emmoe.calibration.readings import CALIBRATION, HELD_OUT
from emmoe.models.objective import Array

Key = tuple[str, str]  # curve_id, part


@dataclass(frozen=True)
class Candidates:
    """The settings of one run.

    names; data: what each shares with the other runs' settings; hand (s,): whether it was fitted
    by hand, and so is never accepted; panels: by (curve_id, part), each of all the settings."""

    names: tuple[str, ...]
    data: tuple[Hashable, ...]
    hand: Array
    panels: Mapping[Key, Panel]

    @cached_property
    def ratios(self) -> dict[Key, Array]:
        """How far each setting is from meeting each part."""
        return {key: panel.ratios for key, panel in self.panels.items()}

    @cached_property
    def accepted(self) -> Array:
        """Whether each setting (s,) meets all calibration readings, and was not fitted by hand."""
        own = [ratios <= 1 for (_, part), ratios in self.ratios.items() if part == CALIBRATION]
        return np.logical_and.reduce(own) & ~self.hand if own else np.zeros(len(self.names), bool)

    @cached_property
    def by_data(self) -> dict[Hashable, tuple[int, float, int]]:
        """By data setting, its best accepted setting: minus the held-out parts it meets, the sum of
        their ratios, its position."""
        held = np.array([r for (_, part), r in self.ratios.items() if part == HELD_OUT])
        if not len(held):
            return {}
        met = held[:, self.accepted] <= 1
        count, near = met.sum(axis=0), np.where(met, held[:, self.accepted], 0.0).sum(axis=0)
        at = np.flatnonzero(self.accepted)
        found: dict[Hashable, tuple[int, float, int]] = {}
        for own in zip((-count).tolist(), near.tolist(), at.tolist(), strict=True):
            data = self.data[own[2]]
            if data not in found or own < found[data]:
                found[data] = own
        return found


def winners(group: Mapping[str, Candidates]) -> dict[str, int | None]:
    """Return by algorithm the position of the winner, None if none of its settings was accepted."""
    worth: dict[Hashable, tuple[int, float]] = {}
    for own in group.values():
        for data, (count, near, _) in own.by_data.items():
            before = worth.get(data, (0, 0.0))
            worth[data] = before[0] + count, before[1] + near
    if not worth:
        return dict.fromkeys(group)
    winning, none = min(worth, key=worth.__getitem__), (0, 0.0, None)
    return {name: own.by_data.get(winning, none)[2] for name, own in group.items()}


def facts(
    own: Candidates,
    ratios: Array,
    winner: int | None,
    fresh: Array | None,
    held_out: bool,
    hand: Mapping[str, float],
) -> Facts:
    """Return what decides on a reading or a part of a run.

    ratios (s,): of the candidates; fresh: of the winner on fresh seeds, None if it was not
    simulated; hand: ratios of further settings, fitted by hand, by name."""
    searched = ~own.hand
    near = np.where(searched, ratios, np.inf)
    closest = int(near.argmin())
    by_hand = {own.names[at]: ratios[at] for at in np.flatnonzero(own.hand)} | dict(hand)
    return Facts(
        held_out=held_out,
        searched=int(searched.sum()),
        met=int((near <= 1).sum()),
        accepted=int(own.accepted.sum()),
        winner="" if winner is None else own.names[winner],
        winner_met=winner is not None and bool(ratios[winner] <= 1),
        fresh=0 if fresh is None else len(fresh),
        fresh_met=0 if fresh is None else int((fresh <= 1).sum()),
        closest=own.names[closest],
        times=float(near[closest]),
        hand=tuple(name for name, ratio in by_hand.items() if ratio <= 1),
    )


def pair(own: Candidates, curves: tuple[str, str], hand: Mapping[str, Mapping[Key, float]]) -> Pair:
    """Return what decides whether one setting gives two curves of a run, fresh seeds apart.

    hand: by further setting, fitted by hand, its ratio at each part."""
    names = [*own.names, *hand]
    each = [
        np.concatenate([_of_curve(own.ratios, curve, len(own.names)),
                        [_largest(found, curve) for found in hand.values()]])
        for curve in curves
    ]  # fmt: skip
    both = np.maximum(*each)
    closest = int(both.argmin())
    alone = bool(each[0].min() <= 1), bool(each[1].min() <= 1)
    return Pair(alone, names[closest], float(both[closest]))


def _of_curve(ratios: Mapping[Key, Array], curve: str, size: int) -> Array:
    own = [found for (name, _), found in ratios.items() if name == curve]
    return np.maximum.reduce(own) if own else np.full(size, np.inf)


def _largest(ratios: Mapping[Key, float], curve: str) -> float:
    return max((ratio for (name, _), ratio in ratios.items() if name == curve), default=np.inf)
