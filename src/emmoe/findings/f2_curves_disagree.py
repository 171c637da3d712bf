"""F2: the reported GD curves of Figures 1a and 2b disagree; what would make them agree."""

from typing import Annotated

import numpy as np
import pandas as pd

from emmoe.evidence import reported as paper
from emmoe.findings.base import Finding, digits
from emmoe.record.reads import Reads, Reported
from emmoe.store.errors import DataError
from emmoe.tables._shared.traces import FAST, GATE, LOSS, SLOW, excess_losses, mean_curve, of_fitter

TITLE = "The reported curves of gradient descent disagree with each other"
CLAIM = (
    "With the gate error that Figure 2b reports for gradient descent at iteration 61, the excess "
    "loss is about 0.018, where Figure 1a shows 3e-5; it would agree with L(beta_t, w*), or with a "
    "gate step of 1.6."
)
AT = 60  # our iteration; the paper's 61, the last at which Figure 1a shows the curve
APART = 10.0  # a factor between simulated and reported excess loss that no reading error makes
LATE = 40  # our iteration from which on the curves part
CLOSER = 0.2  # the share of the gap to the readings that an explanation may leave


def find(
    *,
    trace: Annotated[
        pd.DataFrame,
        Reads("trace", columns=[LOSS, GATE], fitters=(SLOW, FAST), one_cell=True, whole=AT),
    ],
    runs: Annotated[
        pd.DataFrame,
        Reads("runs", columns=["excess_loss_true_gate"], fitters=(SLOW,), one_cell=True, whole=1),
    ],
    reported: Reported,
) -> Finding:
    """Return the finding; trace, runs: of GD with its step size and of GD with a larger gate step,
    the runs with the analysis `true_gate`; reported: data/reported/claims.csv."""
    read = paper.plotted(paper.load(reported), "figure_1")
    readings = _readings(read, LOSS)
    gate = _readings(paper.plotted(paper.load(reported), "figure_2"), GATE)
    curves = excess_losses(trace, runs)
    own_gate = mean_curve(trace, SLOW, GATE)
    matched = int(np.abs(own_gate - gate[AT]).idxmin())
    numbers = {
        "reported_excess_loss": readings[AT],
        "reported_gate_error": gate[AT],
        "matched_iteration": matched,
        "excess_loss_at_matched_gate_error": curves["slow"][matched],
        "gate_error": {"slow": own_gate[AT], "fast": mean_curve(trace, FAST, GATE)[AT]},
        "excess_loss": {name: float(curve[AT]) for name, curve in curves.items()},
        "late_gap": {name: _late_gap(curve, readings) for name, curve in curves.items()},
        "replicates": int(of_fitter(trace, SLOW)["replicate"].nunique()),
    }
    return Finding("F2", TITLE, CLAIM, *_verdict(numbers), numbers)


def _readings(read: pd.DataFrame, metric: str) -> pd.Series:
    rows = read[(read["algorithm"] == SLOW) & (read["metric"] == metric) & read["value"].notna()]
    values = rows.set_index("iteration")["value"]
    if AT not in values:
        raise DataError(f"reported values: no {metric} of {SLOW} at iteration {AT}")
    return values


def _late_gap(curve: pd.Series, readings: pd.Series) -> float:
    """The mean distance in nats between a curve and the readings from LATE on."""
    late = [t for t in readings.index.intersection(curve.index) if t >= LATE]
    return float((curve[late] - readings[late]).abs().mean())


def _verdict(numbers: dict) -> tuple[str, bool]:
    reported, gaps = numbers["reported_excess_loss"], numbers["late_gap"]
    matched = numbers["excess_loss_at_matched_gate_error"]
    disagree = matched > APART * reported
    explained = [k for k in ("true_gate", "fast") if gaps[k] <= CLOSER * gaps["slow"]]
    text = (
        f"At iteration {AT + 1} Figure 2b puts gradient descent's gate error at "
        f"{digits(numbers['reported_gate_error'])}. In {numbers['replicates']} simulated runs with "
        f"that error (at our iteration {numbers['matched_iteration']}) the excess loss is "
        f"{digits(matched)}, where Figure 1a shows {digits(reported)}: "
    )
    text += (
        f"{digits(matched / reported)} times as much, so the two reported curves cannot come from "
        "the same runs with L taken at (beta_t, w_t). "
        if disagree
        else "the two reported curves agree. "
    )
    return text + _explanations(numbers, explained), bool(disagree and len(explained) == 2)


def _explanations(numbers: dict, explained: list[str]) -> str:
    loss, gaps, gate = numbers["excess_loss"], numbers["late_gap"], numbers["gate_error"]
    text = (
        f"From iteration {LATE + 1} on, the simulated loss is {digits(gaps['slow'])} nats from the "
        f"readings on average; with L taken at (beta_t, w*) it is {digits(gaps['true_gate'])} nats "
        f"({digits(loss['true_gate'])} at iteration {AT + 1}), and with a gate step of 1.6 "
        f"{digits(gaps['fast'])} nats ({digits(loss['fast'])}). But a gate step of 1.6 brings the "
        f"gate's error down to {digits(gate['fast'])}, where Figure 2b reports "
        f"{digits(numbers['reported_gate_error'])}. "
    )
    names = {"true_gate": "the loss at (beta_t, w*)", "fast": "a larger gate step in that run"}
    if explained:
        return text + f"So {' or '.join(names[k] for k in explained)} would explain Figure 1a."
    return text + "Neither explains Figure 1a."
