"""What the page's scripts draw and search: one JSON text, packed so that a page stays small."""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emmoe.record.entries import Record
from emmoe.report import curves
from emmoe.report.audit import Audit, Claim
from emmoe.report.command import recompute
from emmoe.report.products import Product, Table
from emmoe.report.settings import Setting
from emmoe.store.layout import Layout

FEW = 12  # rows of a table that the page shows at once; longer ones open by a script


def data(
    record: Record, layout: Layout, judged: Audit | None, shown: Iterable[Product],
    settings: Mapping[str, Sequence[Setting]],
) -> dict[str, Any]:  # fmt: skip
    """Return all that the page's scripts need, as plain data."""
    claims = judged.claims if judged else []
    tables = {own.name: own.content for own in shown if isinstance(own.content, Table)}
    return curves.drawn(record, layout) | {
        "claims": {claim.id: _claim(record, layout, claim) for claim in claims},
        "readings": list(curves.readings(record, claims)),
        "settings": {name: [own._asdict() for own in rows] for name, rows in settings.items()},
        "tables": {name: vars(own) for name, own in tables.items() if len(own.rows) > FEW},
    }


def _claim(record: Record, layout: Layout, claim: Claim) -> dict[str, Any]:
    """A claim as plain data, with our run behind it and the command that recomputes it."""
    entry = record.audit.runs.get(claim.model)
    known = {"experiment": entry.run if entry else "", "command": recompute(layout, claim.id)}
    return claim._asdict() | known


def packed(content: Any) -> str:
    """Return plain data as gzip'd JSON in base64: nothing in it can end a script element."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
