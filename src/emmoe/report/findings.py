"""Findings as the report shows them: each a file of results/findings."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from emmoe.record.entries import Record
from emmoe.report.products import number
from emmoe.store.errors import DataError
from emmoe.store.layout import Layout

NEEDED = ("id", "title", "claim", "text", "supported", "expected_met")
STATES = {True: "supported", False: "not supported", None: "not decided"}
EXPECTED = {True: "expected numbers met", False: "expected numbers not met", None: ""}


class Finding(NamedTuple):
    """name: of its file; state: of STATES; expected: of EXPECTED; numbers: names and
    values as text; products: the figures and tables that show it, as <folder>/<name>."""

    name: str
    id: str
    title: str
    claim: str
    text: str
    state: str
    expected: str
    numbers: list[tuple[str, str]]
    products: list[str]

    @property
    def anchor(self) -> str:
        """Its place in the page: its number, and what else its file's name says."""
        return f"finding-{self.id}{self.name[len(self.id) :]}"


def files(record: Record, layout: Layout) -> list[Path]:
    """Return the findings' files that are there."""
    found = (Path(layout.product("findings", name)["json"]) for name in record.findings)
    return [path for path in found if path.is_file()]


def load(paths: Iterable[Path]) -> list[Finding]:
    """Return all findings in the order of their numbers; raises DataError for a broken file."""
    return sorted((_read(path) for path in paths), key=_order)


def first(record: Record, found: Iterable[Finding], count: int) -> list[Finding]:
    """Return the supported findings that a record holds most important, so many at most, each
    statement once, about whichever of its data comes first."""
    chosen: dict[str, tuple[int, Finding]] = {}
    for own in found:
        entry = record.findings[own.name]
        if own.state == STATES[True] and entry.importance is not None:
            chosen.setdefault(entry.module, (entry.importance, own))
    return [own for _, own in sorted(chosen.values(), key=lambda pair: pair[0])][:count]


def _order(finding: Finding) -> tuple[int, str]:
    digits = re.search(r"\d+", finding.id)
    return (int(digits[0]) if digits else 0, finding.name)


def _read(path: Path) -> Finding:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise DataError(f"{path}: not a readable finding: delete it to make it again") from None
    if missing := [name for name in NEEDED if name not in content]:
        raise DataError(f"{path}: no {', '.join(missing)}: delete it to make it again")
    return Finding(
        name=path.stem,
        id=str(content["id"]),
        title=content["title"],
        claim=content["claim"],
        text=content["text"],
        state=STATES[content["supported"]],
        expected=EXPECTED[content["expected_met"]],
        numbers=list(_flat("", content.get("numbers", {}))),
        products=content.get("products", []),
    )


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield named numbers, those in mappings under joined names."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name} {key}".strip().replace("_", " "), inner)
    elif isinstance(value, list):
        yield name, ", ".join(number(item) or "none" for item in value) or "none"
    else:
        yield name, number(value) or "none"
