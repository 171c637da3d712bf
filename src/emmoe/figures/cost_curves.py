"""How many runs have reached their target at which cost, in four currencies, at tuned steps.

A line ends at the share of a method's runs that arrive within the budget of data passes. All
targets are shown together, a law of data counting once (More and Wild, 2009).
"""

import numpy as np
from matplotlib.figure import Figure

from emmoe.evidence.compare import fields
from emmoe.evidence.profiles import arrivals, shares
from emmoe.evidence.reach import CURRENCIES, joined
from emmoe.evidence.verdicts import PER
from emmoe.figures._shared import currencies, style
from emmoe.record.reads import Curves, Targets, Timed

POINTS = 200
TOLD = "passes"  # the currency of the message


@style.context()
def draw(*, curves: Curves, targets: Targets, **contests: Timed) -> Figure:
    """Draw, for each currency, the share of problems, targets and replicates against the cost."""
    every = list(fields(joined(contests), targets, list(CURRENCIES)))
    figure, panels = currencies.panels(curves)
    for currency, axes in panels.items():
        own = [field for field in every if field.key["currency"] == currency]
        costs = arrivals(own, list(curves))
        known = costs.to_numpy()[(costs > 0) & np.isfinite(costs)]
        if known.size:
            at = np.geomspace(known.min(), known.max(), POINTS)
            currencies.steps(axes, shares(costs, at))
        if currency == TOLD:
            style.tell(figure, _message(costs, curves))
    for axes in list(panels.values())[::2]:
        axes.set_ylabel("share of runs\nthat have arrived")
    return figure


def _message(costs, curves: Curves) -> str:
    """Say which method has half of its runs at the target first, in data passes."""
    medians = costs.fillna(np.inf).median()
    first = medians.idxmin()
    if np.isinf(medians[first]):
        return f"No method reaches half of its targets ({len(costs)} instances)."
    others = medians[np.isfinite(medians)].sort_values()
    last = f"; {curves[others.index[-1]]} needs {others.iloc[-1]:.3g}" if len(others) > 1 else ""
    return (
        f"Half of the {len(costs)} targets take {curves[first]} {medians[first]:.3g} "
        f"{PER[TOLD]}es{last}."
    )
