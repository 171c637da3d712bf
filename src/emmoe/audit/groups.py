"""Judges a group of figures: the curves of all algorithms on the same data, and their readings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from emmoe.audit import verdicts
from emmoe.audit.calibration import Calibration
from emmoe.audit.panels import Panel, Predicted, panel
from emmoe.audit.parts import Part, Parts
from emmoe.audit.search import Candidates, Key, facts, pair, winners
from emmoe.audit.simulated import AGAIN, OURS, Simulated
from emmoe.audit.verdicts import Facts, Verdict
from emmoe.calibration.readings import HELD_OUT
from emmoe.models.objective import Array


class Judged(NamedTuple):
    """A verdict and what decides."""

    verdict: Verdict
    facts: Facts


@dataclass(frozen=True)
class Group:
    """All runs of a model: their parts, settings, our own runs and further ones fitted by hand.

    parts: by (curve_id, part); candidates: by algorithm; fresh: by setting and part, of each fresh
    seed; ours, again: by part, of our run from two seeds; hand: by algorithm, further setting and
    part."""

    model: str
    parts: Parts
    candidates: Mapping[str, Candidates]
    fresh: Mapping[str, Mapping[Key, Panel]]
    ours: Mapping[Key, Panel]
    again: Mapping[Key, Panel]
    hand: Mapping[str, Mapping[str, Mapping[Key, Panel]]]

    @cached_property
    def winners(self) -> dict[str, int | None]:
        """By algorithm, the position of the winner."""
        return winners(self.candidates)

    def winner(self, algorithm: str) -> str:
        """Return the winner's name; empty if there is none."""
        at = self.winners[algorithm]
        return "" if at is None else self.candidates[algorithm].names[at]

    def part(self, key: Key) -> Judged:
        """Judge a part as a whole."""
        hand = {name: float(own.ratios[0]) for name, own in self._by_hand(key).items()}
        fresh = self._fresh(key)
        return self._judge(
            key, self._of(key).ratios[key], None if fresh is None else fresh.ratios, hand
        )

    def reading(self, key: Key, at: int) -> Judged:
        """Judge a reading of a part, by its position."""
        hand = {name: float(own.each[0, at]) for name, own in self._by_hand(key).items()}
        fresh, own = self._fresh(key), self._of(key).panels[key]
        return self._judge(key, own.each[:, at], None if fresh is None else fresh.each[:, at], hand)

    def pair(self, curves: tuple[str, str], algorithm: str) -> verdicts.Pair:
        """Return what decides whether one setting gives two curves."""
        names = {OURS, *self.hand.get(algorithm, {})}
        hand = {
            name: {
                key: float(own.ratios[0])
                for key in self.parts
                if key[0] in curves and (own := self._by_hand(key).get(name))
            }
            for name in sorted(names)
        }
        found = pair(self.candidates[algorithm], curves, {n: own for n, own in hand.items() if own})
        panels = self.fresh.get(found.closest, {})
        own = [panel.ratios for key, panel in panels.items() if key[0] in curves]
        return found._replace(fresh=tuple(np.max(own, axis=0)) if own else ())

    def _of(self, key: Key) -> Candidates:
        return self.candidates[self.parts[key].algorithm]

    def _by_hand(self, key: Key) -> dict[str, Panel]:
        own = {OURS: self.ours[key]} if key in self.ours else {}
        more = self.hand.get(self.parts[key].algorithm, {})
        return own | {name: panels[key] for name, panels in more.items() if key in panels}

    def _fresh(self, key: Key) -> Panel | None:
        return self.fresh.get(self.winner(self.parts[key].algorithm), {}).get(key)

    def _judge(
        self, key: Key, ratios: Array, fresh: Array | None, hand: Mapping[str, float]
    ) -> Judged:
        winner = self.winners[self.parts[key].algorithm]
        found = facts(self._of(key), ratios, winner, fresh, key[1] == HELD_OUT, hand)
        return Judged(verdicts.of_readings(found), found)


def group(
    model: str,
    parts: Parts,
    calibration: Calibration,
    runs: Mapping[str, Mapping[str, Simulated]],
    level: float,
) -> Group:
    """Return the group of a model; parts: its own; runs: ours by algorithm and name: OURS, AGAIN
    from a second seed, and further settings."""
    candidates, fresh = {}, {}
    hand: dict[str, dict[str, dict[Key, Panel]]] = {}
    ours: dict[str, dict[Key, Panel]] = {OURS: {}, AGAIN: {}}
    for algorithm in dict.fromkeys(part.algorithm for part in parts.values()):
        mine = {key: part for key, part in parts.items() if part.algorithm == algorithm}
        candidates[algorithm] = _candidates(mine, calibration, level)
        for name in calibration.fresh.keys() & set(candidates[algorithm].names):
            fresh[name] = panels(mine, calibration.fresh[name], level)
        for name, run in runs.get(algorithm, {}).items():
            made = panels(mine, run, level)
            if name in ours:
                ours[name] |= made
            else:
                hand.setdefault(algorithm, {})[name] = made
    return Group(model, parts, candidates, fresh, ours[OURS], ours[AGAIN], hand)


def panels(parts: Parts, simulated: Simulated, level: float) -> dict[Key, Panel]:
    """Return what was simulated at each part of a run, as far as it was; the tests' level holds for
    all its calibration, or all its held-out parts, at once."""
    found = {}
    for key, part in parts.items():
        at_once = sum(name == part.part for _, name in parts)
        if part.predicted_as in simulated.predicted:
            own = simulated.predicted[part.predicted_as]
            made = panel(own, part, simulated.effective, level, at_once)
            found |= {} if made is None else {key: made}
    return found


def _candidates(parts: Parts, calibration: Calibration, level: float) -> Candidates:
    """The searched settings of a run: those that have predictions of all its curves."""
    curves = {part.predicted_as for part in parts.values()} & set(calibration.searched.predicted)
    predicted = {curve: calibration.searched.predicted[curve] for curve in curves}
    names = _common(predicted.values())
    own = {curve: found.restricted(names) for curve, found in predicted.items()}
    return Candidates(
        tuple(names),
        tuple(calibration.data[name] for name in names),
        np.array([name in calibration.hand for name in names], dtype=bool),
        panels(parts, Simulated(own, calibration.searched.effective), level),
    )


def _common(predicted: Iterable[Predicted]) -> list[str]:
    names = [set(found.names) for found in predicted]
    return sorted(set.intersection(*names)) if names else []


def searched(part: Part, found: Group) -> bool:
    """Return whether any setting was searched for a part."""
    return bool(found.candidates[part.algorithm].names) and (
        (part.curve_id, part.part) in found.candidates[part.algorithm].panels
    )
