"""The comparison itself: every rival's runs at its tuned step, paired by replicate."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.evidence.estimates import expected_cost
from emmoe.evidence.paired import shift
from emmoe.evidence.reach import PROBLEM, RIVAL, Targets, reached
from emmoe.evidence.tuning import choose, chosen, tuning_rows

FACTS = [  # data: the samples' law
    "data", "dataset", "model", "start", "observations", "parameters", "norm_beta", "norm_w",
]  # fmt: skip


class Field(NamedTuple):
    """A problem, target and currency: the key's values, the problem's facts, the choice of steps,
    and, rivals x replicates, what was spent, whether the target was reached, and whether the
    budget cut the run off. order: the rivals, cheapest on the tuning replicates first."""

    key: dict[str, str]
    facts: dict[str, object]
    choice: pd.DataFrame
    cost: pd.DataFrame
    success: pd.DataFrame
    capped: pd.DataFrame
    order: list[str]


def fields(rows: pd.DataFrame, targets: Targets, currencies: list[str]) -> Iterator[Field]:
    """Yield the fields of joined contests, by problem, then target, then currency."""
    choice = choose(rows, targets)
    tuned = _of_target(reached(tuning_rows(rows), targets, currencies), choice)
    steps = choice.loc[choice["target"].isin(list(targets)), [*PROBLEM, *RIVAL]]
    runs = chosen(rows, steps.drop_duplicates())
    runs = _of_target(reached(runs, targets, currencies), choice)
    for _, problem in rows.groupby(PROBLEM, sort=False):
        for target in targets:
            names = dict(zip(PROBLEM, problem[PROBLEM].iloc[0], strict=True)) | {"target": target}
            facts = {name: problem[name].iloc[0] if name in problem else np.nan for name in FACTS}
            found, trials, steps = (_at(frame, names) for frame in (runs, tuned, choice))
            wide = found.pivot(index="rival", columns="replicate")
            for currency in currencies:
                cost, success, capped = (wide[name] for name in (currency, "success", "capped"))
                order = _order(trials, currency)
                yield Field(
                    names | {"currency": currency}, facts, steps.set_index("rival"),
                    cost, success.astype(bool), capped.astype(bool), order,
                )  # fmt: skip


def _of_target(runs: pd.DataFrame, choice: pd.DataFrame) -> pd.DataFrame:
    """Keep of the runs those at the step chosen for their target."""
    return runs.merge(choice, on=[*PROBLEM, "target", "rival", "variant"])


def _at(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    keep = np.logical_and.reduce([frame[name] == value for name, value in names.items()])
    return frame[keep]


def _order(trials: pd.DataFrame, currency: str) -> list[str]:
    """The rivals by expected cost on the tuning replicates, then by the excess loss reached."""
    scores = [
        (expected_cost(part[currency].to_numpy(), part["success"].to_numpy()), part["gap"].median(),
         rival)
        for rival, part in trials.groupby("rival")
    ]  # fmt: skip
    return [rival for *_, rival in sorted(scores)]


class Ratio(NamedTuple):
    """The quotient of two rivals' costs, over samples: where its pseudo-median lies (least, most;
    0 or infinite where censored runs leave it open), its 95 % interval, the p-value of equal costs,
    the pairs of runs that it is over, and the samples on which neither ever arrives."""

    least: float
    most: float
    low: float
    high: float
    p: float
    pairs: int
    neither: int

    @property
    def value(self) -> float:
        """The geometric middle of least and most; NaN where nothing is known."""
        if self.least == 0 or np.isinf(self.most):
            return np.nan if np.isinf(self.most) and self.least == 0 else self.least + self.most
        return float(np.sqrt(self.least * self.most))


def ratio(field: Field, one: str, other: str) -> Ratio:
    """Return the quotient of two rivals' costs, paired by sample.

    A run that the budget cut off costs more than it had spent, one that ended elsewhere infinitely
    much. A pair of runs that both ended elsewhere bears on no quotient; `neither` counts it."""
    (least, most), (other_least, other_most) = (_bounds(field, rival) for rival in (one, other))
    neither = np.isinf(least) & np.isinf(other_least)
    low = _difference(least, other_most, -np.inf)[~neither]
    high = _difference(most, other_least, np.inf)[~neither]
    found = shift(low, high)
    with np.errstate(over="ignore"):
        ends = [float(np.exp(end)) for end in found[:4]]
    return Ratio(*ends, found.p, found.pairs, int(neither.sum()))


def _bounds(field: Field, rival: str) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most that each run may cost."""
    frames = field.cost, field.success, field.capped
    cost, success, capped = (frame.loc[rival].to_numpy() for frame in frames)
    return np.where(success | capped, cost, np.inf), np.where(success, cost, np.inf)


def _difference(one: np.ndarray, other: np.ndarray, unknown: float) -> np.ndarray:
    """log(one / other): 0 for costs that are both 0, unknown for two that are both infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(one) - np.log(other)
    return np.where(np.isnan(logs), np.where(one == 0, 0.0, unknown), logs)


def best_rival(field: Field, em: Collection[str]) -> str:
    """Return the cheapest rival on the tuning replicates that is not of EM's family."""
    return next(rival for rival in field.order if rival not in em)
