"""What the paper reports, claim by claim, in our names and on our clock: data/reported/claims.csv.

Figures 1 and 2 plot only the odd iterations 1, 3, ..., 99, and their iteration 1 is the common
start: our iteration is theirs minus one. Figure 3 and Table 2 count the start as iteration 0.
Figure 3 was read twice, from the slides, which show the runs of Table 2, and from the poster.
"""

import difflib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import yaml

from emmoe.store.errors import DataError
from emmoe.store.layout import CLAIMS

FIGURES = ("figure_1", "figure_2", "figure_3")  # those with curves
READINGS = ("value", "bound")  # kinds of claims that are points of a curve or of a table
PRINTED = "printed"  # source of a number in a table
TRUTH = {"true": True, "false": False}

Rule = dict[str, Any]  # of a column or of a row, in the words of JSON Schema


def load(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the checked table of claims from the file as read by pandas.

    Columns as in claims.yaml beside this module, and panel, e.g. 2a; iteration and instances are
    NaN where a claim has none, the texts empty. A checked table is returned as it is. Raises
    DataError, naming the line, for the first row that is malformed, repeats a claim_id or
    duplicates no claim."""
    rules = _schema()["properties"]
    if list(frame.columns) == [*rules, "panel"]:
        return frame
    if list(frame.columns) != list(rules):
        wrong = sorted(set(frame) ^ set(rules)) or ["the order"]
        raise DataError(f"{CLAIMS}, line 1: columns must be {', '.join(rules)}: see {wrong[0]!r}")
    parsed = {name: [_cell(v, rules[name]) for v in frame[name]] for name in rules}
    rows = [dict(zip(rules, row, strict=True)) for row in zip(*parsed.values(), strict=True)]
    _check(tuple(tuple((k, v) for k, v in row.items() if v is not None) for row in rows))
    texts = [name for name, rule in rules.items() if _type(rule) == "string"]
    claims = pd.DataFrame(rows, columns=list(rules))
    numbers = [name for name in rules if name not in texts and name != "interpolated"]
    claims = claims.assign(**claims[texts].fillna("")).astype(dict.fromkeys(numbers, float))
    return claims.assign(panel=claims["where"].str.removeprefix("figure_"))


@cache
def _schema() -> Rule:
    text = resources.files("emmoe.evidence").joinpath("claims.yaml").read_text("utf-8")
    return yaml.safe_load(text)


def _type(rule: Rule) -> str:
    return rule.get("type", "string")


def _cell(value: Any, rule: Rule) -> Any:
    """A cell as its column's type, None if empty; as it is if it cannot be."""
    if pd.isna(value):
        return None
    if _type(rule) == "boolean":
        return TRUTH.get(str(value).lower(), value)
    if _type(rule) == "string":
        return str(value)
    try:
        return float(value) if np.isfinite(float(value)) else str(value)
    except ValueError:
        return value


@cache  # a process that makes several products loads the same claims for each
def _check(items: tuple[tuple[tuple[str, str | float | bool], ...], ...]) -> None:
    validator = jsonschema.Draft202012Validator(_schema())
    known: dict[str, int] = {}
    rows = [dict(row) for row in items]
    for line, row in enumerate(rows, start=2):
        error = jsonschema.exceptions.best_match(validator.iter_errors(row))
        if error is not None:
            column = "".join(f"{name}: " for name in error.absolute_path)
            raise DataError(f"{CLAIMS}, line {line}: {column}{error.message}")
        first = known.setdefault(row["claim_id"], line)
        if first != line:
            raise DataError(f"{CLAIMS}, line {line}: {row['claim_id']} is also on line {first}")
    for line, row in enumerate(rows, start=2):
        origin = row.get("duplicate_of", row["claim_id"])
        if origin not in known:
            raise DataError(
                f"{CLAIMS}, line {line}: duplicate_of: no claim {origin!r}: "
                f"the nearest are {closest(origin, known)}"
            )


def closest(claim_id: str, known: Iterable[str]) -> str:
    """Return the three known claim ids that are most like one, as a list to print."""
    return ", ".join(difflib.get_close_matches(claim_id, list(known), n=3, cutoff=0.0))


def find(claims: pd.DataFrame, claim_id: str) -> Any:
    """Return a claim as a named tuple; raises DataError, naming the nearest, if there is none."""
    found = claims[claims["claim_id"] == claim_id]
    if found.empty:
        raise DataError(
            f"no claim {claim_id!r}: the nearest are {closest(claim_id, claims['claim_id'])}"
        )
    return next(found.itertuples())


def plotted(claims: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return the points of a figure's plot; value is NaN where only a bound can be read."""
    points = claims["kind"].isin(READINGS) & ~claims["interpolated"]
    found = claims[points & claims["where"].str.startswith(figure)]
    values = found["value"].where(found["kind"] == "value")
    return found.assign(value=values).astype({"iteration": int})
