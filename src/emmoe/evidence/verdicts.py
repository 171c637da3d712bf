"""What a quotient of costs says, in a sentence. An interval that holds 1 is a tie."""

import math
from collections.abc import Sequence

from emmoe.evidence.compare import Ratio

WIN, LOSS, TIE, OPEN = "win", "loss", "tie", "open"
PER = {
    "iteration": "iteration",
    "passes": "data pass",
    "flops": "FLOP",
    "cpu_seconds": "CPU second",
}
WORDS = {WIN: "wins", LOSS: "loses", TIE: "ties", OPEN: "undecided"}


def outcome(ratio: Ratio) -> str:
    """Return what the quotient of the first one's cost to the second one's says of the first.

    Where only one of them arrives, the other loses, unless the budget of data passes cut it off
    before it had spent, in this currency, what the one needed."""
    if math.isnan(ratio.value):
        return OPEN
    if math.isinf(ratio.value):
        return OPEN if ratio.bound <= 1 else LOSS
    if ratio.value == 0:
        return OPEN if ratio.bound >= 1 else WIN
    if ratio.high < 1:
        return WIN
    return LOSS if ratio.low > 1 else TIE


def against(one: str, other: str, ratio: Ratio) -> str:
    """Return a clause: "EM costs 3.1 [2.5, 4] times what GD costs: loses"."""
    if math.isnan(ratio.value):
        return f"neither {one} nor {other} reaches the target within the budget: undecided"
    verdict = WORDS[outcome(ratio)]
    if math.isfinite(ratio.value) and ratio.value:
        numbers = f"{ratio.value:.2g} [{ratio.low:.2g}, {ratio.high:.2g}]"
        return f"{one} costs {numbers} times what {other} costs: {verdict}"
    slow, fast = (one, other) if math.isinf(ratio.value) else (other, one)
    if math.isnan(ratio.bound):
        return f"{fast} reaches the target and {slow} never does: {one} {verdict}"
    spent = ratio.bound if slow == one else 1 / ratio.bound
    return (
        f"{fast} reaches the target, and the budget cuts {slow} off at {spent:.2g} times "
        f"{fast}'s cost: {one} {verdict}"
    )


def sentence(currency: str, clauses: Sequence[str]) -> str:
    """Return the verdict of a currency."""
    return f"Per {PER[currency]}, {'; '.join(clauses)}."


def tally(currency: str, one: str, other: str, outcomes: Sequence[str]) -> str:
    """Return the verdict over several problems and targets."""
    counts = [f"{WORDS[k]} {outcomes.count(k)}" for k in WORDS if outcomes.count(k)]
    number = f"{len(outcomes)} comparison{'s' * (len(outcomes) > 1)}"
    text = f"Per {PER[currency]}, in {number} with {other}"
    return f"{text}, {one}: {', '.join(counts)}."
