"""The rule of every verdict, in one place: tests in, a verdict and its reason out.

    reproduced        it follows from stated settings, or was held out from calibration and is met
                      by a setting that was accepted without it
    attainable        it was used for calibration, and a setting meets it
    not determinable  it hangs on settings that the paper does not state: the reason says which
    not tested        the reason says why
    inconsistent      outside under every searched setting: the reason names the region searched
    contradictory     the paper against itself: one setting should give two of its curves, each is
                      given by some setting, and none comes near both

A curve's calibration readings and its held-out ones are two parts, each judged as a whole: a part
is met if its largest |z| is at most its critical value (`emmoe.evidence.statistics.curve_test`) and
the instances scatter as the reported ones do (`emmoe.calibration.spreads`, a factor 3 at most).
All its readings get its verdict; how many of them agree says nothing, as they move together.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from emmoe.calibration.spreads import LIMIT

REPRODUCED = "reproduced"
ATTAINABLE = "attainable"
NOT_DETERMINABLE = "not determinable"
NOT_TESTED = "not tested"
INCONSISTENT = "inconsistent"
CONTRADICTORY = "contradictory"
VERDICTS = [
    REPRODUCED, ATTAINABLE, NOT_DETERMINABLE, NOT_TESTED, INCONSISTENT, CONTRADICTORY,
]  # fmt: skip  # from the best to the worst

CLEAR = 1.5  # times its critical value: two curves contradict if every setting fails one by that
ONE_SIDED = 1.645  # a bound's largest z, level 5 %


class Finding(NamedTuple):
    """A verdict, of VERDICTS, and why."""

    verdict: str
    reason: str


class Trial(NamedTuple):
    """The test of one setting's prediction of a part of a curve; spread: the largest factor between
    its standard deviations and the reported ones, NaN for a setting dropped before the end."""

    setting: str
    statistic: float
    critical: float
    spread: float = 1.0

    @property
    def ratio(self) -> float:
        """How far from being met, up to 1: the statistic over its critical value or, if that is
        more, the spread's logarithm over its limit's; infinite for runs that diverged. A setting
        dropped before the end is never met, however near it was."""
        of_means = self.statistic / self.critical
        if math.isnan(of_means):
            return math.inf
        if math.isnan(self.spread):
            return max(of_means, math.nextafter(1.0, 2.0))
        return max(of_means, math.log(self.spread) / math.log(LIMIT))

    @property
    def met(self) -> bool:
        """Whether the prediction agrees with the readings."""
        return self.ratio <= 1

    def __str__(self) -> str:
        text = f"{self.setting} (max |z| {self.statistic:.3g}, critical {self.critical:.3g}"
        known = not math.isnan(self.spread)
        return f"{text}, spread within a factor {self.spread:.2g})" if known else f"{text})"


class Search(NamedTuple):
    """The settings tried at a part of a curve.

    trials: of all searched settings; accepted: those that met the calibration readings, of all the
    algorithm's curves if `jointly`, else of this one; region: where was searched; parameters: each
    setting's, as text."""

    trials: Sequence[Trial]
    accepted: frozenset[str]
    jointly: bool
    region: str
    parameters: Mapping[str, str]

    def with_tries(self, tries: Sequence[Trial], parameters: Mapping[str, str]) -> "Search":
        """Return the search with further trials, of settings that were not accepted."""
        named = "".join(f"; {trial.setting}" for trial in tries)
        return self._replace(
            trials=[*self.trials, *tries],
            region=self.region + named,
            parameters={**self.parameters, **parameters},
        )

    @property
    def caveat(self) -> str:
        """What to add where no setting gives all curves of the algorithm."""
        return "" if self.jointly else "; no setting meets all calibration curves of the algorithm"


def best(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial with the smallest ratio, or None if there is none."""
    return min(trials, key=lambda trial: trial.ratio, default=None)


def of_calibration(ours: Trial, search: Search) -> Finding:
    """Judge a curve's calibration readings, from our run and every searched setting."""
    closest = best([ours, *search.trials])
    if closest.met:
        return Finding(ATTAINABLE, f"used for calibration and met by {closest}{search.caveat}")
    return Finding(
        INCONSISTENT, f"met by no searched setting ({search.region}); the closest is {closest}"
    )


def of_held_out(ours: Trial, search: Search, *, ours_saw_it: bool) -> Finding:
    """Judge a curve's held-out readings, from the settings accepted without them.

    Our run is one of these unless its settings were fitted to the held-out readings, too."""
    accepted = [trial for trial in search.trials if trial.setting in search.accepted]
    closest = best([*accepted, *([] if ours_saw_it else [ours])])
    if closest and closest.met:
        return Finding(REPRODUCED, f"held out and met by {closest}{search.caveat}")
    if ours_saw_it and ours.met:
        reason = f"met by {ours}, which was fitted to it, and by no setting accepted without it"
        return Finding(ATTAINABLE, reason)
    other = best(search.trials)
    if other and other.met:
        reason = f"met by {other}, which fails the calibration readings: not known is which of "
        return Finding(NOT_DETERMINABLE, reason + search.parameters[other.setting])
    closest = best([ours, *search.trials])
    return Finding(
        INCONSISTENT, f"met by no searched setting ({search.region}); the closest is {closest}"
    )


def of_pair(
    first: Mapping[str, float], second: Mapping[str, float], names: Sequence[str]
) -> Finding:
    """Judge whether one setting gives two curves of the same runs.

    first, second: each setting's largest ratio over the parts of a curve; names: the curves'."""
    for ratios, name in zip((first, second), names, strict=True):
        if min(ratios.values(), default=math.inf) > 1:
            return Finding(NOT_DETERMINABLE, f"no searched setting gives {name} alone")
    worse = {setting: max(first[setting], second[setting]) for setting in first.keys() & second}
    closest = min(sorted(worse), key=worse.get)
    if worse[closest] <= 1:
        return Finding(ATTAINABLE, f"{closest} gives both curves")
    alone = [min(sorted(ratios), key=ratios.get) for ratios in (first, second)]
    reason = (
        f"{names[0]} is met by {alone[0]}, {names[1]} by {alone[1]}, and both by no searched "
        f"setting: the closest, {closest}, is {worse[closest]:.2g} times too far from one of them"
    )
    return Finding(CONTRADICTORY if worse[closest] > CLEAR else NOT_DETERMINABLE, reason)


def of_bound(z: float, curve: Sequence[Finding]) -> Finding:
    """Judge "at most" from our run's z; where it is above, the findings on the bound's curve say
    what the search adds."""
    if z <= ONE_SIDED:
        reason = f"not used for calibration, and met by our run (one-sided z {z:.2g})"
        return Finding(REPRODUCED, reason)
    unknown = Finding(NOT_TESTED, "")
    worst = max(curve, key=lambda finding: VERDICTS.index(finding.verdict), default=unknown)
    kept = (NOT_DETERMINABLE, NOT_TESTED, CONTRADICTORY)
    verdict = worst.verdict if worst.verdict in kept else INCONSISTENT
    return Finding(verdict, f"our run is above (z {z:.2g}), and the curve is {worst.verdict}")


def of_ordering(state: str, pairs: Sequence[bool]) -> Finding:
    """Judge an ordering from our paired runs and from pairs of accepted settings.

    state: "ahead", "tied", "behind" or "unclear" (`emmoe.audit.orderings`); pairs: whether it holds
    in each. Step sizes were fitted to these curves, so no ordering is more than attainable."""
    held = f"; it holds in {sum(pairs)} of {len(pairs)} pairs of accepted settings" if pairs else ""
    if state == "ahead":
        reason = "holds in our runs, pair by pair, with step sizes fitted to these curves"
        return Finding(ATTAINABLE, reason + held)
    if state == "behind" and not any(pairs):
        return Finding(INCONSISTENT, f"reversed in our runs with the settings of config.yaml{held}")
    reason = f"{state} in our runs, and it hangs on step sizes, which are not stated"
    return Finding(NOT_DETERMINABLE, reason + held)


def of_orderings(states: Mapping[str, str], tuned: str = "") -> Finding:
    """Judge an ordering that is claimed of several panels at once, from each one's state.

    tuned: what contests of tuned rivals say, which is told and changes no verdict."""
    ahead = [name for name, state in states.items() if state == "ahead"]
    said = f"ahead in {', '.join(ahead) or 'no panel'}"
    said += "".join(f", {state} in {n}" for n, state in states.items() if state != "ahead")
    said += ", by iteration, with step sizes that are not stated and were fitted to these curves"
    said += f". {tuned}" if tuned else ""
    if len(ahead) == len(states):
        return Finding(ATTAINABLE, said)
    return Finding(INCONSISTENT if "behind" in states.values() else NOT_DETERMINABLE, said)
