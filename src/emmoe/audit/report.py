"""audit.md: what the audit found, for a person."""

import pandas as pd

from emmoe.audit.verdicts import NOT_TESTED, VERDICTS
from emmoe.tables._shared.write import markdown

NAMED = ["claim_id", "verdict"]
INTRODUCTION = """# Audit: which claims of the paper hold

Every verdict follows from a rule in `src/emmoe/audit/verdicts.py`. A curve's readings move
together, so a curve is judged as a whole, its calibration readings and its held-out ones apart; how
many single readings agree says nothing. `audit.csv` has a row a claim, `curves.csv` a row a part of
a curve, and `python -m emmoe explain CLAIM_ID` shows the run behind any of them.

| verdict | means |
| --- | --- |
| reproduced | follows from stated settings, or was held out from calibration and is met |
| attainable | was used for calibration, and a setting meets it |
| not determinable | hangs on settings that the paper does not state |
| not tested | for the reason given |
| inconsistent | outside under every searched setting |
| contradictory | the paper against itself: no setting comes near two of its curves at once |
"""


def text(rows: pd.DataFrame, curves: pd.DataFrame, claims: pd.DataFrame) -> str:
    """Return audit.md from the audit's two tables and the claims."""
    rows = rows.merge(claims[["claim_id", "kind", "where", "source", "note"]], on="claim_id")
    others = rows[~rows["kind"].isin(["value", "bound"])]
    abstract = others["where"] == "abstract"
    parts = [
        INTRODUCTION,
        "## Summary\n",
        markdown(_summary(curves, rows)),
        "## The abstract's claims\n",
        markdown(others[abstract][["claim_id", "note", "verdict", "reason"]]),
        "## Curves and Table 2\n",
        markdown(_curves(curves)),
        "## Orderings\n",
        markdown(_plain(others[~abstract & (others["kind"] == "ordering")])),
        "## Curves of the same runs\n",
        markdown(others[~abstract & (others["kind"] == "identity")][[*NAMED, "reason"]]),
        "## Bounds: values that leave a logarithmic axis\n",
        markdown(_plain(rows[(rows["kind"] == "bound") & (rows["verdict"] != NOT_TESTED)])),
        "## What was used for calibration\n",
        _calibration(curves),
        "## A second seed\n",
        _again(rows),
        "## Stale results\n",
        _stale(rows),
    ]
    return "\n".join(parts)


def line(row: pd.Series) -> str:
    """Return a claim's row of the audit as a line: both numbers and the verdict."""
    numbers = [
        f"{name} {row[name]:.4g}" for name in ("reported", "reproduced", "z") if pd.notna(row[name])
    ]
    return f"{row['claim_id']}: {', '.join([*numbers, row['verdict']])}: {row['reason']}"


def _summary(curves: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Count parts of curves, Table 2's numbers, orderings, pairs and abstract claims by verdict."""
    table = curves["curve_id"].str.startswith("table2")
    kinds = {
        "curves, calibration readings": curves[~table & (curves["part"] == "calibration")],
        "curves, held-out readings": curves[~table & (curves["part"] == "held_out")],
        "numbers of Table 2": curves[table],
        "orderings": rows[(rows["kind"] == "ordering") & (rows["where"] != "abstract")],
        "pairs of curves of the same runs": rows[rows["claim_id"].str.endswith("same_runs")],
        "claims of the abstract": rows[rows["where"] == "abstract"],
    }
    counts = {name: part["verdict"].value_counts() for name, part in kinds.items()}
    return pd.DataFrame(
        [
            {"": name} | {verdict: int(found.get(verdict, 0)) for verdict in VERDICTS}
            for name, found in counts.items()
        ]
    )


def _curves(curves: pd.DataFrame) -> pd.DataFrame:
    """The parts of curves with our run's test and how the accepted settings fare."""
    return pd.DataFrame(
        {
            "curve": curves["curve_id"],
            "part": curves["part"].str.replace("_", " "),
            "readings": curves["readings"],
            "verdict": curves["verdict"],
            "our max abs z": curves["statistic"],
            "critical": curves["critical"],
            "our spread, factor": curves["spread"],
            "searched (met)": _counts(curves, "searched"),
            "accepted (met)": _counts(curves, "accepted"),
            "reason": curves["reason"],
        }
    )


def _counts(curves: pd.DataFrame, name: str) -> list[str]:
    pairs = zip(curves[name], curves[f"{name}_met"], strict=True)
    return ["" if pd.isna(total) else f"{total:.0f} ({met:.0f})" for total, met in pairs]


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[[*NAMED, "reported", "reproduced", "reason"]]


def _calibration(curves: pd.DataFrame) -> str:
    """List, by curve, the iterations of the readings that settings were fitted to."""
    used = curves[curves["part"] == "calibration"]
    lines = [f"- {row.curve_id}: iterations {row.iterations}\n" for row in used.itertuples()]
    return "".join(lines) or "None.\n"


def _again(rows: pd.DataFrame) -> str:
    """Say which verdicts change with the seed of our runs."""
    known = rows[(rows["verdict"] != NOT_TESTED) & (rows["verdict_again"] != NOT_TESTED)]
    changed = known[known["verdict"] != known["verdict_again"]]
    if known.empty:
        return "No claim was judged from both seeds.\n"
    if changed.empty:
        return f"All {len(known)} claims that were judged from both seeds have the same verdict.\n"
    return markdown(changed[["claim_id", "verdict", "verdict_again"]])


def _stale(rows: pd.DataFrame) -> str:
    stale = rows[rows["stale"]]["claim_id"]
    return (
        f"{', '.join(stale)}\n"
        if len(stale)
        else "None: all is of the current code and settings.\n"
    )
