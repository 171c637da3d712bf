"""The table of a benchmark: one row a comparison, and the line that programs read."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks.measure import Timing
from emmoe.tables._shared.write import markdown

# What the last line holds: of several rows with the same headline, the strictest counts.
HEADLINES = {
    "gemm_ratio": ("ratio", "max"),
    "torch_ratio": ("ratio", "min"),
    "synthetic_cpu_s": ("ours", "max"),
    "overhead_s": ("ours", "max"),
}
SHOWN = {
    "case": "case",
    "unit": "unit",
    "ours": "ours",
    "ours_mb": "MB",
    "kind": "against",
    "other": "which",
    "theirs": "theirs",
    "theirs_mb": "their MB",
    "ratio": "ratio",
    "range": "range",
    "target": "target",
    "met": "met",
}


@dataclass(frozen=True)
class Row:
    """ours and theirs: medians, in `unit`; *_mb: see `Timing.memory`.

    kind: "limit" (ratio = ours / limit), "peer" (ratio = peer / ours: how often we are faster) or
    "number" (ours against a number; no ratio). low, high: the range of the ratio over the rounds,
    or of ours where there is no ratio."""

    case: str
    unit: str
    ours: float
    ours_mb: float
    kind: str
    other: str = ""
    theirs: float = np.nan
    theirs_mb: float = np.nan
    ratio: float = np.nan
    low: float = np.nan
    high: float = np.nan
    target: str = ""
    met: str = ""
    headline: str = ""


@dataclass(frozen=True)
class Outcome:
    """A case's rows, and tables of its details by name."""

    rows: list[Row]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Makes the rows of one case, which all have our same timing."""

    name: str
    ours: Timing
    rows: list[Row] = field(default_factory=list)

    def limit(self, name: str, theirs: Timing, at_most: float = np.nan, headline: str = "") -> None:
        """Add a row against what the machine can do; target: ours / theirs at most."""
        self._compare("limit", name, theirs, self.ours.seconds / theirs.seconds, at_most, headline)

    def peer(self, name: str, theirs: Timing, at_least: float = np.nan, headline: str = "") -> None:
        """Add a row against other software; target: theirs / ours at least."""
        self._compare("peer", name, theirs, theirs.seconds / self.ours.seconds, at_least, headline)

    def skipped(self, name: str, reason: str, headline: str = "") -> None:
        """Add the row of a peer that is not there."""
        median = float(np.median(self.ours.seconds))
        own = (self.name, "CPU s", median, self.ours.memory, "peer", name)
        self.rows.append(Row(*own, met=f"skipped: {reason}", headline=headline))

    def _compare(self, kind, name, theirs, ratios, bound, headline) -> None:
        medians = [float(np.median(t.seconds)) for t in (self.ours, theirs)]
        ratio = float(np.median(ratios))
        target, met = _verdict(ratio, bound, most=kind == "limit")
        self.rows.append(
            Row(
                self.name, "CPU s", medians[0], self.ours.memory, kind, name, medians[1],
                theirs.memory, ratio, ratios.min(), ratios.max(), target, met, headline,
            )
        )  # fmt: skip


def number(
    case: str, unit: str, values, at_most: float = np.nan, *, mb: float = np.nan, headline: str = ""
) -> Row:
    """Return the row of a number of ours with a bound of its own, or none."""
    median = float(np.median(values))
    target, met = _verdict(median, at_most, most=True)
    extremes = {"low": float(np.min(values)), "high": float(np.max(values))}
    return Row(
        case, unit, median, mb, "number", **extremes, target=target, met=met, headline=headline
    )


def _verdict(value: float, bound: float, most: bool) -> tuple[str, str]:
    """Return the target as text, and whether it is met: "" for no bound."""
    if np.isnan(bound):
        return "", ""
    if np.isnan(value):
        return f"{'≤' if most else '≥'} {bound:.4g}", "not measured"
    met = value <= bound if most else value >= bound
    return f"{'≤' if most else '≥'} {bound:.4g}", "yes" if met else "no"


def frame(rows: list[Row]) -> pd.DataFrame:
    """Return the rows as a table."""
    return pd.DataFrame(rows, columns=list(Row.__dataclass_fields__))


def readable(table: pd.DataFrame) -> str:
    """Return the table in Markdown."""
    ranges = [
        f"{low:.3g} – {high:.3g}" if low < high else ""
        for low, high in zip(table.low, table.high, strict=True)
    ]
    return markdown(table.assign(range=ranges)[list(SHOWN)].rename(columns=SHOWN))


def last_line(table: pd.DataFrame) -> str:
    """Return the line for programs: `bench: name=value ...`, NaN for what was not measured."""
    found = []
    for name, (column, strictest) in HEADLINES.items():
        value = getattr(table.loc[table.headline == name, column], strictest)()
        found.append(f"{name}={value:.4g}")
    return f"bench: {' '.join(found)}"
