"""Tables as people have them: what is understood, and what is refused in one line."""

import gzip
import io
import sys

import numpy as np
import pandas as pd
import pytest

from emmoe.store import tabular
from emmoe.store.coding import coding
from emmoe.store.errors import DataError
from emmoe.store.tabular import read_table

PLAIN = "y,x,colour\n1.5,2,red\n2.5,-3,blue\n0,1e-3,red\n"
EXPECTED = pd.DataFrame({"y": [1.5, 2.5, 0], "x": [2, -3, 1e-3], "colour": ["red", "blue", "red"]})
READABLE = {
    "comma": PLAIN,
    "semicolon": PLAIN.replace(",", ";"),
    "tab": PLAIN.replace(",", "\t"),
    "bar": PLAIN.replace(",", "|"),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "quoted decimal commas": PLAIN.replace("1.5", '"1,5"').replace("2.5", '"2,5"'),
    "byte order mark": "\ufeff" + PLAIN,
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
    "old line ends": PLAIN.replace("\n", "\r"),
    "spaces": PLAIN.replace(",", ", "),
    "blank lines": "\n\n" + PLAIN.replace("\n", "\n\n"),
    "quotes": '"y","x","colour"\n1.5,2,"red"\n2.5,-3,"blue"\n0,1e-3,red\n',
    "no last line end": PLAIN.rstrip("\n"),
}
REFUSED = {
    "nothing": ("", "is empty"),
    "blank lines": ("\n \n", "is empty"),
    "no rows": ("y,x\n", "no rows"),
    "a name twice": ("y,x,x\n1,2,3\n", "more than one column is named x"),
    "no name": ("y,,x\n1,2,3\n", "column 2 has no name"),
    "no header": ("1,2,3\n4,5,6\n", "the first line is numbers"),
    "commas within commas": ("y,x\n1,5,2,5\n1,5,2,5\n", "the header names 2 columns"),
    "a title above the names": ("Growth\ny,x\n1,2\n", "let the names be the first line"),
    "a workbook": (b"PK\x03\x04\x14", "is a workbook .* save its sheet as CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1", "is an old workbook"),
    "a compressed table": (gzip.compress(b"y,x\n1,2\n"), "is compressed .gzip.: unpack it first"),
    "a longer row": ("y,x\n1,2\n1,2,3\n", "rows are not as long"),
    "thousands or decimals": ('y,x\n1,"1,234"\n2,"2,345"\n', "1.234 or 1234"),
    "an open quote": ('y,x\n1,"2\n3,4\n', "rows are not as long"),
    "binary": ("y,x\n1,\0\n", "no text"),
}


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "data.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("kind", READABLE)
def test_table_is_read_whatever_its_dialect(kind, written):
    pd.testing.assert_frame_equal(read_table(written(READABLE[kind])), EXPECTED, check_dtype=False)


def test_table_is_read_from_utf_16(written):
    pd.testing.assert_frame_equal(
        read_table(written(PLAIN.encode("utf-16"))), EXPECTED, check_dtype=False
    )


def test_table_is_read_from_standard_input(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(PLAIN.encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stream)
    pd.testing.assert_frame_equal(read_table("-"), EXPECTED, check_dtype=False)


def test_standard_input_without_an_end_is_refused(monkeypatch):
    class Endless(io.RawIOBase):
        given = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            buffer[:] = b"y\n" * (len(buffer) // 2) + b"y" * (len(buffer) % 2)
            self.given += len(buffer)
            return len(buffer)

    endless = Endless()
    stream = io.TextIOWrapper(io.BufferedReader(endless), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stream)
    monkeypatch.setattr(tabular, "MOST", 3 << 20)
    with pytest.raises(DataError) as refusal:
        read_table("-")
    said = "standard input: does not end after 3 MB: write it to a file, and give its name"
    assert str(refusal.value) == said
    assert endless.given < 4 << 20


@pytest.mark.parametrize("header", ["a:b", "a b", "a~b"])
def test_columns_that_are_not_told_apart_hint_at_the_separator(header, written):
    table = read_table(written(f"{header}\n{header.replace('a', '1').replace('b', '2')}\n"))
    with pytest.raises(DataError) as refusal:
        coding(table, "a")
    said = f"target: the table has no column 'a': it has one column, {header!r}: separate columns "
    assert str(refusal.value) == f"{said}by commas, semicolons, tabs or |"


def test_parquet_is_known_by_its_content(tmp_path):
    EXPECTED.to_parquet(tmp_path / "data")
    pd.testing.assert_frame_equal(read_table(tmp_path / "data"), EXPECTED)


def test_damaged_parquet_is_refused(tmp_path):
    EXPECTED.to_parquet(tmp_path / "data")
    (tmp_path / "data").write_bytes((tmp_path / "data").read_bytes()[:-9])
    with pytest.raises(DataError, match="not a readable Parquet"):
        read_table(tmp_path / "data")


@pytest.mark.parametrize("kind", REFUSED)
def test_table_is_refused_with_the_reason(kind, written):
    content, said = REFUSED[kind]
    with pytest.raises(DataError, match=said):
        read_table(written(content))


def test_other_encodings_are_refused(written):
    with pytest.raises(DataError, match=r"not UTF-8 \(byte 2\): save the table as CSV in UTF-8"):
        read_table(written(b"y,\xe9t\xe9\n1,2\n"))


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"lost\.csv: cannot be read"):
        read_table(tmp_path / "lost.csv")


def test_categories_become_columns_of_their_levels():
    own = coding(EXPECTED, "y", categorical=["colour"])
    assert own.names == ("x", "colour[red]")
    np.testing.assert_array_equal(own.features(EXPECTED), [[2, 1], [-3, 0], [1e-3, 1]])
    assert own.features_of(["colour"], "--gate") == [1]


def test_later_table_is_coded_by_name():
    own = coding(EXPECTED, "y", categorical=["colour"])
    later = EXPECTED[["colour", "x"]].assign(more="?")
    np.testing.assert_array_equal(own.features(later), own.features(EXPECTED))


CODED = {
    "a target that is not there": ({"target": "Y"}, {}, "no column 'Y': did you mean 'y'"),
    "text": ({}, {}, r"column colour: is text \('red' in row 1\): leave it out"),
    "a text among numbers": (
        {"categorical": ["colour"]},
        {"x": ["1.5", "?", "2"]},
        r"column x: '\?' in row 2 is no number, 2 others are: mend or drop such rows",
    ),
    "a category that is no feature": (
        {"features": ["x"], "categorical": ["colour"]},
        {},
        "categorical: column colour is not among the features",
    ),
    "missing": (
        {"categorical": ["colour"]},
        {"x": [1, None, 2]},
        "1 missing values, in column x, row 2",
    ),
    "infinite": (
        {"categorical": ["colour"]},
        {"x": [1, np.inf, 2]},
        "column x: is not finite in row 2",
    ),
    "the target as feature": ({"features": ["x", "y"]}, {}, "column y: is the target"),
    "no such feature": ({"features": ["xx"]}, {}, "no column 'xx': did you mean 'x'"),
    "no such category": ({"categorical": ["color"]}, {}, "did you mean 'colour'"),
    "no such weights": ({"weights": "n"}, {}, "weights: the table has no column 'n'"),
}


@pytest.mark.parametrize("kind", CODED)
def test_columns_that_cannot_be_coded_are_named(kind):
    arguments, columns, said = CODED[kind]
    table = EXPECTED.assign(**columns)
    with pytest.raises(DataError, match=said):
        coding(table, **({"target": "y"} | arguments)).features(table)


def test_level_that_was_not_fitted_is_refused():
    own = coding(EXPECTED, "y", categorical=["colour"])
    with pytest.raises(DataError, match="levels that were not fitted: green: known are blue, red"):
        own.features(EXPECTED.assign(colour="green"))


@pytest.mark.parametrize("weights", [[-1, 1, 1], [0, 0, 0]])
def test_weights_that_weigh_nothing_are_refused(weights):
    table = EXPECTED.assign(n=weights)
    with pytest.raises(DataError, match="weights must be 0 or more"):
        coding(table, "y", ["x"], weights="n").weight(table)


def test_ten_thousand_columns_are_refused_at_once(written):
    names = [f"x{j}" for j in range(10_000)]
    table = read_table(written(",".join(["y", *names]) + "\n" + ",".join(["1"] * 10_001) + "\n"))
    with pytest.raises(DataError, match="10000 features: at most 1000"):
        coding(table, "y")


def mangled(rng):
    """Return the bytes of a table with one to three things wrong with it."""
    names = [f"x{j}" for j in range(rng.integers(1, 5))] + ["y"]
    cells = rng.normal(size=(rng.integers(0, 6), len(names))).round(2).astype(str).tolist()
    rows = [names, *cells]
    for _ in range(rng.integers(1, 4)):
        row = rows[rng.integers(len(rows))]
        at = rng.integers(len(row)) if row else 0
        odd = [
            "",
            "NA",
            "1,5",
            "inf",
            "-1e999",
            '"',
            "''",
            "é",
            "\0",
            "=1+1",
            "1_000",
            "٣",
            "x",
            "\r",
        ]
        match rng.integers(6):
            case 0 if row:
                row[at] = odd[rng.integers(len(odd))]
            case 1:
                row.insert(at, odd[rng.integers(len(odd))])
            case 2 if row:
                row.pop(at)
            case 3:
                rows.insert(rng.integers(len(rows)), list(row))
            case 4 if row:
                row[at] = "1" * rng.integers(1, 400)
            case 5:
                rows.pop(rng.integers(len(rows))) if len(rows) > 1 else None
    text = "\n".join(",;\t|"[rng.integers(4)].join(row) for row in rows)
    content = bytearray(text.encode(["utf-8", "utf-16", "latin-1"][rng.integers(3)], "replace"))
    for _ in range(rng.integers(3) if content else 0):
        content[rng.integers(len(content))] = rng.integers(256)
    return bytes(content)


@pytest.mark.parametrize("seed", range(25))
def test_no_table_of_a_hundred_ends_in_a_traceback(seed, written):
    """Each is understood, or refused in one printable line that is not too long to read."""
    rng = np.random.default_rng(seed)
    for _ in range(100):
        try:
            table = read_table(written(mangled(rng)))
            own = coding(table, "y", categorical=["x0"] if rng.random() < 0.3 else [])
            assert np.isfinite(own.features(table)).all()
            assert own.targets(table).notna().all()
        except DataError as error:
            assert str(error).isprintable()
            assert len(str(error)) < 700
