"""F1: gradient EM with one simultaneous inner step and GD's step size is GD (Fisher's identity)."""

from typing import Annotated

import pandas as pd

from emmoe.findings.base import Finding, digits
from emmoe.record.reads import Reads

TITLE = "Gradient EM with one inner step is gradient descent"
CLAIM = (
    "With one simultaneous inner step and the step size of gradient descent, gradient EM is "
    "gradient descent: the two differ by rounding, about 1e-15."
)
ROUNDING = 1e-10  # relative: what is left of an identity after so many steps
DIFFERENCE = 1e-4  # relative: what a central difference of the loss can tell at small gradients
APART = 1e-3  # relative: the control must differ by more

Runs = Annotated[pd.DataFrame, Reads("probe", of="fisher")]


def find(*, linear: Runs, images: Runs) -> Finding:
    """Return the finding from two tables of `emmoe.measures.probes.fisher`."""
    tables = {"linear": linear, "images": images}
    numbers: dict = {"iterations": {k: int(t["iteration"].max()) for k, t in tables.items()}}
    for column in ("difference_one", "difference_two", "identity", "slope"):
        numbers[column] = {name: float(table[column].max()) for name, table in tables.items()}
    same = all(x <= ROUNDING for x in numbers["difference_one"].values())
    identity = all(x <= ROUNDING for x in numbers["identity"].values())
    identity &= all(x <= DIFFERENCE for x in numbers["slope"].values())
    control = all(x > APART for x in numbers["difference_two"].values())
    return Finding("F1", TITLE, CLAIM, _text(numbers, same and identity, control),
                   same and identity and control, numbers)  # fmt: skip


def _text(numbers: dict, same: bool, control: bool) -> str:
    one, two, identity, slope = (
        max(numbers[name].values())
        for name in ("difference_one", "difference_two", "identity", "slope")
    )
    smallest = min(numbers["difference_two"].values())
    steps = " and ".join(sorted({str(count) for count in numbers["iterations"].values()}))
    gap = (
        f"differ by at most {digits(one)} of their size" if one else "are the same to the last bit"
    )
    text = (
        f"From one start and with equal step sizes, gradient EM with one inner step and gradient "
        f"descent were run for {steps} iterations, on symmetric linear experts and on logistic "
        f"experts (the digits). Their parameters {gap}, which is so by construction: gradient EM "
        f"takes its first inner step along the gradient that the E-step computes. The gradient of "
        f"Q by the formula of the further inner steps differs from the gradient of the loss by at "
        f"most {digits(identity)} of its size, and from finite differences of the loss by "
        f"{digits(slope)}. "
    )
    text += (
        f"The control with two inner steps ends up {digits(smallest)} to {digits(two)} away. "
        if control
        else f"The control with two inner steps differs by {digits(smallest)} only, so that the "
        "comparison tells nothing. "
    )
    if same:
        return text + (
            "So a gap between the two algorithms is a difference of step sizes or of the number "
            "of inner steps, not of algorithms."
        )
    return text + "That is more than rounding: the identity does not come out here."
