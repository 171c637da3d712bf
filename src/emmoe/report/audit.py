"""The audit as the report shows it: counts by verdict, the curves, and a row a claim."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from msgspec import Struct

from emmoe.audit.verdicts import Verdict
from emmoe.evidence.reported import PRINTED
from emmoe.report.products import number
from emmoe.store.errors import DataError
from emmoe.store.layout import Layout

RUNS = "runs"
PARTS = {"calibration": "curves, calibration readings", "held_out": "curves, held-out readings"}
KINDS = {
    "ordering": "orderings",
    "identity": "pairs of curves of the same runs",
    "theorem": "theorems as printed",
    "bound": "bounds on values that leave a logarithmic axis",
}
NEEDED = ["claim_id", "verdict", "reason"]
Row = dict[str, str | float | bool]  # of a table, without what is missing in it


class Count(NamedTuple):
    """How many of a kind have each verdict; single numbers of a curve are never counted."""

    name: str
    counts: dict[str, int]


class Claim(Struct, frozen=True, kw_only=True):
    """A row of the audit's table, all text but the numbers: None where there is none.

    uncertainty: of its reading; kept_from, kept_to: the reported values between which the verdict
    stays; no_power: it stays whatever they are."""

    id: str
    where: str
    algorithm: str
    kind: str
    model: str
    metric: str
    iteration: float | None
    verdict: str
    reported: float | None
    low: float | None
    high: float | None
    uncertainty: float | None
    reproduced: float | None
    z: float | None
    kept_from: float | None
    kept_to: float | None
    no_power: bool
    stale: bool
    reason: str
    facts: dict[str, str]
    files: list[str]


class Audit(NamedTuple):
    """counts: by what is counted; runs: all curves of an algorithm in a group of figures, and the
    groups; curves: each part of a curve; claims: each claim."""

    verdicts: list[str]
    counts: list[Count]
    runs: list[Row]
    curves: list[Row]
    claims: list[Claim]
    stale: int

    @property
    def headline(self) -> str:
        """The verdicts on runs in words, or on curves where an audit has no runs."""
        rows = [own for own in self.counts if own.name == RUNS]
        rows = rows or [own for own in self.counts if own.name.startswith("curves")]
        return " ".join(self._said(own) for own in rows)

    def _said(self, row: Count) -> str:
        parts = [f"{row.counts[v]} {v}" for v in self.verdicts if v in row.counts]
        return f"{parts[0].replace(' ', f' of {sum(row.counts.values())} {row.name} ', 1)}" + (
            f", {', '.join(parts[1:])}." if parts[1:] else "."
        )

    @property
    def options(self) -> dict[str, list[str]]:
        """What the filters offer: verdicts, and the words of the claims' other columns."""
        columns = ("where", "algorithm", "kind")
        words = {
            name: {word for claim in self.claims for word in getattr(claim, name).split()}
            for name in columns
        }
        used = {claim.verdict for claim in self.claims}
        verdicts = {"verdict": [v for v in self.verdicts if v in used]}
        return verdicts | {name: sorted(found) for name, found in words.items()}


def files(layout: Layout) -> list[Path]:
    """Return the files of the widest audit that is there (of the figures if there is none)."""
    found = [layout.audit(scope) for scope in ("paper", "figures")]
    own = next((paths for paths in found if Path(paths["rows"]).is_file()), found[-1])
    return [Path(own[name]) for name in ("rows", "curves", "runs")]


def load(layout: Layout, claims_file: Path) -> Audit | None:
    """Return the audit with the claims' own facts beside its rows, or None if there is none.

    Raises DataError if a column is missing. Other columns than the known ones do no harm."""
    rows_file, curves_file, runs_file = files(layout)
    if not rows_file.is_file():
        return None
    rows = _read(rows_file, NEEDED)
    if claims_file.is_file():
        own = _read(claims_file, ["claim_id"])
        rows = rows.merge(own[["claim_id", *own.columns.difference(rows.columns)]], how="left")
    curves = pd.DataFrame(columns=["curve_id", "verdict"])
    if curves_file.is_file():
        curves = _read(curves_file, ["curve_id", "verdict"])
    runs = pd.DataFrame(columns=["id", "level", "verdict"])
    if runs_file.is_file():
        runs = _read(runs_file, [*runs])
    named = {*rows["verdict"], *curves["verdict"]}
    return Audit(
        verdicts=[*Verdict, *sorted(named - set(Verdict))],
        counts=_counts(rows, curves, runs),
        runs=_records(runs),
        curves=_records(curves),
        claims=[_claim(row) for row in _records(rows)],
        stale=sum(_true(row.get("stale")) for row in _records(rows)),
    )


def _read(path: Path, needed: list[str]) -> pd.DataFrame:
    frame = pd.read_csv(path)
    if missing := sorted(set(needed) - set(frame)):
        raise DataError(f"{path}: no column {', '.join(missing)}: delete it and run make audit")
    return frame


def _records(frame: pd.DataFrame) -> list[Row]:
    return [
        {key: value for key, value in row.items() if pd.notna(value)}
        for row in frame.to_dict("records")
    ]


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _counts(rows: pd.DataFrame, curves: pd.DataFrame, runs: pd.DataFrame) -> list[Count]:
    """Count runs, curves by part, printed numbers, and claims that are no points of a curve."""
    own = rows[rows["source"] == PRINTED] if "source" in rows else rows.iloc[:0]
    printed = curves["curve_id"].isin(own["claim_id"])  # each is judged as a curve of its name
    found = [(RUNS, runs[runs["level"] == "run"])]
    if "part" in curves:
        for part, name in PARTS.items():
            found.append((name, curves[~printed & (curves["part"] == part)]))
    else:
        found.append(("curves", curves[~printed]))
    found.append(("printed numbers", curves[printed]))
    if {"kind", "where"} <= set(rows):
        abstract = rows["where"] == "abstract"
        for kind, name in KINDS.items():
            found.append((name, rows[~abstract & (rows["kind"] == kind)]))
        found.append(("claims of the abstract", rows[abstract]))
    return [
        Count(name, {key: int(n) for key, n in part["verdict"].value_counts().items()})
        for name, part in found
        if len(part)
    ]


def _claim(row: Row) -> Claim:
    facts = {
        "note": "note",
        "source": "source",
        "basis": "basis",
        "curve": "curve_id",
        "reported spread": "spread",
        "standard error of ours": "standard_error",
        "z from a second seed": "z_again",
        "the same number as": "duplicate_of",
    }
    return Claim(
        id=row["claim_id"],
        where=row.get("where", ""),
        algorithm=row.get("algorithm", ""),
        kind=row.get("kind", ""),
        model=row.get("model", ""),
        metric=row.get("metric", ""),
        iteration=row.get("iteration"),
        verdict=row["verdict"],
        reported=row.get("reported"),
        low=row.get("low"),
        high=row.get("high"),
        uncertainty=row.get("read_uncertainty"),
        reproduced=row.get("reproduced"),
        z=row.get("z"),
        kept_from=row.get("kept_from"),
        kept_to=row.get("kept_to"),
        no_power=_true(row.get("no_power")),
        stale=_true(row.get("stale")),
        reason=row.get("reason", ""),
        facts={name: number(row[key]) for name, key in facts.items() if key in row},
        files=[name for name in row.get("files", "").split(";") if name],
    )
