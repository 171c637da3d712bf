"""Saves a table as CSV, for programs, and as Markdown, for people; equal tables, equal bytes."""

from pathlib import Path
from typing import Any

import pandas as pd

from emmoe.store.files import atomic


def save(frame: pd.DataFrame, csv_path: Path | str, md_path: Path | str) -> None:
    """Write a table in both forms; no half file is left under a final name."""
    with atomic(csv_path) as csv, atomic(md_path) as md:
        frame.to_csv(csv, index=False, float_format="%.6g", lineterminator="\n")
        md.write_text(markdown(frame), encoding="utf-8", newline="\n")


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
