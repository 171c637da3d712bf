"""Information criteria and the held-out log-likelihood over the number of experts K.

:title: How many experts
:caption: Each criterion less its least value, on the scale of deviances, linear up to 10. Hollow:
    the likelihood has no finite maximum there, and AIC and BIC are those of its supremum. Held-out
    deviance is minus twice the log-likelihood of rows under the fit to the other folds, in ten
    folds.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from emmoe.figures._shared import cases, style
from emmoe.record.reads import Reads

LABELS = {"bic": "BIC", "aic": "AIC", "icl": "ICL", "held_out": "held-out deviance"}
LINEAR = 10  # nats, up to which the axis is linear


@style.context()
def draw(
    *,
    curves: Mapping[str, str],
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_choice")],
) -> Figure:
    """Return the figure, a panel a sample: each criterion less its least value, over K; held-out
    deviance is -2 n times the mean held-out log-likelihood. Hollow: the fit is no maximum; BIC and
    AIC are then those of the supremum, ICL has none."""
    figure, panels = cases.panels(probes, 0.95)
    for name, axes in panels.items():
        _panel(axes, costs(probes[name]))
    for axes in list(panels.values())[::2]:
        axes.set_ylabel("less its least value")
    _legend(figure)
    style.tell(figure, _message(probes))
    return figure


def costs(table: pd.DataFrame) -> pd.DataFrame:
    """Return by K what is to be small, on the scale of deviances, and whether the fit is a maximum.

    Where the likelihood has no finite maximum, AIC and BIC are those of its supremum."""
    size, deviance = table["parameters"], -2 * table["log_likelihood"]
    return pd.DataFrame({
        "bic": table["bic"].fillna(size * np.log(table["rows"]) + deviance),
        "aic": table["aic"].fillna(2 * size + deviance),
        "icl": table["icl"],
        "held_out": -2 * table["rows"] * table["held_out"],
        "maximum": table["status"] == "maximum",
    }).set_axis(table["experts"])  # fmt: skip


def _panel(axes: Axes, found: pd.DataFrame) -> None:
    for name, look in zip(LABELS, cases.EXPERTS, strict=False):
        above = found[name] - found[name].min()
        axes.plot(above.index, above, ls=look.line, color=look.colour, lw=1.1)
        for own, fill in ((found["maximum"], look.colour), (~found["maximum"], "white")):
            axes.plot(above[own], look.marker, color=look.colour, ms=3, mfc=fill, mew=0.8)
    axes.set_yscale("symlog", linthresh=LINEAR)
    axes.set_ylim(bottom=-1)
    axes.xaxis.set_major_locator(FixedLocator(found.index))
    axes.set_xlabel("experts $K$")


def _legend(figure: Figure) -> None:
    entries = [
        (label, Line2D([], [], color=look.colour, ls=look.line, marker=look.marker, ms=3))
        for label, look in zip(LABELS.values(), cases.EXPERTS, strict=False)
    ]
    hollow = Line2D([], [], color="0.3", marker="o", ms=3, mfc="white", ls="")
    style.legend(figure, [*entries, ("no maximum", hollow)], 3)


def _message(probes: Mapping[str, pd.DataFrame]) -> str:
    """Say what BIC chooses, and where the held-out log-likelihood would choose another number."""
    chosen = {name: costs(table)[["bic", "held_out"]].idxmin() for name, table in probes.items()}
    told = ", ".join(f"{own['bic']} ({name})" for name, own in chosen.items())
    other = sum(own["bic"] != own["held_out"] for own in chosen.values())
    return (
        f"The number of experts with the least BIC: {told}; held-out rows ask for another one in "
        f"{other} of {len(chosen)} samples."
    )
