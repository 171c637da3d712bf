"""Two reported curves of gradient descent that disagree, and what each explanation would draw.

Above: the excess loss as Figure 1a shows it, and as simulated with L at (beta_t, w_t), with L at
(beta_t, w*), and with a larger gate step. Below: the gate's error as Figure 2b shows it, which
tells the explanations apart.

:title: Two reported curves of gradient descent, and what each explanation would draw
:caption: Above: the excess loss as Figure 1a shows it, and as simulated with the loss at the
    current parameters, with the loss at the true gate, and with a larger gate step. Below: the
    gate's error as Figure 2b shows it, which tells the explanations apart.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emmoe.evidence import reported as paper
from emmoe.figures._shared import style
from emmoe.record.reads import Reads, Reported
from emmoe.tables._shared.traces import FAST, GATE, LOSS, SLOW, excess_losses, mean_curve

LOOKS = {
    "slow": style.LOOKS["gradient_descent"], "true_gate": style.OTHERS[0], "fast": style.OTHERS[1],
}  # fmt: skip
BOTTOM = 1e-5  # nats


@style.context()
def draw(
    *,
    trace: Annotated[
        pd.DataFrame,
        Reads("trace", columns=[LOSS, GATE], fitters=(SLOW, FAST), one_cell=True, whole=1),
    ],
    runs: Annotated[
        pd.DataFrame,
        Reads("runs", columns=["excess_loss_true_gate"], fitters=(SLOW,), one_cell=True, whole=1),
    ],
    reported: Reported,
    curves: Mapping[str, str],
) -> Figure:
    """Return the figure; inputs as `emmoe.findings.f2_curves_disagree`, means over the runs;
    curves: what to call the two fitters, by default their names."""
    slow, fast = (curves.get(name, name.replace("_", " ")) for name in (SLOW, FAST))
    read = paper.load(reported)
    losses = excess_losses(trace, runs)
    errors = {"slow": mean_curve(trace, SLOW, GATE), "fast": mean_curve(trace, FAST, GATE)}
    figure, (left, right) = style.two_panels()
    left.set(title="(a) excess loss over the truth (Fig. 1a)", ylabel="excess loss  [nats]")
    style.log_axis(left, (BOTTOM, 1.5))
    right.set(title="(b) relative error of the gate (Fig. 2b)")
    right.set_ylabel(r"$\Vert w_t - w^{*}\Vert\, /\, \Vert w^{*}\Vert$")
    style.log_axis(right, (0.05, 1.2), (1, 2, 5))
    readings = {"a": _readings(read, "figure_1", LOSS), "b": _readings(read, "figure_2", GATE)}
    _panel(left, losses, readings["a"])
    _panel(right, errors, readings["b"])
    _legend(figure, slow, fast)
    style.tell(figure, _message(losses, errors, readings, {"slow": slow, "fast": fast}))
    return figure


def _readings(read: pd.DataFrame, figure: str, metric: str) -> pd.DataFrame:
    rows = paper.plotted(read, figure)
    rows = rows[(rows["algorithm"] == SLOW) & (rows["metric"] == metric)]
    return rows[rows["value"] > 0]


def _panel(axes: Axes, curves: Mapping[str, pd.Series], read: pd.DataFrame) -> None:
    for name, curve in curves.items():
        look = LOOKS[name]
        axes.plot(curve.index, curve, color=look.colour, ls=look.line, lw=look.width, label=name)
    last = max(curve.index.max() for curve in curves.values())
    shown = read[read["iteration"] <= last]
    axes.plot(shown["iteration"], shown["value"], label="reported", zorder=2.5, **_marker())
    axes.set_xlabel("iteration $t$")
    axes.margins(x=0.02)


def _marker() -> dict:
    return {"ls": "", "marker": "o", "ms": style.READING, "mfc": "white", "mec": "0.2", "mew": 0.7}


def _legend(figure: Figure, slow: str, fast: str) -> None:
    labels = {
        "slow": rf"$L(\beta_t, w_t)$, {slow}",
        "true_gate": rf"$L(\beta_t, w^{{*}})$, {slow}",
        "fast": rf"$L(\beta_t, w_t)$, {fast}",
    }
    lines = [
        (text, Line2D([], [], color=LOOKS[n].colour, ls=LOOKS[n].line, lw=LOOKS[n].width))
        for n, text in labels.items()
    ]
    lines.append((r"reported for GD (as $t + 1$)", Line2D([], [], **_marker())))
    style.legend(figure, lines, 2)


def _message(
    losses: Mapping, errors: Mapping, read: Mapping[str, pd.DataFrame], labels: Mapping[str, str]
) -> str:
    """Say by which factor each fitter is off the readings of both figures."""
    off = {
        name: [_factor(curves[name], read[key]) for key, curves in (("a", losses), ("b", errors))]
        for name in labels
    }
    said = (f"{' and '.join(off[name])} with {label}" for name, label in labels.items())
    return (
        "GD is off the reported loss and gate's error by factors of "
        f"{', of '.join(said)} (medians)."
    )


def _factor(curve: pd.Series, read: pd.DataFrame) -> str:
    """Return the median factor between a curve and readings, at least 1."""
    both = read.set_index("iteration")["value"]
    ratio = np.log(curve.clip(lower=BOTTOM).reindex(both.index) / both).abs().median()
    return f"{np.exp(ratio):.2g}"
