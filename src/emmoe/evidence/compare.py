"""The comparison itself: every rival's runs at its tuned step, paired by replicate."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.evidence.estimates import expected_cost, interval, resamples
from emmoe.evidence.reach import PROBLEM, RIVAL, Targets, reached
from emmoe.evidence.tuning import choose, chosen, tuning_rows

FACTS = ["model", "start", "norm_beta", "norm_w"]


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
    """A quotient of two rivals' expected costs with its 95 % interval, 0 or infinite where only one
    arrives. Where a budget of data passes has cut off all runs of that other one, `bound` is the
    quotient with what they had spent by then, else NaN: the true one lies beyond it."""

    value: float
    low: float
    high: float
    bound: float = np.nan


def expected(field: Field, rival: str) -> Ratio:
    """Return a rival's expected cost with its interval."""
    value, values = _expected(field, rival)
    return Ratio(value, *interval(values))


def ratio(field: Field, one: str, other: str) -> Ratio:
    """Return the quotient of two rivals' expected costs, resampling replicates, so in pairs."""
    costs = _expected(field, one), _expected(field, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, values = (np.divide(a, b) for a, b in zip(*costs, strict=True))
        spent = [field.cost.loc[rival].mean() for rival in (one, other)]
        cut = [field.capped.loc[rival].all() for rival in (one, other)]
        known = [s if c else cost[0] for s, c, cost in zip(spent, cut, costs, strict=True)]
        bound = float(np.divide(*known)) if any(cut) and not all(cut) else np.nan
    return Ratio(float(value), *interval(values), bound)


def _expected(field: Field, rival: str) -> tuple[float, np.ndarray]:
    """The expected cost of a rival, and of every resample of the replicates."""
    cost, success = (frame.loc[rival].to_numpy() for frame in (field.cost, field.success))
    draws = resamples(len(cost))
    return float(expected_cost(cost, success)), expected_cost(cost[draws], success[draws])


def best_rival(field: Field, em: Collection[str]) -> str:
    """Return the cheapest rival on the tuning replicates that is not of EM's family."""
    return next(rival for rival in field.order if rival not in em)
