"""Builds the report: reads what is there, says what is not and which command makes it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from emmoe import __version__
from emmoe.report import audit, findings, origins, settings
from emmoe.report.products import OTHER, SECTIONS, Product, describe, number, products
from emmoe.report.products import files as product_files
from emmoe.store import provenance
from emmoe.store.errors import DataError
from emmoe.store.files import atomic

CLAIMS = Path("data/reported/claims.csv")
FINDING = "finding"  # the section of a product that only a finding shows
PAGE = ("report.html.j2", "macros.html.j2", "report.css", "report.js")
LIMIT = 15_000_000  # bytes of a file that still opens well on a phone


def write(config: dict[str, Any], path: Path | str) -> None:
    """Write the report of a checked config's results; raises DataError if it exceeds LIMIT."""
    results = Path(config["pathvars"]["results"])
    page = render(config, results).encode()
    if len(page) > LIMIT:
        raise DataError(
            f"{path}: {len(page) / 1e6:.0f} MB, more than {LIMIT / 1e6:.0f}: "
            "take figures or rows of tables out of config.yaml"
        )
    with atomic(path) as temporary:
        temporary.write_bytes(page)


def render(config: dict[str, Any], results: Path) -> str:
    """Return the report as HTML."""
    judged, found = audit.load(results, CLAIMS), findings.load(results)
    known = origins.origins(config, results)
    shown = _with_findings(products(config, results), found)
    return _template().render(
        audit=judged,
        audit_meanings=audit.VERDICTS,
        calibrated=settings.calibration(results),
        code={name: _page(f"report.{name}") for name in ("css", "js")},
        config=config,
        environment=provenance.describe(),
        finding_products=_of_findings(shown, found),
        findings=found,
        headline=judged.headline if judged else "",
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        marks=settings.MARKS,
        missing=_missing(config, results, shown),
        options=judged.options if judged else {},
        origins=known,
        results=results,
        sections={name: [p for p in shown if p.section == name] for name in SECTIONS},
        settings=settings.settings(config, results),
        stale=known.stale if known else frozenset(),
        version=__version__,
    )


def fingerprint(config: dict[str, Any], declared: Iterable[str]) -> str:
    """Return a hash of all that the report depends on apart from files declared as its inputs and
    Python code: the config, the page's own files, captions, and results of other targets."""
    results, known = Path(config["pathvars"]["results"]), set(declared)
    others = [
        *product_files(config, results),
        *audit.files(results),
        *findings.files(results),
        *filter(None, [settings.calibration(results)]),
        CLAIMS,
    ]
    hashes = {
        str(path): provenance.file_hash(path)
        for path in others
        if str(path) not in known and path.is_file()
    }
    kinds = ("figure", "table")
    texts = [describe(k, name, entry) for k in kinds for name, entry in config[f"{k}s"].items()]
    return provenance.digest([config, texts, [_page(name) for name in PAGE], hashes])


def _page(name: str) -> str:
    return resources.files("emmoe.report").joinpath("page", name).read_text(encoding="utf-8")


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_page),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment.get_template("report.html.j2")


def _missing(config: dict[str, Any], results: Path, shown: list[Product]) -> dict[str, list[str]]:
    """Figures, tables and findings that are not there, by the target that makes them."""
    found: dict[str, list[str]] = {}
    for product in shown:
        if product.content is None:
            found.setdefault(product.target, []).append(f"{product.kind} {product.name}")
    there = {path.stem for path in findings.files(results)}
    for name, entry in config["findings"].items():
        if name not in there:
            found.setdefault(entry["target"], []).append(f"finding {name}")
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
