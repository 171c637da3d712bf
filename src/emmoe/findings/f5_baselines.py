"""F5: one multinomial logistic regression fails on Random Invert, an oracle pair does not."""

from typing import Annotated, Literal

import pandas as pd

from emmoe.findings.base import Finding, percent
from emmoe.record.reads import Reads

TITLE = "What Random Invert takes from one linear classifier"
CLAIM = (
    "A single multinomial logistic regression gets about 84.5 % on the original Fashion-MNIST "
    "images and about 22 % on Random Invert; an oracle pair, one model an inversion state, about "
    "84 %."
)
OTHER_CLAIM = (
    "A single multinomial logistic regression loses most of its accuracy on Random Invert; an "
    "oracle pair, one model an inversion state, has it back."
)
NEAR = 0.02  # how far an accuracy may be from the expected one
LOST, BACK = 0.5, 0.05  # a share of the accuracy that counts as most, and as back


def find(
    *,
    baselines: Annotated[pd.DataFrame, Reads("probe", of="baselines")],
    data: str,
    expected: dict[Literal["original images", "Random Invert", "oracle pair"], float] | None = None,
) -> Finding:
    """Return the finding from a table of `emmoe.measures.probes.baselines`; expected: accuracies by
    baseline, where some were expected."""
    table = baselines.set_index("baseline")
    accuracy = {name: float(value) for name, value in table["accuracy"].items()}
    original, inverted, oracle = (
        accuracy[name] for name in ("original images", "Random Invert", "oracle pair")
    )
    lost = inverted < (1 - LOST) * original
    back = oracle > (1 - BACK) * original
    near = all(abs(accuracy[name] - value) <= NEAR for name, value in (expected or {}).items())
    numbers = {"accuracy": accuracy, "expected": expected or {}}
    numbers["train_images"] = int(table["train_images"].iloc[0])
    numbers["cut_short"] = [name for name, flag in table["cut_short"].items() if bool(flag)]
    text = (
        f"On {data} ({numbers['train_images']} training images), multinomial logistic regression "
        f"gets {percent(original)} on the original images and {percent(inverted)} on Random "
        f"Invert; a pair of them, told which images are inverted, gets {percent(oracle)}. "
    )
    text += (
        "So inversion is what one linear classifier cannot cope with, and what two experts with "
        "the right gate can undo. "
        if lost and back
        else "So the gap that a mixture of two experts is to close is not as described. "
    )
    if expected:
        text += "That is as expected. " if near else f"Expected were {_expected(expected)}. "
    text += (
        "These are no ceilings for the mixture: one fit each, with an intercept and a ridge, "
        "which the mixture lacks"
    )
    if numbers["cut_short"]:
        text += f", cut short by the limit on iterations ({', '.join(numbers['cut_short'])})"
    text += "."
    claim = CLAIM if expected else OTHER_CLAIM
    met = near if expected else None
    supported = bool(lost and back)
    return Finding("F5", f"{TITLE}: {data}", claim, text, supported, numbers, expected_met=met)


def _expected(expected: dict[str, float]) -> str:
    return ", ".join(f"{percent(value)} ({name})" for name, value in expected.items())
