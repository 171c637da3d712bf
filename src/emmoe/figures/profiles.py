"""Performance profiles of all methods, in four currencies: the share of problems within a factor.

At factor 1 stands how often a method is the cheapest, at the right end how often it arrives. A law
of data counts once, whichever table its problems are in (Dolan and More, 2002).

:section: rivals
:title: Performance profiles of all methods
:caption: The share of problems, targets and replicates in which a method costs at most so many
    times what the cheapest one costs; a law of data counts once. At 1: how often it is the
    cheapest. EM's variants and whatever of all others is most often the cheapest in some currency
    are drawn strongly, the rest thin and grey.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emmoe.evidence.verdicts import PER
from emmoe.figures._shared import currencies, style
from emmoe.record.entries import Product, Record
from emmoe.record.reads import Reads
from emmoe.record.registry import nearest

TOLD = "passes"  # the currency of the message


@style.context()
def draw(
    *,
    curves: Mapping[str, str],
    em: tuple[str, ...] = (),
    **profiles: Annotated[pd.DataFrame, Reads("table", of="profiles")],
) -> Figure:
    """Draw, for each currency, the share of problems, targets and replicates in which a method
    costs at most so many times what the cheapest one does; tables of `emmoe.tables.profiles`.

    curves: unused, the tables have the labels; em: EM's variants, which are drawn strongly."""
    rows = pd.concat(profiles.values(), ignore_index=True)
    rows = rows[np.isfinite(rows["factor"])]
    names = dict(zip(rows["rival"], rows["label"], strict=True))
    found = {
        currency: own.pivot_table(index="factor", columns="rival", values="share", aggfunc="mean")
        for currency, own in rows.groupby("currency")
    }
    shown = currencies.strong(names, em, [-own.iloc[0] for own in found.values()])
    figure, panels = currencies.panels(names, shown)
    for currency, axes in panels.items():
        if currency in found:
            currencies.steps(axes, found[currency].reindex(columns=list(names)), shown)
        axes.set_xlabel("factor to the cheapest")
    if TOLD in found:
        laws = rows.loc[rows["currency"] == TOLD, "data"].nunique()
        style.tell(figure, _message(found[TOLD], names, laws))
    for axes in list(panels.values())[::2]:
        axes.set_ylabel("share of problems")
    return figure


def check(record: Record, entry: Product) -> None:
    """Raise ValueError for a variant of EM that no table is of."""
    known = {name for read in entry.reads.values() for name in record.tables[read.name].curves}
    for name in entry.options.get("em", ()):
        if name not in known:
            raise ValueError(f"options.em: no method {name!r}{nearest(name, known)}")


def _message(shares: pd.DataFrame, names: Mapping[str, str], laws: int) -> str:
    """Say which method is the cheapest most often, in data passes, and how often it is near."""
    first, near = shares.iloc[0], shares[shares.index <= 2].iloc[-1]
    best = first.idxmax()
    return (
        f"Per {PER[TOLD]}, {names[best]} is the cheapest in {100 * first[best]:.0f}\u00a0% of "
        f"problems on {laws} laws of data, and at most twice as dear in "
        f"{100 * near[best]:.0f}\u00a0%."
    )
