"""Figures and tables as the report shows them: embedded, titled, captioned, grouped in sections."""

import ast
import base64
import importlib.util
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from emmoe.record.entries import Product as Entry
from emmoe.record.entries import Record
from emmoe.store.layout import Layout

PAPER, RIVALS, THEORY, OTHER = SECTIONS = "paper", "rivals", "theory", "other"
SHOWN = {"figures": "png", "tables": "csv"}  # the files that are shown
GATHERED = ("summary", "runs", "trace")  # what is read of an experiment
COLOURS = 32  # of an embedded figure: an eighth of the bytes, and hardly a difference to see
WIDTH, SMALL = 660, 480  # pixels of an embedded figure at most, and of one on the first screen
FIELD = re.compile(r"^:(title|caption|section):", re.MULTILINE)  # at the end of a docstring
THREADS = 2  # that pack pictures
MESSAGE = "Description"  # the key under which a figure's file tells its message


@dataclass(frozen=True)
class Picture:
    """An image as a data URI, with its size in pixels; message: what it shows, in a sentence, if
    its file says so."""

    uri: str
    width: int
    height: int
    message: str = ""


@dataclass(frozen=True)
class Table:
    """A table as text, ready to show; numeric says which columns hold numbers."""

    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]


@dataclass(frozen=True)
class Product:
    """A figure or table of the record; content is None where its file is not there.

    file: of its content; study: that declares it; experiments: those that it is made from; tables:
    those that it reads; source: the file that draws it."""

    kind: str
    name: str
    study: str
    file: Path
    section: str
    target: str
    title: str
    caption: str
    source: str
    experiments: frozenset[str]
    tables: tuple[str, ...]
    content: Picture | Table | None

    @property
    def path(self) -> str:
        """Its folder and name, as findings name it."""
        return f"{self.kind}s/{self.name}"


def products(record: Record, layout: Layout) -> list[Product]:
    """Return all figures and tables of a record in its order, read from the results: pictures are
    packed two at a time, which takes most of a report's time."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda own: _product(record, *own), _entries(record, layout)))


def files(record: Record, layout: Layout) -> list[Path]:
    """Return the files that figures and tables are read from, there or not."""
    return [path for _, path in _entries(record, layout)]


def _entries(record: Record, layout: Layout) -> Iterator[tuple[Entry, Path]]:
    for kind, suffix in SHOWN.items():
        for name, entry in getattr(record, kind).items():
            yield entry, Path(layout.product(kind, name)[suffix])


def _product(record: Record, entry: Entry, path: Path) -> Product:
    title, caption, section = describe(entry)
    read = picture if entry.kind == "figures" else table
    return Product(
        kind=entry.kind.removesuffix("s"),
        name=entry.name,
        study=entry.study,
        file=path,
        section=section,
        target=entry.target,
        title=title,
        caption=caption,
        source=f"src/emmoe/{entry.kind}/{entry.module}.py",
        experiments=frozenset(experiments(record, entry)),
        tables=tuple(read.name for read in entry.reads.values() if read.kind == "table"),
        content=read(path) if path.is_file() else None,
    )


def describe(entry: Entry) -> tuple[str, str, str]:
    """Return title, caption and section of a product: its entry's, else those of its module, which
    ends its docstring with them as :title:, :caption: and :section:, else its docstring."""
    said, own = _said(f"emmoe.{entry.kind}.{entry.module}")
    name = (entry.name.partition("_")[2] or entry.name).replace("_", " ")
    title = entry.title or own.get("title", "").replace("{name}", name)
    title = title or entry.name.replace("_", " ").capitalize()
    if entry.name.endswith("_small") and not entry.title and "small" not in title:
        title += " (small grid)"
    section = own.get("section", OTHER)
    if section == PAPER and "reported" not in entry.reads:
        section = OTHER
    return title, entry.caption or own.get("caption", said), section


@cache
def _said(module: str) -> tuple[str, dict[str, str]]:
    """A module's docstring, and the fields at its end by name; it need not be imported for it."""
    spec = importlib.util.find_spec(module)
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text("utf-8"))) or ""
    lead, *parts = FIELD.split(text)
    fields = zip(parts[::2], parts[1::2], strict=True)
    return " ".join(lead.split()), {name: " ".join(value.split()) for name, value in fields}


def papers(record: Record) -> set[str]:
    """Return the experiments behind the figures and tables with the paper's readings."""
    entries = [entry for kind in SHOWN for entry in getattr(record, kind).values()]
    shown = (entry for entry in entries if describe(entry)[2] == PAPER)
    return {name for entry in shown for name in experiments(record, entry)}


def experiments(record: Record, entry: Entry) -> set[str]:
    """Return the experiments that a product is made from, by way of tables too."""
    found = set()
    for read in entry.reads.values():
        if read.kind == "table":
            found |= experiments(record, record.tables[read.name])
        elif read.kind in GATHERED:
            found.add(read.name)
    return found


def picture(path: Path, width: int = WIDTH) -> Picture:
    """Return a PNG file as a data URI on white, with at most so many pixels a row."""
    with Image.open(path) as opened:
        message, image = str(getattr(opened, "text", {}).get(MESSAGE, "")), opened.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    flat.thumbnail((width, flat.height), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    few = flat.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.convert("RGB").save(content, "WEBP", lossless=True, quality=90, method=5)
    text = base64.b64encode(content.getvalue()).decode()
    return Picture(f"data:image/webp;base64,{text}", *flat.size, message)


def table(path: Path) -> Table:
    """Return a CSV file as text, numbers with four digits."""
    return as_text(pd.read_csv(path))


def as_text(frame: pd.DataFrame) -> Table:
    """Return a table as text, numbers with four digits and nothing for what is missing."""
    numeric = [
        pd.api.types.is_numeric_dtype(frame[c]) and not pd.api.types.is_bool_dtype(frame[c])
        for c in frame
    ]
    rows = [[number(value) for value in row] for row in frame.itertuples(index=False)]
    return Table([str(column).replace("_", " ") for column in frame], numeric, rows)


def number(value: Any) -> str:
    """Return a value as text: a float with four digits, nothing for a missing one."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
