"""Checks figures, tables and findings: what they read is made, and is what they take."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from emmoe.record import registry
from emmoe.record.check_options import check_call, check_marked, hints_of
from emmoe.record.check_reads import check_own, check_reads
from emmoe.record.entries import Product, Record
from emmoe.record.registry import check_known
from emmoe.record.scalars import odd
from emmoe.record.structs import struct
from emmoe.store.errors import ConfigError

# Where the name of what is read must be, by how it is read.
SECTIONS = {
    "table": "tables", "probe": "probes", "costs": "contests", "seconds": "contests",
    "summary": "experiments", "runs": "experiments", "trace": "experiments",
}  # fmt: skip
LABEL = 100  # characters
CLAIMS = "claims"  # the one name of what the paper reported


def check_product(record: Record, product: Product) -> None:
    """Check a product's module, what it reads, the fitters it shows, and its options."""
    where = f"{product.kind}.{product.name}"
    maker = "find" if product.kind == "findings" else "draw"
    kind = "finding" if product.kind == "findings" else "module"
    check_known(f"{where}.{maker}", kind, product.module, registry.functions(product.kind))
    shown: set[str] = set()
    for argument, read in product.reads.items():
        shown |= _check_read(record, f"{where}.reads.{read.kind}", argument, read.kind, read.name)
    function = registry.function(product.kind, product.module)
    given = dict.fromkeys(product.reads)
    given |= {} if product.kind == "findings" else {"curves": None}
    check_call(where, function, given, product.options)
    for fitter in product.curves:
        check_known(f"{where}.curves", "fitter", fitter, shown)
    for path in product.shown_by:
        known = [own.path for own in record.products() if own.kind != "findings"]
        check_known(f"{where}.shown_by", "figure or table", path, known)
    if product.kind != "findings":
        struct(hints_of(function).get("curves", dict), product.curves, f"{where}.curves")
    _check_labels(f"{where}.curves", product.curves)
    _check_texts(where, product)
    check_reads(record, where, product, function)
    check_marked(record, where, product, function)
    check_own(record, where, product)


def _check_labels(where: str, curves: Mapping[str, str]) -> None:
    """Raise ConfigError for a label that tables and legends can't show, or that stands twice."""
    labels = list(curves.values())
    for fitter, label in curves.items():
        if not label.strip() or odd(label) or len(label) > LABEL:
            said = f"must be a text in one line, of 1 to {LABEL} characters, got {label!r}"
            raise ConfigError(f"{where}.{fitter}: {said}")
        if labels.count(label) > 1:
            raise ConfigError(f"{where}.{fitter}: {label!r} stands for two fitters: rename one")
        if label.count("$") > 1 and (wrong := _formula(label)):
            raise ConfigError(f"{where}.{fitter}: {label!r} is no formula: {wrong}")


def _formula(label: str) -> str:
    """Why matplotlib cannot draw a label that holds a formula, or ""."""
    from matplotlib.mathtext import MathTextParser  # rarely needed, and slow to load

    try:
        MathTextParser("path").parse(label)
    except ValueError as error:
        return " ".join(str(error).split()) or "it does not parse"
    return ""


def _check_texts(where: str, product: Product) -> None:
    """Raise ConfigError for what the report could not say of a product, or would not."""
    unused = ("title", "caption") if product.kind == "findings" else ("importance", "shown_by")
    for name in unused:
        if getattr(product, name):
            raise ConfigError(f"{where}.{name}: {product.kind} have none: take it out")
    for name in ("title", "caption"):
        if odd(text := getattr(product, name)) or text.strip() != text:
            said = "must be a text in one line, with no space around it"
            raise ConfigError(f"{where}.{name}: {said}, got {text!r}")


def check_importance(record: Record) -> None:
    """Raise ConfigError for two findings of one importance, but of the same module: one statement
    about several data sets."""
    found: dict[int, Product] = {}
    for own in record.findings.values():
        if own.importance is None:
            continue
        other = found.setdefault(own.importance, own)
        if other.module != own.module:
            said = f"findings.{other.name} has {own.importance} too: renumber one"
            raise ConfigError(f"findings.{own.name}.importance: {said}")


def check_order(record: Record) -> None:
    """Raise ConfigError for tables that are made of each other."""
    read = {
        name: [own.name for own in table.reads.values() if own.kind == "table"]
        for name, table in record.tables.items()
    }
    try:
        TopologicalSorter(read).prepare()
    except CycleError as error:
        first, *_ = cycle = error.args[1]
        raise ConfigError(f"tables.{first}.reads: a cycle, {' -> '.join(cycle)}") from None


def _check_read(record: Record, where: str, argument: str, kind: str, name: str) -> set[str]:
    """Check that what is read is made; return the fitters that it shows."""
    if kind == "reported":
        check_known(where, "table", name, [CLAIMS])
        return set()
    section = SECTIONS[kind]
    check_known(where, section.removesuffix("s"), name, getattr(record, section))
    if section == "contests":
        return set(record.contests[name].rivals)
    return set(record.experiments[name].fitters) if section == "experiments" else set()
