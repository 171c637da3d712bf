"""Numbers and sentences in texts, each backed by a kept result, and those that are not.

    0.780 <!--= tables/table_2.csv algorithm="EM (inexact)" accuracy -->
    <!--[ tables/conclusions.csv topic=precision sentence -->A whole sentence.<!--]-->

The first backs the nearest number before it in its line, the second what it encloses. What is named
is a file of results/reference (with a leading slash: of the repository), conditions on its rows,
and a column, or count, or sum, min, max or median of a column; of a JSON file a dotted path; of a
Markdown file all of it.
"""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from emmoe.record.registry import nearest
from emmoe.store.errors import DataError

KEPT = "results/reference"
NUMBER = re.compile(r"(?<![\w./-])(?:\d{1,3}(?: \d{3})+|\d+(?:\.\d+)?(?:e-?\d+)?)(?![\w/]|\.\d)")
QUOTE = re.compile(r"<!--= (.+?) -->")
BLOCK = re.compile(r"(<!--\[ (.+?) -->)(.*?)(<!--\]-->)", re.DOTALL)
SETTINGS = "<!-- numbers: settings -->"
REDUCED = {"sum": "sum", "min": "min", "max": "max", "median": "median"}
# What holds digits that speak of no result.
OTHER = re.compile(
    r"^```.*?^```|^ {4,}[^ ].*?$|`[^`\n]*`|<!--.*?-->|<[^>\n]*>|\]\([^)]*\)|^ *\d+\.(?= )"
    r"|\b(?:Figures?|Tables?|Python|Section|Theorem|arXiv) [\d.]+[a-z]?"
    r"(?:(?:, | and | to )[\d.]+[a-z]?)*|\b(?:19|20)\d\d\b",
    re.MULTILINE | re.DOTALL,
)


def value(source: str, root: Path = Path()) -> str:
    """Return what a quote names, as the file has it; raises DataError if there is no such thing."""
    name, *rest = shlex.split(source)
    path = root / name[1:] if name.startswith("/") else root / KEPT / name
    if not path.is_file():
        raise DataError(f"{name}: no such file in {KEPT}")
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    if not rest:
        raise DataError(f"{name}: no column named")
    if path.suffix == ".json":
        return str(_at(json.loads(path.read_text(encoding="utf-8")), rest[-1], name))
    if path.suffix == ".parquet":
        table = pd.read_parquet(path).astype(str)
    else:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return _cell(table, dict(part.split("=", 1) for part in rest[:-1]), rest[-1], name)


def _at(content: object, path: str, name: str) -> object:
    for key in path.split("."):
        known = content if isinstance(content, dict) else {}
        if key not in known:
            raise DataError(f"{name}: no {path}{nearest(key, known)}")
        content = known[key]
    return content


def _cell(table: pd.DataFrame, where: dict[str, str], what: str, name: str) -> str:
    reduce, _, column = what.rpartition(":")
    for known in (*where, *([column] if what != "count" else [])):
        if known not in table:
            raise DataError(f"{name}: no column {known!r}{nearest(known, list(table))}")
    for key, wanted in where.items():
        table = table[table[key] == wanted]
    if what == "count":
        return str(len(table))
    if reduce in REDUCED and len(table):
        return str(pd.to_numeric(table[column]).agg(REDUCED[reduce]))
    if reduce or len(table) != 1:
        raise DataError(f"{name}: {len(table)} rows for {what} at {where}: one is needed")
    return table[column].iloc[0]


def refreshed(text: str, root: Path = Path()) -> str:
    """Return a text with every quote as the kept results have it, numbers with as many digits."""

    def block(match: re.Match) -> str:
        found = value(match[2], root)
        if "\n" in found:
            return f"{match[1]}\n{found}{match[4]}"
        line = match.string.rfind("\n", 0, match.start()) + 1
        in_table = match.string.startswith("|", line)  # where a bar would end the cell
        return match[1] + re.sub(r"[*|]" if in_table else r"[*]", r"\\\g<0>", found) + match[4]

    for number, source, percent in reversed(list(_numbers(text))):
        new = written(value(source, root), number.group(), percent)
        text = text[: number.start()] + new + text[number.end() :]
    return BLOCK.sub(block, text)


def _numbers(text: str) -> Iterator[tuple[re.Match, str, bool]]:
    """Yield the numbers that quotes back: where, the source, and whether in per cent."""
    for quote in QUOTE.finditer(text):
        start = text.rfind("\n", 0, quote.start()) + 1
        before = [m.end() for m in QUOTE.finditer(text, start, quote.start())]
        found = list(NUMBER.finditer(text, max(before, default=start), quote.start()))
        if not found:
            raise DataError(f"no number before {quote[0]}")
        yield found[-1], quote[1], text[found[-1].end() :].lstrip().startswith("%")


def written(value: str, like: str, percent: bool) -> str:
    """Return a number with the digits of another: 18 162, 1.1e-6, 0.780; percent: times 100."""
    number = float(value) * (100 if percent else 1)
    if "e" in like:
        places = len(like.partition("e")[0].partition(".")[2])
        mantissa, exponent = f"{number:.{places}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    text = f"{number:,.{len(like.partition('.')[2])}f}"
    return text.replace(",", " " if " " in like or len(text) > len("9,999") else "")


def unbacked(text: str) -> list[tuple[int, str]]:
    """Return line and text of all numbers that neither a quote backs, nor speak of no result: in
    code, headings, links, names of figures, years, and sections that begin with SETTINGS."""
    backed = {number.start() for number, *_ in _numbers(text)}
    bare = OTHER.sub(_blank, BLOCK.sub(_blank, _without_settings(text)))
    return [
        (text.count("\n", 0, found.start()) + 1, found.group())
        for found in NUMBER.finditer(bare)
        if found.start() not in backed
    ]


def _without_settings(text: str) -> str:
    """The text with headings, and the sections of settings with all below them, made blank."""
    kept, skipped, fenced = [], 7, False
    lines = text.splitlines(keepends=True)
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        fenced ^= line.startswith("```")
        level = 0 if fenced else len(line) - len(line.lstrip("#"))
        if level and level <= skipped:
            skipped = level if following.strip() == SETTINGS else 7
        blank = level or skipped < 7
        kept.append(" " * (len(line) - 1) + "\n" if blank else line)
    return "".join(kept)


def _blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def main(paths: list[str]) -> None:
    """Rewrite the quotes of some texts."""
    for path in map(Path, paths):
        text = path.read_text(encoding="utf-8")
        path.write_text(refreshed(text), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
