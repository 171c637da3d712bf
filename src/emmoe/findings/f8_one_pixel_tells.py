"""F8: in Random Invert one pixel tells the inversion, so the gate's task is separable."""

import pandas as pd

from emmoe.findings.base import Finding, digits, percent

TITLE = "One pixel tells the inversion"
CLAIM = (
    "In Random Invert the corner pixel alone tells the inversion (no error in the 60 000 images of "
    "Fashion-MNIST at threshold 0.5): the gate's task is separable by one feature, and its norm "
    "grows along EM's run."
)


def find(*, inversion: pd.DataFrame, data: str) -> Finding:
    """Return the finding from a table of `emmoe.probes.inversion`."""
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
    errors = numbers["train_errors"]
    text = (
        f"On {data}, the threshold 0.5 on the first corner pixel gets the inversion of "
        f"{errors or 'no'} of {numbers['train_images']} training images wrong, and of "
        f"{numbers['test_errors'] or 'no'} of {numbers['test_images']} test images. "
    )
    text += (
        "So the gate's task is separable by a single feature: a perfect gate would have infinite "
        "weights. "
        if separable
        else "So that pixel alone does not quite separate the two states. "
    )
    text += (
        f"Along a run of EM the gate's norm goes from {digits(numbers['gate_norm_first'])} to "
        f"{digits(numbers['gate_norm_last'])} in {numbers['iterations']} iterations"
        + (f", rising all the way from iteration {numbers['rising_from']}" if grows else "")
        + f"; the gate then tells the inversion of {percent(numbers['gate_accuracy_last'])} of the "
        "training images."
    )
    return Finding("F8", f"{TITLE}: {data}", CLAIM, text, bool(separable and grows), numbers)


def _rising_from(norms: pd.Series) -> int:
    """The first iteration from which on the norm only rises."""
    falls = norms.index[norms.diff() <= 0]
    return falls[-1] if len(falls) else norms.index[0]
