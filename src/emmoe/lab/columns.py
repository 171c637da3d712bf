"""The columns of traces and of tables of runs: the common ones, and what components declare.

Models declare what they measure of a state, analyses what they add to a run's row; the columns
here are what all have, and those that stand in no component's file.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from emmoe.lab.recorder import CONVERGED, DIVERGED, MAX_ITERATIONS, SEPARABLE, SKIPPED
from emmoe.models.objective import Column
from emmoe.record import registry
from emmoe.store.errors import DataError

STATUS = (CONVERGED, MAX_ITERATIONS, DIVERGED, SEPARABLE, SKIPPED)
KEY = {
    "trace": ("experiment", "cell", "fitter", "replicate", "iteration"),
    "runs": ("experiment", "cell", "fitter", "replicate"),
}
NAMES = (
    Column("experiment", "its entry in the record", type="string"),
    Column("cell", "the data's settings (emmoe.record.cells)", type="string"),
    Column("fitter", "the named setting in the record", type="string"),
    Column("replicate", "its number, from 0", type="integer"),
)
LOSS = Column("loss", "L(theta_t), per observation", "nats")
NORM = Column("gradient_norm", "|grad L(theta_t)|_2")
FLOPS = Column("flops", "floating-point operations done by then, of products and Gram matrices")
ENDED = Column("status", "how the run ended", type=STATUS)
REQUIRED = {
    "trace": (
        *NAMES,
        Column("iteration", "0 is the start", type="integer"),
        Column("passes", "data passes done when this state and its loss were known"),
        FLOPS,
        LOSS,
        NORM,
        ENDED,
    ),
    "runs": (
        *NAMES,
        ENDED,
        Column("iterations", "how many were done", type="integer"),
        LOSS,
        NORM,
        Column("reason", "why a run was skipped", type="text"),
    ),
}
TO_TRUTH = Column("excess_loss_to_truth", "L(theta_t) - L(theta*)", "nats")
TO_FINAL = Column("excess_loss_to_final", "L(theta_t) - L(theta_T), T the run's last", "nats")
COMPLETE = {"experiment", "cell", "fitter", "replicate", "iteration", "passes", "status"}
COMPLETE |= {"iterations"}  # nothing may be missing in these
KINDS = {"string": "OTU", "text": "OTUf", "integer": "i", "number": "f", "list": "Of"}


@cache
def columns(kind: str) -> Mapping[str, Column]:
    """Return all columns that a "trace" or a table of "runs" may have, by name."""
    added = _of_models() if kind == "trace" else _of_analyses()
    return {column.name: column for column in (*REQUIRED[kind], *added)}


def _of_models() -> Iterator[Column]:
    yield TO_TRUTH
    for name in registry.names("models"):
        yield from registry.component("models", name, "model").columns


def _of_analyses() -> Iterator[Column]:
    for name in registry.functions("analyses"):
        yield from import_module(f"emmoe.measures.analyses.{name}").COLUMNS


@cache
def metrics() -> tuple[str, ...]:
    """Return the columns of a trace that a summary is over."""
    measured = [TO_TRUTH.name, TO_FINAL.name, *(column.name for column in _of_models())]
    return tuple(dict.fromkeys([LOSS.name, NORM.name, "passes", FLOPS.name, *measured]))


def checked(kind: str, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return a frame; raises DataError, in one line, unless it is a "trace" or one of "runs"."""
    known = columns(kind)
    unknown = set(frame) - set(known)
    missing = {column.name for column in REQUIRED[kind]} - set(frame)
    if unknown or missing:
        raise DataError(f"{source}: missing columns {sorted(missing)}, unknown {sorted(unknown)}")
    for name in frame:
        _check_column(frame[name], known[name], source)
    if frame.duplicated(list(KEY[kind])).any():
        raise DataError(f"{source}: two rows have the same {list(KEY[kind])}")
    return frame


def _check_column(values: pd.Series, column: Column, source: str) -> None:
    if not isinstance(column.type, str):
        if not values.dropna().isin(column.type).all():
            said = f"holds a value not in {list(column.type)}"
            raise DataError(f"{source}: column {column.name} {said}")
    elif values.dtype.kind not in KINDS[column.type]:
        raise DataError(f"{source}: column {column.name} is {values.dtype}, not {column.type}")
    if column.name in COMPLETE and values.isna().any():
        raise DataError(f"{source}: column {column.name} has missing values")
    if column.type == "number" and np.isinf(values.to_numpy(float)).any():
        raise DataError(f"{source}: column {column.name} holds infinite values")


def as_table(kind: str, experiment: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of `emmoe.lab.fit.fit_block` as a "trace" or a table of "runs"."""
    table, known = pd.DataFrame(rows), columns(kind)
    table.insert(0, "experiment", experiment)
    # A list that no run has would be a column of numbers.
    lists = [name for name in table if name in known and known[name].type == "list"]
    return checked(kind, table.astype(dict.fromkeys(lists, object)), kind)
