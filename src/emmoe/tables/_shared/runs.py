"""What the tables of runs share: the runs of several experiments as one frame, in a fixed order.

A table of runs has one row a run: its cell's settings, how it ended, and the analyses' columns.
"""

from collections.abc import Collection, Mapping

import pandas as pd

from emmoe.store.errors import DataError

CELL = ["experiment", "model", "start", "n", "d", "angle", "norm_beta", "norm_w"]
RATES = ["rate", "rate_predicted"]
RESOLVED = [*RATES, "entry", "outcome"]  # what `resolved` and its count need
RUN = [*CELL, "cell", "fitter", "replicate"]


def joined(
    tables: Mapping[str, pd.DataFrame], curves: Collection[str], columns: Collection[str]
) -> pd.DataFrame:
    """Return all runs of the fitters in curves (of every fitter, if empty), in the order of RUN.

    columns: those needed beside RUN, the only ones kept. Fitters come in the order of curves,
    angles as numbers (degrees) but for "random". Raises DataError, in one line, if a table lacks
    a column or no run is left.
    """
    needed = list(dict.fromkeys([*RUN, *columns]))
    parts = []
    for name, table in tables.items():
        missing = [column for column in needed if column not in table]
        if missing:
            raise DataError(f"{name}: no column {missing[0]!r}: is the experiment's analysis on?")
        if len(table):
            parts.append(table[needed].astype({"angle": object}))
    runs = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=needed)
    runs = runs[runs["fitter"].isin(list(curves))] if curves else runs
    if runs.empty:
        raise DataError(
            f"{', '.join(tables)}: no run of the fitters {', '.join(curves) or '(any)'}"
        )
    return ordered(runs, curves, [*CELL, "fitter", "replicate"])


def ordered(frame: pd.DataFrame, curves: Collection[str], by: list[str]) -> pd.DataFrame:
    """Return the frame sorted: fitters in the order of curves, angle "random" after the others."""
    frame = frame.assign(angle=angles(frame["angle"]))
    rank = {fitter: position for position, fitter in enumerate(curves)}

    def key(column: pd.Series) -> pd.Series:
        if column.name == "angle":
            return pd.to_numeric(column, errors="coerce")
        return column.map(rank) if column.name == "fitter" and rank else column

    return frame.sort_values(by, key=key, kind="stable", ignore_index=True)


def angles(column: pd.Series) -> pd.Series:
    """Return angles as numbers, and as the text "random" where they are not fixed."""
    degrees = pd.to_numeric(column, errors="coerce")
    return (
        degrees
        if degrees.notna().all()
        else degrees.astype(object).where(degrees.notna(), "random")
    )


def arrived(runs: pd.DataFrame) -> pd.Series:
    """Return which runs come within 1e-3 |theta_hat| of theta_hat, capped ones included."""
    return runs["entry"].notna()


def resolved(runs: pd.DataFrame) -> pd.Series:
    """Return which runs have an observed and a predicted rate of convergence to theta_hat."""
    return arrived(runs) & (runs[RATES] > 0).all(axis=1)
