"""F3: step sizes decide the synthetic ranking of EM and gradient descent."""

from typing import Annotated

import numpy as np
import pandas as pd
from msgspec import Meta

from emmoe.findings.base import Finding, listed
from emmoe.record.entries import Product, Record
from emmoe.record.reads import Reads

TITLE = "Step sizes decide the ranking on the synthetic data"
CLAIM = (
    "To EM's floor, which EM reaches in 9 iterations, gradient descent needs about 500 with step "
    "0.1, 49 with 1.0, 26 with 1.9 and 7 with separate steps; L-BFGS 11 to 12 gradient evaluations."
)
TOLERANCE = 0.25  # relative, or one iteration: how near a count must come to the expected one


def find(
    *,
    costs: Annotated[pd.DataFrame, Reads("table", of="cost_to_floor")],
    expected: Annotated[dict[str, float], Meta(min_length=1)],
    passes: list[str],
) -> Finding:
    """Return the finding from a table of `emmoe.tables.cost_to_floor`.

    expected: algorithm (the table's label) -> count to compare with; passes: those of them that
    are compared by data passes, the others being by iterations. The first one is EM."""
    costs = costs.set_index("algorithm")
    rows, agree = {}, []
    for name, count in expected.items():
        by = "passes_error" if name in passes else "iterations_error"
        found = float(costs.loc[name, by])
        rows[name] = {"expected": count, "found": found}
        agree.append(abs(found - count) <= max(TOLERANCE * count, 1))
    numbers = {
        "counts": rows,
        "by_error": costs[["iterations_error", "passes_error", "reached_error"]].to_dict("index"),
        "by_loss": costs[["iterations_loss", "passes_loss", "reached_loss"]].to_dict("index"),
        "runs": int(costs["runs"].min()),
    }
    text = _text(costs, numbers, all(agree))
    return Finding("F3", TITLE, CLAIM, text, _decided(costs), numbers, expected_met=all(agree))


def check(record: Record, entry: Product) -> None:
    """Raise ValueError for an algorithm that the table has no row of."""
    known = set(record.tables[entry.reads["costs"].name].curves.values())
    for name, found in {"expected": known, "passes": set(entry.options["expected"])}.items():
        for algorithm in entry.options[name]:
            if algorithm not in found:
                said = f"{algorithm!r} is none of {', '.join(sorted(found))}"
                raise ValueError(f"options.{name}: {said}")


def _text(costs: pd.DataFrame, numbers: dict, agree: bool) -> str:
    first, *others = costs.index
    by_error = [f"{name} needs {_cost(costs.loc[name], 'error')}" for name in others]
    by_loss = [_cost(costs.loc[name], "loss") for name in costs.index]
    text = (
        f"Medians over {numbers['runs']} samples, with 95 % intervals. {first} has both errors at "
        f"most 1 % above where they end after {_cost(costs.loc[first], 'error')}; "
        f"{listed(by_error)}. To the statistical floor of the loss, p/(2n) above the sample "
        f"optimum, they need, in the same order, {listed(by_loss)}. "
    )
    wrong = [
        f"{name} ({_half(row['found'])}, expected {_half(row['expected'])})"
        for name, row in numbers["counts"].items()
        if not abs(row["found"] - row["expected"]) <= max(TOLERANCE * row["expected"], 1)
    ]
    if not agree:
        text += f"Not as expected: {listed(wrong)}. "
    return text + _conclusion(costs)


def _decided(costs: pd.DataFrame) -> bool:
    """Whether some step sizes leave gradient descent behind EM, and others do not."""
    iterations = costs["iterations_error"]
    first, descents = iterations.iloc[0], iterations[costs.index.str.startswith("GD")]
    slowest = descents.fillna(np.inf).max()
    return bool(descents.min() <= first < slowest)


def _cost(row: pd.Series, kind: str) -> str:
    iterations, passes = row[f"iterations_{kind}"], row[f"passes_{kind}"]
    if pd.isna(iterations):
        return f"more than {row['iterations_limit']:.0f} iterations"
    censored = row["runs"] - row[f"reached_{kind}"]
    missed = f", {censored:.0f} of {row['runs']:.0f} not arriving" if censored else ""
    low, high = (_half(row[f"iterations_{kind}_{end}"]) for end in ("low", "high"))
    return f"{_half(iterations)} [{low}, {high}] iterations ({_half(passes)} data passes{missed})"


def _half(count: float) -> str:
    """A median of counts, which may end in .5, or be missing."""
    return "not reached" if pd.isna(count) else f"{count:.1f}".removesuffix(".0")


def _conclusion(costs: pd.DataFrame) -> str:
    iterations = costs["iterations_error"]
    first, descents = iterations.iloc[0], iterations[iterations.index.str.startswith("GD")]
    if descents.min() <= first:
        return (
            "So gradient descent with a step size for each block takes no more iterations than EM: "
            "on these data the reported gap is one of step sizes."
        )
    return (
        f"So even the best step sizes tried leave gradient descent at {_half(descents.min())} "
        f"iterations against EM's {_half(first)}; the worst take {_half(descents.max())}."
    )
