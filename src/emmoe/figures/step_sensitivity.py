"""What a wrong step costs: expected data passes to a target against the step, on the tuning runs.

EM and the others that have no step to tune are level lines. A step at which no run arrives within
the budget is a cross above the curves. Of a rival whose blocks have steps of their own, the last
block's varies, at the best of the others.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MultipleLocator

from emmoe.evidence.estimates import expected_cost
from emmoe.evidence.reach import joined, reached
from emmoe.evidence.tuning import tuning_rows
from emmoe.figures._shared import problems, style
from emmoe.record.reads import Contest, Curves, Targets

CURRENCY = "passes"
FAILED = "no run arrives"
GAP = 1.2  # factor between the heights of two rivals' crosses


@style.context()
def draw(*, curves: Curves, targets: Targets, **contests: Contest) -> Figure:
    """Draw a panel a problem, for the last of the targets."""
    rows = tuning_rows(joined(contests))
    final = list(targets)[-1]
    found = list(problems.by_problem(rows))
    figure, panels = problems.page(len(found), problems.legend_rows(len(curves) + 1))
    for axes, (_, part) in zip(panels, found, strict=True):
        runs = reached(part, {final: targets[final]}, [CURRENCY])
        _panel(axes, costs(runs), curves)
    problems.letters(panels, [problems.title(row) for row, _ in found])
    cross = Line2D([], [], color=style.INK, ls="", marker="x", ms=4)
    problems.legend(figure, curves, {FAILED: cross})
    return figure


def costs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return `rival`, `exponent` and `cost`, the expected cost at the best of the other steps."""
    table = [
        (*key, float(expected_cost(part[CURRENCY].to_numpy(), part["success"].to_numpy())))
        for key, part in runs.groupby(["rival", "exponent", "variant"], dropna=False)
    ]
    frame = pd.DataFrame(table, columns=["rival", "exponent", "variant", "cost"])
    return frame.groupby(["rival", "exponent"], dropna=False)["cost"].min().reset_index()


def _panel(axes: Axes, table: pd.DataFrame, curves: Mapping[str, str]) -> None:
    finite = table.loc[np.isfinite(table["cost"]), "cost"]
    low, high = (finite.min(), finite.max()) if len(finite) else (1.0, 10.0)
    style.log_axis(axes, (low / 1.5, high * GAP ** (len(curves) + 2)))
    for number, (rival, look) in enumerate(style.looks(curves).items()):
        own = table[table["rival"] == rival]
        style_of = {"color": look.colour, "ls": look.line, "lw": look.width, "label": rival}
        if own["exponent"].isna().all():
            if len(own) and np.isfinite(own["cost"].iloc[0]):
                axes.axhline(own["cost"].iloc[0], **style_of)
            continue
        arrived = own["cost"].where(np.isfinite(own["cost"]))
        axes.plot(own["exponent"], arrived, marker=look.marker, ms=3, **style_of)
        failed = own[np.isinf(own["cost"])]
        top = np.full(len(failed), high * GAP ** (number + 1.5))
        axes.plot(failed["exponent"], top, ls="", marker="x", ms=3, color=look.colour)
    axes.xaxis.set_major_locator(MultipleLocator(2))
    axes.xaxis.set_major_formatter(FuncFormatter(_factor))
    axes.set_xlabel("step / middle of its grid", labelpad=1)
    axes.set_ylabel("data passes")


def _factor(exponent: float, _position: int) -> str:
    return f"{2**exponent:g}" if exponent >= 0 else f"1/{2**-exponent:g}"
