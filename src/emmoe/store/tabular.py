"""Reads tables as people have them: CSV with any usual separator, decimal commas, a BOM; Parquet.

Whatever is wrong is told in one line with what to do (`DataError`).
"""

import csv
import io
import re
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

from emmoe.store.errors import DataError

STANDARD_INPUT = "-"
SEPARATORS = (",", ";", "\t", "|")
SAMPLED = 20  # lines that a separator is judged by
MOST = 1 << 29  # bytes of the standard input, which may have no end
SHOWN = 5  # names and rows that a message repeats
WIDTH = 40  # characters of a text that a message repeats
PARQUET = b"PAR1"
OTHERS = {  # what files begin with that people take for tables
    b"PK\x03\x04": "a workbook (Excel, LibreOffice) or another zip file: save its sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old workbook (Excel): save its sheet as CSV",
    b"\x1f\x8b": "compressed (gzip): unpack it first",
}
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
DECIMAL = re.compile(r"[+-]?(\d*,\d+|\d+)([eE][+-]?\d+)?")  # a number with a decimal comma
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+|[+-]?\d+")


def read_table(source: Path | str) -> pd.DataFrame:
    """Return the table of a file, or of the standard input for "-": columns with unique names that
    are no numbers, of numbers where all entries are, at least one row.

    Raises DataError for what is no such table."""
    name = "standard input" if str(source) == STANDARD_INPUT else str(source)
    content = _bytes(source, name)
    if not content.strip():
        raise DataError(f"{name}: is empty: it must hold a table with a header")
    if told := next((said for mark, said in OTHERS.items() if content.startswith(mark)), ""):
        raise DataError(f"{name}: is {told}")
    frame = _parquet(content, name) if content.startswith(PARQUET) else _text(content, name)
    _check_names(list(frame.columns), name)
    if not len(frame):
        raise DataError(f"{name}: has no rows below its header")
    return frame


def _bytes(source: Path | str, name: str) -> bytes:
    if str(source) == STANDARD_INPUT:
        content = sys.stdin.buffer.read(MOST + 1)
        if len(content) > MOST:
            said = f"does not end after {MOST >> 20} MB"
            raise DataError(f"{name}: {said}: write it to a file, and give its name")
        return content
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        said = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{name}: cannot be read ({said})") from None


def _parquet(content: bytes, name: str) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        said = "Parquet needs pyarrow: pip install 'emmoe[parquet]', or save the table as CSV"
        raise DataError(f"{name}: {said}") from None
    except Exception as error:  # what damaged bytes make of a reader
        raise DataError(f"{name}: not a readable Parquet file ({_brief(error)})") from None
    return frame.set_axis([str(column).strip() for column in frame.columns], axis="columns")


def _text(content: bytes, name: str) -> pd.DataFrame:
    lines = _decoded(content, name).lstrip("\r\n")
    separator = _separator(lines)
    stream = io.StringIO(lines, newline="")
    try:
        header = [cell.strip() for cell in next(csv.reader(stream, delimiter=separator))]
        rest = stream.read()
        if not rest.strip():
            return pd.DataFrame(columns=header)
        frame = pd.read_csv(
            io.StringIO(rest), sep=separator, header=None, skipinitialspace=True, low_memory=False
        )
    except (csv.Error, ValueError, OverflowError) as error:  # pandas' parser errors are ValueErrors
        said = f"its rows are not as long as each other ({_brief(error)})"
        raise DataError(f"{name}: {said}: see to its separators and quotes") from None
    if len(header) != frame.shape[1]:
        counts = f"the header names {len(header)} columns, the first row has {frame.shape[1]}"
        said = "let the names be the first line, and quote decimal commas"
        raise DataError(f"{name}: {counts}: {said}")
    _check_names(header, name)  # before columns are found by them
    return frame.set_axis(header, axis="columns").pipe(_with_decimal_commas, name)


def _decoded(content: bytes, name: str) -> str:
    encoding = next((own for mark, own in MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        said = f"not {encoding.removesuffix('-sig').upper()} (byte {error.start})"
        raise DataError(f"{name}: {said}: save the table as CSV in UTF-8") from None
    if "\0" in text:
        raise DataError(f"{name}: no text: save the table as CSV in UTF-8, or as Parquet")
    return text


def _separator(text: str) -> str:
    """The separator that parts the first lines into the most columns, equally many in each; else
    the one that parts the header most."""
    lines = [line for line in text[: 1 << 20].splitlines()[: SAMPLED + 1] if line.strip()][:SAMPLED]

    def fit(separator: str) -> tuple[bool, int]:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:
            return False, 0
        return len(set(counts)) == 1 and counts[0] > 1, counts[0] if counts else 0

    return max(SEPARATORS, key=fit)


def _check_names(names: list[str], source: str) -> None:
    """Raise DataError for a header with empty, repeated or only numeric names."""
    for position, column in enumerate(names, start=1):
        if not column:
            said = "name it, or write the table without its index"
            raise DataError(f"{source}: column {position} has no name in the header: {said}")
    if repeated := [column for column, times in Counter(names).items() if times > 1]:
        raise DataError(f"{source}: more than one column is named {listed(repeated)}: rename them")
    if names and all(DECIMAL.fullmatch(column.replace(".", ",")) for column in names):
        said = f"the first line is numbers ({listed(names)})"
        raise DataError(f"{source}: {said}: put the names of the columns there")


def _with_decimal_commas(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with texts such as 1,5 as numbers; raises DataError where they may be thousands."""
    for column in frame.columns[~frame.dtypes.map(pd.api.types.is_numeric_dtype).to_numpy()]:
        texts = frame[column].dropna().astype(str).str.strip()
        if len(texts) and texts.str.fullmatch(DECIMAL.pattern).all():
            _check_thousands(texts, f"{name}: column {shown(column)}")
            frame[column] = texts.str.replace(",", ".").map(float).reindex(frame.index)
    return frame


def _check_thousands(texts: pd.Series, where: str) -> None:
    examples = texts[texts.str.contains(",")]
    if len(examples) and texts.str.fullmatch(THOUSANDS.pattern).all():
        example = examples.iloc[0]
        either = f"{example.replace(',', '.')} or {example.replace(',', '')}"
        raise DataError(f"{where}: {example!r} may be {either}: write it with a point")


def shown(text: object) -> str:
    """Return a name or an entry as a message repeats it: short, in one line."""
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))
    return plain if len(plain) <= WIDTH else f"{plain[:WIDTH]}..."


def listed(names: list) -> str:
    """Return some of many names or rows as a message repeats them."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(shown, names[:SHOWN])) + more


def _brief(error: Exception) -> str:
    return shown(" ".join(str(error).removeprefix("Error tokenizing data. C error: ").split()))
