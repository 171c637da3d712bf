"""What quotients of costs say, in sentences.

A quotient whose interval lies within TIE_RANGE is a tie: the costs are equal for all practical
purposes. Else it is decided if its p-value, adjusted for all that is said beside it in the same
currency, is at most ALPHA, and undecided if not: neither is a tie.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

from emmoe.evidence.compare import Ratio
from emmoe.evidence.paired import holm

WIN, LOSS, TIE, OPEN, MIXED = "win", "loss", "tie", "open", "mixed"
TIE_RANGE = (0.8, 1.25)
ALPHA = 0.05
PER = {
    "iteration": "iteration",
    "passes": "data pass",
    "flops": "FLOP",
    "cpu_seconds": "CPU second",
}
WORDS = {WIN: "wins", LOSS: "loses", TIE: "ties", MIXED: "wins and loses", OPEN: "undecided"}


def adjusted(ratios: Mapping[Hashable, Ratio]) -> dict[Hashable, float]:
    """Return Holm's p-values of all that is compared in one currency."""
    return dict(zip(ratios, map(float, holm([ratio.p for ratio in ratios.values()])), strict=True))


def outcome(ratio: Ratio, p: float) -> str:
    """Return what the quotient of the first one's cost to the second one's says of the first;
    p: adjusted."""
    if ratio.low >= TIE_RANGE[0] and ratio.high <= TIE_RANGE[1]:
        return TIE
    if p > ALPHA:
        return OPEN
    return WIN if ratio.most < 1 else LOSS


def against(one: str, other: str, ratio: Ratio, p: float) -> str:
    """Return a clause: "EM costs 3.1 [2.5, 4] times what GD costs (p = 0.002): loses"."""
    if ratio.least == 0 and math.isinf(ratio.most):
        return f"neither {one} nor {other} arrives on most samples: undecided"
    if ratio.most == 0 or math.isinf(ratio.least):
        fast, slow = (one, other) if ratio.most == 0 else (other, one)
        text = f"{fast} arrives where {slow} never does (p = {p:.1g})"
    else:
        text = f"{one} costs {_size(ratio)} times what {other} costs (p = {p:.1g})"
    missed = f", neither arriving on {ratio.neither} samples" if ratio.neither else ""
    return f"{text}{missed}: {one} {WORDS[outcome(ratio, p)]}"


def _size(ratio: Ratio) -> str:
    """The quotient with its interval, as far as the budgets leave it open."""
    ends = f"{ratio.least:.2g}", f"{ratio.most:.2g}"
    if ratio.least == 0:
        size = f"at most {ends[1]}"
    elif math.isinf(ratio.most):
        size = f"at least {ends[0]}"
    else:
        size = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return f"{size} [{ratio.low:.2g}, {ratio.high:.2g}]"


def sentence(currency: str, clauses: Sequence[str]) -> str:
    """Return the verdict of a currency."""
    return f"Per {PER[currency]}, {'; '.join(clauses)}."


def of_law(outcomes: Iterable[str]) -> str:
    """Return what comparisons on the same samples say together, which count once: a win is at least
    half of them wins and no loss, a loss likewise; mixed has both."""
    counts = Counter(outcomes)
    if counts[WIN] and counts[LOSS]:
        return MIXED
    half = counts.total() / 2
    if counts[WIN] >= half or counts[LOSS] >= half:
        return WIN if counts[WIN] else LOSS
    return TIE if counts[TIE] >= half and not counts[WIN] + counts[LOSS] else OPEN


def by_law(outcomes: Mapping[str, Sequence[str]]) -> str:
    """Return how often each thing is said, the laws of data being the keys: "wins 2, loses 1"."""
    return _counted([of_law(found) for found in outcomes.values()])


def tally(currency: str, one: str, other: str, outcomes: Mapping[str, Sequence[str]]) -> str:
    """Return the verdict over several problems and targets; outcomes: by the law of their data."""
    single = [each for found in outcomes.values() for each in found]
    of = f"{len(single)} comparison{'s' * (len(single) > 1)}"
    number = f"{len(outcomes)} law{'s' * (len(outcomes) > 1)} of data"
    text = f"Per {PER[currency]}, on {number} with {other}"
    return f"{text}, {one}: {by_law(outcomes)} (of {of}: {_counted(single)})."


def _counted(outcomes: Sequence[str]) -> str:
    return ", ".join(f"{WORDS[k]} {outcomes.count(k)}" for k in WORDS if outcomes.count(k))
