"""Builds the report: reads what is there, says what is not and which command makes it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import jinja2

from emmoe import __version__
from emmoe.audit.verdicts import Verdict
from emmoe.record.entries import Record
from emmoe.report import audit, changed, curves, findings, settings, terms
from emmoe.report.data import FEW, data, packed
from emmoe.report.origins import Origins
from emmoe.report.products import (
    OTHER,
    PAPER,
    SECTIONS,
    SHOWN,
    SMALL,
    Product,
    describe,
    number,
    picture,
    products,
)
from emmoe.report.products import files as product_files
from emmoe.store import provenance
from emmoe.store.errors import DataError
from emmoe.store.layout import CLAIMS, Layout

FINDING = "finding"  # the section of a product that only a finding shows
SCRIPTS = ("data", "chart", "curves", "claims", "search", "report")
STYLES = ("report", "print")
LIMIT = 6_000_000  # bytes of a file that still opens well on a phone
FIRST = 3  # figures of the paper, and findings, on the first screen


def render(record: Record, layout: Layout, known: Origins | None) -> str:
    """Return the report of a record's results as HTML; known: where they come from.

    Raises DataError if it exceeds LIMIT."""
    page = _render(record, layout, known)
    if (size := len(page.encode())) > LIMIT:
        raise DataError(
            f"{layout.report()['page']}: {size / 1e6:.0f} MB, more than {LIMIT / 1e6:.0f}: "
            "take figures or rows of tables out of config.yaml"
        )
    return page


def _render(record: Record, layout: Layout, known: Origins | None) -> str:
    judged = audit.load(layout, Path(CLAIMS))
    found = findings.load(findings.files(record, layout))
    shown = _with_findings(products(record, layout), found)
    marked = settings.settings(record, layout)
    content = data(record, layout, judged, shown, marked, known.clocks if known else {})
    return _template().render(
        audit=judged,
        audit_meanings={str(verdict): verdict.meaning for verdict in Verdict},
        calibrated=settings.calibration(layout),
        code={"css": _joined(STYLES, "css"), "js": _joined(SCRIPTS, "js")},
        curves=content.figures,
        data=packed(content),
        environment=provenance.environment(),
        few=FEW,
        finding_products=_of_findings(shown, found),
        findings=found,
        first_figures=_first(shown),
        first_findings=findings.first(record, found, FIRST),
        glossary={name: (terms.anchor(name), text) for name, text in terms.glossary().items()},
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        made_from=changed.hashes(_read(record, layout)),
        marks=settings.MARKS,
        missing=_missing(record, layout, shown),
        options=judged.options if judged else {},
        origins=known,
        races=content.races,
        results=layout.results,
        seed=record.seed,
        seeds={n: e.seed for n, e in record.experiments.items() if e.seed != record.seed},
        sections={name: [p for p in shown if p.section == name] for name in SECTIONS},
        settings=marked,
        stale=known.stale if known else frozenset(),
        told=_told(content),
        version=__version__,
    )


def _told(content: curves.Drawn) -> dict[str, str]:
    """Figures' curves in words."""
    return {
        name: " ".join(curves.told(figure, content) for figure in own)
        for name, own in content.figures.items()
    }


def fingerprint(record: Record, layout: Layout, declared: Iterable[str]) -> str:
    """Return a hash of all that the report depends on apart from files declared as its inputs and
    Python code: the page's own files, captions, terms, and results of other targets."""
    known = set(declared)
    others = [
        *_read(record, layout),
        *filter(None, [settings.calibration(layout)]),
        Path(CLAIMS),
    ]
    own = changed.hashes(path for path in others if str(path) not in known)
    texts = [describe(entry) for kind in SHOWN for entry in getattr(record, kind).values()]
    page = resources.files("emmoe.report").joinpath("page")
    files = {own.name: own.read_text(encoding="utf-8") for own in page.iterdir()}
    return provenance.digest([texts, terms.glossary(), dict(sorted(files.items())), own])


def _read(record: Record, layout: Layout) -> list[Path]:
    """The results that the page shows, there or not."""
    return [
        *product_files(record, layout),
        *audit.files(layout),
        *findings.files(record, layout),
        *curves.files(record, layout),
    ]


def _page(name: str) -> str:
    return resources.files("emmoe.report").joinpath("page", name).read_text(encoding="utf-8")


def _joined(names: Iterable[str], suffix: str) -> str:
    return "\n".join(_page(f"{name}.{suffix}") for name in names)


def _first(shown: Iterable[Product]) -> list[Product]:
    """The paper's own figures, small."""
    own = [p for p in shown if p.section == PAPER and p.kind == "figure" and p.content is not None]
    return [replace(p, content=picture(p.file, SMALL)) for p in own[:FIRST]]


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_page),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "explained": terms.explained}
    return environment.get_template("report.html.j2")


def _missing(record: Record, layout: Layout, shown: list[Product]) -> dict[str, list[str]]:
    """Figures, tables and findings that are not there, by the target that makes them."""
    found: dict[str, list[str]] = {}
    for product in shown:
        if product.content is None:
            found.setdefault(product.target, []).append(f"{product.kind} {product.name}")
    there = {path.stem for path in findings.files(record, layout)}
    for name, entry in record.findings.items():
        if name not in there:
            found.setdefault(entry.target, []).append(f"finding {name}")
    return found


def _with_findings(shown: list[Product], found: list[findings.Finding]) -> list[Product]:
    """Move what belongs to no other section to the findings that name it."""
    named = {name for finding in found for name in finding.products}
    return [
        replace(p, section=FINDING) if p.section == OTHER and p.path in named else p for p in shown
    ]


def _of_findings(
    shown: list[Product], found: list[findings.Finding]
) -> dict[str, list[tuple[Product, bool]]]:
    """The figures and tables of each finding by its name, and whether it is the place to show them:
    the first of the findings that name them, if no other section does."""
    placed: set[str] = set()
    of: dict[str, list[tuple[Product, bool]]] = {}
    for finding in found:
        own = [p for p in shown if p.path in finding.products and p.content is not None]
        of[finding.name] = [(p, p.section == FINDING and p.path not in placed) for p in own]
        placed |= {p.path for p in own}
    return of
