"""audit.md: what the audit found, for a person."""

import pandas as pd

from emmoe.audit.build import Tables
from emmoe.audit.verdicts import BAD, Verdict
from emmoe.evidence.reported import PRINTED
from emmoe.tables._shared.write import markdown

INTRODUCTION = """
Every verdict follows from a rule in `src/emmoe/audit/verdicts.py`. One setting of the search, the
winner, must give all curves of a run, on data that all runs of a group of figures share; it was
accepted by the calibration readings alone, fitted by no hand, and simulated anew on fresh seeds.
`audit.csv` has a row a claim, `curves.csv` a row a part of a curve, `runs.csv` a row a run and a
group of figures, `power.csv` how far each number may move before its verdict does, and
`python -m emmoe explain CLAIM_ID` shows the run behind any of them.

| verdict | means |
| --- | --- |
"""
JUDGED = ["claim_id", "verdict", "reason"]
TOLD = ["claim_id", "note", "verdict", "reason"]
NOTES = ["claim_id", "kind", "where", "source", "note"]


def text(tables: Tables, power: pd.DataFrame, claims: pd.DataFrame, searches: list[str]) -> str:
    """Return audit.md from the audit's tables, the claims, and a line a search that is stale."""
    rows = tables.rows.merge(claims[NOTES], on="claim_id")
    others = rows[~rows["kind"].isin(["value", "bound"])]
    abstract = others["where"] == "abstract"
    meanings = "".join(f"| {verdict} | {verdict.meaning} |\n" for verdict in Verdict)
    parts = [
        "# Audit: which claims of the paper hold\n",
        first_screen(tables, rows, power),
        INTRODUCTION.strip("\n"),
        meanings,
        "## Summary\n",
        markdown(_summary(tables, rows)),
        "## The abstract's claims\n",
        markdown(others[abstract][TOLD]),
        "## The theorems as printed\n",
        markdown(others[others["kind"] == "theorem"][TOLD]),
        "## Runs and groups of figures\n",
        markdown(tables.runs[["id", "level", "shows", "verdict", "reason"]]),
        "## Curves and printed numbers\n",
        markdown(_curves(tables.curves, power)),
        "## Orderings\n",
        markdown(_plain(others[~abstract & (others["kind"] == "ordering")])),
        "## Curves of the same runs\n",
        markdown(others[~abstract & (others["kind"] == "identity")][JUDGED]),
        "## Bounds: values that leave a logarithmic axis\n",
        markdown(_plain(rows[(rows["kind"] == "bound") & (rows["verdict"] != Verdict.NOT_TESTED)])),
        "## What was used for calibration\n",
        _calibration(tables.curves),
        "## Stale results\n",
        _stale(rows, searches),
    ]  # fmt: skip
    return "\n".join(parts)


def first_screen(tables: Tables, rows: pd.DataFrame, power: pd.DataFrame) -> str:
    """Say in ten lines what holds, what does not, and what cannot be told, with numbers."""
    runs = tables.runs[tables.runs["level"] == "run"]
    figures = tables.runs[tables.runs["level"] == "figure"]
    curves, abstract = tables.curves, rows[rows["where"] == "abstract"]
    readings, theorems = (rows[rows["kind"] == kind] for kind in ("value", "theorem"))
    counted = readings[readings["verdict"] != Verdict.DUPLICATE]
    lines = [
        f"Figures: {_named(figures, 'shows')}.",
        f"Runs (all curves of one algorithm): {_named(runs, 'id')}.",
        f"Parts of curves: {_counts(curves['verdict'])}.",
        f"Readings: {_counts(counted['verdict'])}; {len(readings) - len(counted)} copies apart.",
        f"Abstract: {_named(abstract, 'claim_id')}. Theorems: {_named(theorems, 'claim_id')}.",
        f"Does not hold: {_failing(curves)}.",
        f"Cannot be told: {_open(curves)}.",
        _judged_by(figures, runs),
        _power(power),
        f"Stale: {int(rows['stale'].sum())} of {len(rows)} claims.",
    ]  # fmt: skip
    return "".join(f"{number}. {line}\n" for number, line in enumerate(lines, start=1))


def _counts(verdicts: pd.Series) -> str:
    counts = verdicts.value_counts()
    return ", ".join(f"{counts[v]} {v}" for v in Verdict if v in counts) or "none"


def _named(table: pd.DataFrame, name: str) -> str:
    return "; ".join(f"{row[name]} {row['verdict']}" for _, row in table.iterrows()) or "none"


def _failing(curves: pd.DataFrame) -> str:
    own = curves[curves["verdict"].isin(BAD)]
    said = (
        f"{row.curve_id} ({row.part.replace('_', ' ')}: {row.verdict})" for row in own.itertuples()
    )
    return "; ".join(said) or "nothing that was tested"


def _open(curves: pd.DataFrame) -> str:
    own = curves[curves["verdict"].isin([Verdict.NOT_DETERMINABLE, Verdict.NOT_TESTED])]
    return ", ".join(dict.fromkeys(own["curve_id"])) or "nothing that was tested"


def _judged_by(figures: pd.DataFrame, runs: pd.DataFrame) -> str:
    fresh = [f"{row.winner} on {row.fresh:.0f}" for row in runs.itertuples() if row.winner]
    ours = runs[runs["our_max_z_ratio"] > 1]["id"]
    said = f"Judged by {', '.join(fresh) or 'no setting'} fresh seeds"
    return f"{said}; our own committed run fails its test in: {', '.join(ours) or 'no run'}."


def _power(power: pd.DataFrame) -> str:
    own = power[power["level"] == "reading"]
    if own.empty:
        return "Power: no reading has a verdict."
    # The nearest of both sides, in per cent; without digits that rounding moves.
    nearest = own[["percent_down", "percent_up"]].min(axis=1)
    return (
        f"Power: {int(own['no_power'].sum())} of {len(own)} readings keep their verdict under any "
        f"factor up to 2; half of the others lose it within {nearest.median():.0f} %."
    )


def line(row: pd.Series) -> str:
    """Return a claim's row of the audit as a line: both numbers and the verdict."""
    numbers = [
        f"{name} {row[name]:.4g}" for name in ("reported", "reproduced", "z") if pd.notna(row[name])
    ]
    return f"{row['claim_id']}: {', '.join([*numbers, row['verdict']])}: {row['reason']}"


def _summary(tables: Tables, rows: pd.DataFrame) -> pd.DataFrame:
    """Count by verdict at each level; a copy of another reading is counted nowhere."""
    curves, runs = tables.curves, tables.runs
    table = curves["curve_id"].isin(rows[rows["source"] == PRINTED]["claim_id"])
    kinds = {
        "groups of figures": runs[runs["level"] == "figure"],
        "runs": runs[runs["level"] == "run"],
        "curves, calibration readings": curves[~table & (curves["part"] == "calibration")],
        "curves, held-out readings": curves[~table & (curves["part"] == "held_out")],
        "printed numbers": curves[table],
        "readings": rows[rows["kind"] == "value"],
        "orderings": rows[(rows["kind"] == "ordering") & (rows["where"] != "abstract")],
        "pairs of curves of the same runs": rows[rows["claim_id"].str.endswith("same_runs")],
        "claims of the abstract": rows[rows["where"] == "abstract"],
        "theorems as printed": rows[rows["kind"] == "theorem"],
    }
    counts = {name: part["verdict"].value_counts() for name, part in kinds.items()}
    shown = [verdict for verdict in Verdict if verdict is not Verdict.DUPLICATE]
    return pd.DataFrame(
        [
            {"": name} | {str(verdict): int(found.get(verdict, 0)) for verdict in shown}
            for name, found in counts.items()
        ]
    )


def _curves(curves: pd.DataFrame, power: pd.DataFrame) -> pd.DataFrame:
    """The parts of curves with our run's test, and by how much all readings may move."""
    known = power[power["level"] == "part"].set_index("claim_id")
    own = known.reindex(curves["curve_id"] + "/" + curves["part"])
    return pd.DataFrame(
        {
            "curve": curves["curve_id"],
            "part": curves["part"].str.replace("_", " "),
            "readings": curves["readings"],
            "verdict": curves["verdict"],
            "our max abs z": curves["our_max_z"],
            "critical": curves["our_critical"],
            "searched (met)": _met(curves, "searched", "searched_met"),
            "fresh seeds (met)": _met(curves, "fresh", "fresh_met"),
            "flips below, %": own["percent_down"].to_numpy(),
            "flips above, %": own["percent_up"].to_numpy(),
            "reason": curves["reason"],
        }
    )


def _met(curves: pd.DataFrame, name: str, met: str) -> list[str]:
    pairs = zip(curves[name], curves[met], strict=True)
    return ["" if pd.isna(total) else f"{total:.0f} ({found:.0f})" for total, found in pairs]


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["claim_id", "verdict", "reported", "reproduced", "reason"]]


def _calibration(curves: pd.DataFrame) -> str:
    """List, by curve, the iterations of the readings that settings were fitted to."""
    used = curves[curves["part"] == "calibration"]
    lines = [f"- {row.curve_id}: iterations {row.iterations}\n" for row in used.itertuples()]
    return "".join(lines) or "None.\n"


def _stale(rows: pd.DataFrame, searches: list[str]) -> str:
    """List what was searched, and the claims whose runs were made, by other code or settings."""
    stale = ", ".join(rows[rows["stale"]]["claim_id"])
    lines = [*searches, *([stale] if stale else [])]
    none = "None: all is of the current code and settings.\n"
    return "".join(f"- {line}\n" for line in lines) or none
