"""Tables that texts quote and that count what kept tables hold: `make numbers` writes them.

em_variants.csv has by variant of EM and currency what its verdicts are, counted by law of data;
changed_verdicts.csv how many claims changed from which verdict of the first rules to which.
"""

from pathlib import Path

import pandas as pd

from emmoe.evidence.verdicts import by_law
from emmoe.record.entries import Product, Record
from emmoe.record.read import load

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "results" / "reference"


def verdicts(record: Record) -> pd.DataFrame:
    """Return the kept rows of all full contests, of problems, each contest once."""
    tables = [own for own in record.tables.values() if _is_full(own)]
    rows = pd.concat([pd.read_csv(KEPT / "tables" / f"{own.name}.csv") for own in tables])
    return rows[rows["contest"] != "all"]


def _is_full(table: Product) -> bool:
    return table.module == "comparison_verdicts" and table.target == "paper"


def em_variants(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row a variant of EM and a currency, from verdicts."""
    found = []
    for (em, currency), own in rows.groupby(["em", "currency"]):
        laws = own.groupby("data")
        row = {"em": em, "label": own["label"].iloc[0], "currency": currency, "laws": len(laws)}
        for role in ("gd", "best"):
            row[role] = by_law(laws[f"outcome_{role}"].agg(list).to_dict())
        found.append(row)
    return pd.DataFrame(found)


def changed_verdicts() -> pd.DataFrame:
    """Return how many claims have changed from a verdict of the first rules to another."""
    first = pd.read_csv(ROOT / "data/reported/first_verdicts.csv").set_index("claim_id")["verdict"]
    audit = pd.read_csv(KEPT / "audit/paper/audit.csv").set_index("claim_id")
    now = audit.loc[first.index, "verdict"]
    pairs = pd.DataFrame({"before": first, "now": now})[first != now]
    return pairs.groupby(["before", "now"]).size().rename("claims").reset_index()


def tables() -> dict[str, str]:
    """Return the content of each file of docs/."""
    variants = em_variants(verdicts(load([ROOT / "config.yaml"])))
    found = {"em_variants.csv": variants, "changed_verdicts.csv": changed_verdicts()}
    return {name: table.to_csv(index=False) for name, table in found.items()}


if __name__ == "__main__":
    for name, text in tables().items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8", newline="")
