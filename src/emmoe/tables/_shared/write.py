"""A table as CSV, for programs, and as Markdown, for people; equal tables, equal bytes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from emmoe.record.entries import Product
from emmoe.store.files import put_csv


def contents(frame: pd.DataFrame, entry: Product) -> dict[str, Callable | str]:
    """Return, by suffix, what to write of a table."""
    csv = partial(put_csv, frame, float_format="%.6g")
    return {"csv": csv, "md": markdown(frame)}


def powers(doublings: str) -> str:
    """Return a step's name, e.g. "+1 -2", as what the config's is multiplied by: "2^1 2^-2"."""
    return " ".join(f"2^{int(k)}" for k in doublings.split())


def markdown(frame: pd.DataFrame) -> str:
    """Return a table in Markdown: numbers to the right with 4 digits, missing ones left empty."""
    rules = ["---:" if pd.api.types.is_numeric_dtype(frame[c]) else "---" for c in frame]
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
    return "".join(_line(cells) for cells in [list(map(_cell, frame.columns)), rules, *rows])


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", r"\|")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
