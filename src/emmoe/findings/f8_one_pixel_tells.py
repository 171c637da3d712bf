"""F8: in Random Invert one pixel tells the inversion, so the gate's task is separable.

The gate has no intercept: with the corner pixel alone it gives even odds where that pixel is 0.
With a small negative weight on all other pixels beside a large one there, originals fall below and
inverted images above, if no image is blank.
"""

from typing import Annotated

import pandas as pd

from emmoe.findings.base import Finding, digits, percent
from emmoe.record.reads import Reads

TITLE = "One pixel tells the inversion"
CLAIM = (
    "In Random Invert the corner pixel tells the inversion at threshold 0.5 (on Fashion-MNIST "
    "with no error in 60 000 images), so that with its help the gate's task is separable, and the "
    "gate's norm grows along EM's run."
)

LEARNED = 0.9  # the share of images at which the gate counts as telling the inversion


def find(
    *, inversion: Annotated[pd.DataFrame, Reads("probe", of="inversion")], data: str
) -> Finding:
    """Return the finding from a table of `emmoe.measures.probes.inversion`."""
    table = inversion.set_index("iteration").sort_index()
    first, last = table.iloc[0], table.iloc[-1]
    norms = table["gate_norm"]
    numbers = {
        "train_images": int(first["train_images"]), "train_errors": int(first["train_errors"]),
        "test_images": int(first["test_images"]), "test_errors": int(first["test_errors"]),
        "gate_norm_first": float(norms.iloc[0]), "gate_norm_last": float(norms.iloc[-1]),
        "iterations": int(table.index.max()),
        "rising_from": int(_rising_from(norms)),
        "gate_accuracy_last": float(last["gate_accuracy"]),
    }  # fmt: skip
    separable = numbers["train_errors"] == 0
    grows = numbers["gate_norm_last"] > numbers["gate_norm_first"]
    text = _text(numbers, data, separable, grows)
    return Finding("F8", f"{TITLE}: {data}", CLAIM, text, bool(separable and grows), numbers)


def _text(numbers: dict, data: str, separable: bool, grows: bool) -> str:
    text = (
        f"On {data}, the threshold 0.5 on the first corner pixel misjudges the inversion of "
        f"{numbers['train_errors']} of {numbers['train_images']} training images and of "
        f"{numbers['test_errors']} of {numbers['test_images']} test images. "
    )
    text += (
        "The gate has no intercept, so this pixel does not separate by itself; with small "
        "negative weights on the others it does: a perfect gate would have infinite weights. "
        if separable
        else "So that pixel alone does not quite separate the two states. "
    )
    text += (
        f"Along a run of EM the gate's norm goes from {digits(numbers['gate_norm_first'])} to "
        f"{digits(numbers['gate_norm_last'])} in {numbers['iterations']} iterations"
    )
    text += f", rising from iteration {numbers['rising_from']} on. " if grows else ". "
    learned = percent(numbers["gate_accuracy_last"])
    if numbers["gate_accuracy_last"] >= LEARNED:
        return text + f"The gate then tells the inversion of {learned} of the training images."
    return text + (
        f"Yet in this run the gate tells the inversion of {learned} of the training images only: "
        "it divides them in some other way."
    )


def _rising_from(norms: pd.Series) -> int:
    """The first iteration from which on the norm only rises."""
    falls = norms.index[norms.diff() <= 0]
    return falls[-1] if len(falls) else norms.index[0]
