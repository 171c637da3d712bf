"""The best fit of each case beside the best that is known: value, status and hits.

:title: Best known maxima of mixtures of experts
:caption: Ours beside the best of 60 starts of a separate program, in nats. Reached: ours is no
    lower than the reference by more than 1e-6, where it is a supremum at infinity 1e-3. A positive
    difference says that a better one was found. Hits are of our best, where the reference is not
    reached too.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np
import pandas as pd

from emmoe.record.entries import Product, Record
from emmoe.record.reads import Reads
from emmoe.store.errors import nearest

EXACT, SUPREMUM = 1e-6, 1e-3  # nats that a maximum, or a supremum at infinity, may miss
COLUMNS = [
    "case", "experts", "rows", "parameters", "status", "log_likelihood", "reference", "difference",
    "reached", "hits", "starts", "reference_hits", "reference_starts", "rate", "reference_rate",
]  # fmt: skip


class Known(TypedDict):
    """The best that is known of a case with K experts; log_likelihood in nats; supremum: whether it
    is one at infinity; hits of starts: how many found it; rate: rho."""

    experts: int
    log_likelihood: float
    supremum: NotRequired[bool]
    hits: NotRequired[int]
    starts: NotRequired[int]
    rate: NotRequired[float]


def build(
    *,
    curves: Mapping[str, str],
    references: dict[str, list[Known]],
    **probes: Annotated[pd.DataFrame, Reads("probe", of="mixture_choice")],
) -> pd.DataFrame:
    """Return COLUMNS, a row a reference: difference is ours less the reference, in nats, and
    reached whether it is at least -EXACT, of a supremum -SUPREMUM.

    references: by the name under which the case is read."""
    rows = [
        {"case": case, **_row(probes[case].set_index("experts").loc[known["experts"]], known)}
        for case, several in references.items()
        for known in several
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def check(record: Record, entry: Product) -> None:
    """Raise ValueError for a reference of a case, or of a K, that the entry does not read."""
    for case, several in entry.options["references"].items():
        if case not in entry.reads:
            raise ValueError(f"options.references: no case {case!r}{nearest(case, entry.reads)}")
        fitted = record.probes[entry.reads[case].name].options["experts"]
        for known in several:
            if known["experts"] not in fitted:
                said = f"{known['experts']} experts, its probe fits {fitted}"
                raise ValueError(f"options.references.{case}: {said}")


def _row(found: pd.Series, known: Known) -> dict[str, Any]:
    """Return a fit beside its reference."""
    difference = found["log_likelihood"] - known["log_likelihood"]
    slack = SUPREMUM if known.get("supremum") else EXACT
    own = ("rows", "parameters", "status", "log_likelihood", "hits", "starts", "rate")
    beside = {f"reference_{name}": known.get(name, np.nan) for name in ("hits", "starts", "rate")}
    return {
        "experts": known["experts"],
        **{name: found[name] for name in own},
        "reference": known["log_likelihood"],
        "difference": difference,
        "reached": bool(difference >= -slack),
        **beside,
    }
