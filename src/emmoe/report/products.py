"""Figures and tables as the report shows them: embedded, titled, captioned, grouped in sections."""

import ast
import base64
import importlib.util
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from PIL import Image

PAPER, RIVALS, THEORY, OTHER = SECTIONS = "paper", "rivals", "theory", "other"
COLOURS = 256  # of an embedded figure: a third of the bytes, and no difference to see


@dataclass(frozen=True)
class Picture:
    """An image as a data URI, with its size in pixels."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Table:
    """A table as text, ready to show; numeric says which columns hold numbers."""

    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]


@dataclass(frozen=True)
class Product:
    """A figure or table of config.yaml; content is None where its file is not there.

    experiments: those that it is made from; source: the file that draws it."""

    kind: str
    name: str
    section: str
    target: str
    title: str
    caption: str
    source: str
    experiments: frozenset[str]
    content: Picture | Table | None

    @property
    def path(self) -> str:
        """Its folder and name, as findings name it."""
        return f"{self.kind}s/{self.name}"


def products(config: dict[str, Any], results: Path) -> list[Product]:
    """Return all figures and tables of a config in its order, read from a folder of results."""
    return [_product(config, kind, name, path) for kind, name, path in _entries(config, results)]


def files(config: dict[str, Any], results: Path) -> list[Path]:
    """Return the files that figures and tables are read from, there or not."""
    return [path for _, _, path in _entries(config, results)]


def _entries(config: dict[str, Any], results: Path) -> Iterator[tuple[str, str, Path]]:
    for kind, suffix in (("figure", "png"), ("table", "csv")):
        for name in config[f"{kind}s"]:
            yield kind, name, results / f"{kind}s" / f"{name}.{suffix}"


def _product(config: dict[str, Any], kind: str, name: str, path: Path) -> Product:
    entry = config[f"{kind}s"][name]
    title, caption, section = describe(kind, name, entry)
    read = picture if kind == "figure" else table
    return Product(
        kind=kind,
        name=name,
        section=section,
        target=entry["target"],
        title=title,
        caption=caption,
        source=f"src/emmoe/{kind}s/{entry['draw']}.py",
        experiments=frozenset(experiments(config, entry)),
        content=read(path) if path.is_file() else None,
    )


def describe(kind: str, name: str, entry: dict[str, Any]) -> tuple[str, str, str]:
    """Return title, caption and section of a product: written for it or for its module in
    captions.yaml, else what its module says of itself."""
    written = _captions()[f"{kind}s"]
    chosen = written.get(name) or written.get(entry["draw"])
    if chosen is None:
        lead = _docstring(f"emmoe.{kind}s.{entry['draw']}")
        chosen = {"title": name.replace("_", " ").capitalize(), "caption": lead}
        return chosen["title"], chosen["caption"], OTHER
    options = entry.get("options", {})
    known = {key: str(value).replace("_", " ") for key, value in options.items()}
    known |= {"name": name.removeprefix("fair_").replace("_", " ")}
    title, caption = (chosen[key].format_map(known) for key in ("title", "caption"))
    if name.endswith("_small") and "small" not in title:
        title += " (small grid)"
    section = chosen.get("section", OTHER)
    if section == PAPER and "reported" not in entry["inputs"]:
        section = OTHER
    return title, " ".join(caption.split()), section


@cache
def _captions() -> dict[str, Any]:
    return yaml.safe_load(resources.files("emmoe.report").joinpath("captions.yaml").read_text())


def _docstring(module: str) -> str:
    """The docstring of a module, which need not be imported for it."""
    spec = importlib.util.find_spec(module)
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text())) or ""
    return " ".join(text.split())


def papers(config: dict[str, Any]) -> set[str]:
    """Return the experiments behind the figures and tables with the paper's readings."""
    found = set()
    for kind in ("figure", "table"):
        for name, entry in config[f"{kind}s"].items():
            if describe(kind, name, entry)[2] == PAPER:
                found |= experiments(config, entry)
    return found


def experiments(config: dict[str, Any], entry: dict[str, Any]) -> set[str]:
    """Return the experiments that a product is made from, by way of tables too."""
    found = set()
    for path in entry["inputs"].values():
        if of_table := re.match(r"<results>/tables/(\w+)\.", path):
            found |= experiments(config, config["tables"][of_table[1]])
        found |= set(re.findall(r"<results>/(?:summaries|runs|traces)/(\w+)", path))
    return found & set(config["experiments"])


def picture(path: Path) -> Picture:
    """Return a PNG file as a data URI on white, with at most COLOURS colours."""
    with Image.open(path) as opened:
        image = opened.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    content = io.BytesIO()
    few = flat.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(content, "PNG")
    text = base64.b64encode(content.getvalue()).decode()
    return Picture(f"data:image/png;base64,{text}", *image.size)


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
