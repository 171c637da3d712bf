"""Papers with a mistake in them, of the kinds that happen: would the audit notice?

Each kind takes the claims and yields tables with one mistake each, and the claims that it touches.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit.groups import Group
from emmoe.audit.parts import TABLE, Part

DIGITS = 60  # papers with a wrong digit
SETTINGS = 2  # papers a curve, with another setting's curve in its place
TRAINING_GAP = 0.9  # errors on training data over those on test data, of a fit that overfits a bit
PANELS = ("figure_1a", "figure_1b", "figure_2a", "figure_2b", "figure_3a", "figure_3b")


class Mutation(NamedTuple):
    """kind and what: of the mistake; claims: the paper's, with it; touched: claim ids."""

    kind: str
    what: str
    claims: pd.DataFrame
    touched: frozenset[str]


Groups = dict[str, Group]
Kind = Callable[[pd.DataFrame, Groups, np.random.Generator], Iterator[Mutation]]


def mutations(claims: pd.DataFrame, groups: Groups, rng: np.random.Generator) -> list[Mutation]:
    """Return every mutated paper, of all kinds."""
    kinds: list[Kind] = [
        digit, labels, off_by_one, by_a_factor, log_as_linear, deviation_for_error,
        error_for_deviation, training_for_test, column_shifted, reversed_ordering, other_setting,
    ]  # fmt: skip
    made = [own for kind in kinds for own in kind(claims, groups, rng)]
    return [own for own in made if own.touched]


def _curves(claims: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield every curve's name and its values."""
    own = claims[claims["where"].isin(PANELS) & (claims["kind"] == "value")]
    for (where, algorithm), rows in own.groupby(["where", "algorithm"]):
        yield f"{where} {algorithm}", rows.sort_values(["source", "iteration"])


def _with(
    kind: str, what: str, claims: pd.DataFrame, values: pd.Series, column: str = "value"
) -> Mutation:
    """A paper with other values of some rows; values: by the rows' index."""
    before = claims[column].reindex(values.index)
    moved = values[(values - before).abs() > 1e-12 * before.abs()]
    table = claims.copy()
    table.loc[moved.index, column] = moved
    return Mutation(kind, what, table, frozenset(claims.loc[moved.index, "claim_id"]))


def digit(claims: pd.DataFrame, groups: Groups, rng: np.random.Generator) -> Iterator[Mutation]:
    """One digit of one reading is another: of its first three."""
    counted = (claims["duplicate_of"] == "") & ~claims["interpolated"]
    own = claims[counted & (claims["kind"] == "value") & (claims["value"] > 0)]
    for index in rng.choice(own.index, DIGITS, replace=False):
        value = own.loc[index, "value"]
        place = 10.0 ** (np.floor(np.log10(value)) - rng.integers(0, 2))
        old = int(np.floor(value / place)) % 10
        new = rng.choice([d for d in range(1, 10) if d != old])
        other = pd.Series({index: value + (new - old) * place})
        yield _with("digit", own.loc[index, "claim_id"], claims, other)


def labels(claims: pd.DataFrame, groups: Groups, rng: np.random.Generator) -> Iterator[Mutation]:
    """Two algorithms' labels are swapped in a panel."""
    own = claims[claims["where"].isin(PANELS) & (claims["kind"] == "value")]
    for where, rows in own.groupby("where"):
        by = dict(list(rows.groupby("algorithm")))
        for first, second in [(a, b) for a in by for b in by if a < b]:
            keys = ["iteration", "source"]
            left, right = (by[name].reset_index().set_index(keys) for name in (first, second))
            shared = left.index.intersection(right.index)
            values = pd.concat([
                pd.Series(right.loc[shared, "value"].to_numpy(), left.loc[shared, "index"]),
                pd.Series(left.loc[shared, "value"].to_numpy(), right.loc[shared, "index"]),
            ])  # fmt: skip
            yield _with("labels swapped", f"{where} {first} {second}", claims, values)


def _resampled(rows: pd.DataFrame, times: Callable[[np.ndarray], np.ndarray]) -> pd.Series:
    """A curve read at other iterations, by source."""
    parts = []
    for _, own in rows.groupby("source"):
        at = own["iteration"].to_numpy()
        parts.append(pd.Series(np.interp(times(at), at, own["value"]), own.index))
    return pd.concat(parts)


def off_by_one(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """The iterations of a curve are off by one point."""
    for name, rows in _curves(claims):
        step = 2.0 if name.startswith(("figure_1", "figure_2")) else 1.0
        yield _with("axis off by one", name, claims, _resampled(rows, lambda t, s=step: t + s))


def by_a_factor(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """The iterations of a curve are off by a factor 2."""
    for name, rows in _curves(claims):
        yield _with("axis off by a factor", name, claims, _resampled(rows, lambda t: t / 2))


def log_as_linear(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """A logarithmic axis is read as a linear one."""
    for name, rows in _curves(claims):
        own = rows[rows["value"] > 0]["value"]
        low, high = own.min(), own.max()
        share = (np.log(own) - np.log(low)) / (np.log(high) - np.log(low))
        yield _with("log axis read as linear", name, claims, low + share * (high - low))


def deviation_for_error(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """Standard errors are printed as standard deviations."""
    for name, rows in _curves(claims):
        own = rows[rows["spread"].notna()]
        spread = own["spread"] / np.sqrt(own["instances"])
        yield _with("standard error for deviation", name, claims, spread, "spread")


def error_for_deviation(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """Standard deviations are taken for standard errors, and scaled up."""
    for name, rows in _curves(claims):
        own = rows[rows["spread"].notna()]
        spread = own["spread"] * np.sqrt(own["instances"])
        yield _with("standard deviation for error", name, claims, spread, "spread")


def training_for_test(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """Accuracies on training data are printed for those on test data."""
    own = claims[(claims["metric"] == "test_accuracy") & (claims["kind"] == "value")]
    for (where, algorithm), rows in own.groupby(["where", "algorithm"]):
        values = 1 - TRAINING_GAP * (1 - rows["value"])
        yield _with("training for test", f"{where} {algorithm}", claims, values)


def column_shifted(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """A column of the table is shifted by one row, or by two."""
    own = claims[(claims["where"] == TABLE) & (claims["kind"] == "value")]
    for metric, rows in own.groupby("metric"):
        for shift in range(1, len(rows)):
            values = pd.Series(np.roll(rows["value"], shift), rows.index)
            yield _with("column shifted", f"{metric} by {shift}", claims, values)


def reversed_ordering(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """An ordering is claimed the other way round."""
    own = claims[(claims["kind"] == "ordering") & (claims["where"] != "abstract")]
    for row in own.itertuples():
        table = claims.copy()
        table.loc[row.Index, "algorithm"] = " ".join(reversed(row.algorithm.split()))
        yield Mutation("ordering reversed", row.claim_id, table, frozenset([row.claim_id]))


def other_setting(
    claims: pd.DataFrame, groups: Groups, rng: np.random.Generator
) -> Iterator[Mutation]:
    """One curve is of another setting's run: of one that was searched and not accepted with it."""
    for group in groups.values():
        for algorithm, own in group.candidates.items():
            curves = {p.predicted_as: p for p in group.parts.values() if p.algorithm == algorithm}
            for curve, part in curves.items() if own.names else ():
                for at in rng.choice(len(own.names), SETTINGS):
                    values = _predicted(claims, group, part, int(at))
                    yield _with(
                        "another setting's curve", f"{curve} {own.names[at]}", claims, values
                    )


def _predicted(claims: pd.DataFrame, group: Group, part: Part, at: int) -> pd.Series:
    """What a setting predicts at the readings of a curve, by the index of their rows."""
    own = group.candidates[part.algorithm]
    known: dict[int, float] = {}
    for key, found in group.parts.items():
        if found.predicted_as == part.predicted_as and key in own.panels:
            known |= dict(zip(found.readings["iteration"], own.panels[key].mean[at], strict=True))
    rows = claims[(claims["where"] == part.where) & (claims["algorithm"] == part.algorithm)]
    rows = rows[(rows["kind"] == "value") & rows["iteration"].isin(known)]
    return rows["iteration"].map(known).astype(float)
