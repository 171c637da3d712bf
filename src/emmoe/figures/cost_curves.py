"""How many runs have reached their target at which cost, in four currencies, at tuned steps.

A line ends at the share of a method's runs that arrive within the budget of data passes. All
targets are shown together, a law of data counting once (More and Wild, 2009).

:section: rivals
:title: How many runs have arrived at which cost: {name}
:caption: Every rival at its tuned step, on the comparison's replicates, in four currencies. A line
    ends at the share of runs that arrive within the budget of data passes, all targets together; a
    law of data counts once. Of many methods EM's variants and the cheapest others are drawn
    strongly, the rest thin and grey.
"""

from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emmoe.evidence.compare import fields
from emmoe.evidence.profiles import arrivals, shares
from emmoe.evidence.reach import CURRENCIES, joined
from emmoe.evidence.verdicts import PER
from emmoe.figures._shared import currencies, style
from emmoe.record.reads import Curves, Rival, Targets, Timed

POINTS = 200
TOLD = "passes"  # the currency of the message


@style.context()
def draw(
    *,
    curves: Curves,
    targets: Targets,
    em: tuple[Annotated[str, Rival(shown=True)], ...] = (),
    **contests: Timed,
) -> Figure:
    """Draw, for each currency, the share of problems, targets and replicates against the cost; em:
    EM's variants, which are drawn strongly."""
    every = list(fields(joined(contests), targets, list(CURRENCIES)))
    costs = {
        currency: arrivals([own for own in every if own.key["currency"] == currency], list(curves))
        for currency in CURRENCIES
    }
    medians = {currency: own.fillna(np.inf).median() for currency, own in costs.items()}
    shown = currencies.strong(curves, em, medians.values())
    figure, panels = currencies.panels(curves, shown)
    for currency, axes in panels.items():
        own = costs[currency]
        known = own.to_numpy()[(own > 0) & np.isfinite(own)]
        if known.size:
            at = np.geomspace(known.min(), known.max(), POINTS)
            currencies.steps(axes, shares(own, at), shown)
    for axes in list(panels.values())[::2]:
        axes.set_ylabel("share of runs\nthat have arrived")
    style.tell(figure, _message(medians[TOLD], len(costs[TOLD]), curves, em))
    return figure


def _message(medians: pd.Series, count: int, curves: Curves, em: tuple[str, ...]) -> str:
    """Say what half of the targets cost with the best of EM's variants, and with the best other
    method, in data passes."""
    if np.isinf(medians).all():
        return f"No method reaches half of its targets ({count} instances)."
    of_em = medians.index.isin(em)
    groups = [
        (medians[of_em], "the best of EM's variants", "any of EM's variants"),
        (medians[~of_em], "the best other method", "any other method"),
    ]
    costs = [_least(*group, curves) for group in groups if len(group[0])]
    return f"Half of the {count} targets take {', and '.join(costs)}."


def _least(medians: pd.Series, best: str, every: str, curves: Curves) -> str:
    """Return the least cost of some methods, and with which."""
    first = medians.idxmin()
    if np.isinf(medians[first]):
        return f"all allowed {PER[TOLD]}es and more with {every}"
    return f"{medians[first]:.3g} {PER[TOLD]}es with {curves[first]}, {best}"
