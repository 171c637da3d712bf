"""What the page's scripts draw and search: one JSON text, packed so that a page stays small."""

import base64
import gzip
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import structs

from emmoe.record.entries import Record
from emmoe.report import curves
from emmoe.report.audit import Audit, Claim
from emmoe.report.clocks import Clocks
from emmoe.report.command import recompute
from emmoe.report.products import Product, Table
from emmoe.report.settings import Setting
from emmoe.store.layout import Layout

FEW = 12  # rows of a table that the page shows at once; longer ones open by a script


class Traced(Claim, frozen=True, kw_only=True):
    """A claim with our experiment behind it, and the command that recomputes it."""

    experiment: str
    command: str


class Columns(msgspec.Struct, frozen=True):
    """A table by columns: packed, it is a third smaller than by rows."""

    columns: list[str]
    numeric: list[bool]
    cells: list[list[str]]


class Data(curves.Drawn, frozen=True, kw_only=True):
    """All that the page's scripts need: claims by name; settings by experiment."""

    claims: dict[str, Traced]
    readings: list[curves.Reading]
    settings: dict[str, list[dict[str, str]]]
    tables: dict[str, Columns]


def data(
    record: Record, layout: Layout, judged: Audit | None, shown: Iterable[Product],
    settings: Mapping[str, Sequence[Setting]], clocks: Clocks,
) -> Data:  # fmt: skip
    """Return all that the page's scripts need."""
    claims = judged.claims if judged else []
    tables = {own.name: own.content for own in shown if isinstance(own.content, Table)}
    return Data(
        **structs.asdict(curves.drawn(record, layout, clocks)),
        claims={claim.id: _traced(record, layout, claim) for claim in claims},
        readings=list(curves.readings(record, claims)),
        settings={name: [own._asdict() for own in rows] for name, rows in settings.items()},
        tables={name: _by_columns(own) for name, own in tables.items() if len(own.rows) > FEW},
    )


def _by_columns(table: Table) -> Columns:
    cells = [list(column) for column in zip(*table.rows, strict=True)]
    return Columns(table.columns, table.numeric, cells)


def _traced(record: Record, layout: Layout, claim: Claim) -> Traced:
    entry = record.audit.runs.get(claim.model)
    return Traced(
        **structs.asdict(claim),
        experiment=entry.run if entry else "",
        command=recompute(layout, claim.id, claim.kind),
    )


def packed(content: Any) -> str:
    """Return data as gzip'd JSON in base 85, a sixteenth shorter than in base 64: it has no slash,
    so that nothing in it can end a script element."""
    return base64.b85encode(gzip.compress(msgspec.json.encode(content), mtime=0)).decode()
