"""No cell of a CSV is a formula to a spreadsheet, and no table changes when it is opened in one."""

import csv
import re
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflow_helpers import ROOT

from emmoe.record.entries import Rival
from emmoe.record.step_grid import variants
from emmoe.store.files import put_csv, read_frame
from emmoe.tables._shared import write

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
KEPT = sorted(
    path
    for folder in ("results/reference", "data/reported", "benchmarks/reference")
    for path in (ROOT / folder).rglob("*.csv")
)
NUMBERS = ("-1", "+1", "-0.5", "+.5", "1e-3", "-1E+30", "-inf", "+inf", "-1.")
COMPUTED = ("=1+1", "+0 +1", "-1 0", "@SUM(A1)", "-", "+", "--1", "-1-1", "+1_0", "-x", "=", "\t=1",
            "\r=1", "-1e", "+0x1", "-nan", "a\r=1", "a\r\n=1")  # fmt: skip


def is_number(cell):
    """Whether a spreadsheet shows a cell as the number that it is: float() reads more than that."""
    try:
        return ("_" not in cell and np.isfinite(float(cell))) or cell.lower()[1:] == "inf"
    except ValueError:
        return False


def formulas(text):
    """The cells of a CSV, names of columns included, that a spreadsheet would compute."""
    cells = (cell for row in csv.reader(StringIO(text, newline="")) for cell in row)
    return [cell for cell in cells if cell.startswith(FORMULAS) and not is_number(cell)]


def written(frame, tmp_path):
    put_csv(frame, tmp_path / "a.csv")
    return (tmp_path / "a.csv").read_bytes().decode()


def test_no_kept_table_holds_a_formula():
    assert len(KEPT) > 40
    found = {path.name: formulas(path.read_text(encoding="utf-8")) for path in KEPT}
    assert not {name: cells for name, cells in found.items() if cells}


@pytest.mark.parametrize("cell", COMPUTED)
def test_text_that_would_be_computed_is_shown(cell, tmp_path):
    assert "a" in cell or formulas(f'"{cell}"\n') == [cell]
    frame = pd.DataFrame({"a": [cell, "b"], cell: [1.5, -2.0]})
    assert not formulas(written(frame, tmp_path))
    assert read_frame(tmp_path / "a.csv")["a"][0].strip("' \t\n") == cell.replace("\r", " ").strip()


@pytest.mark.parametrize("cell", NUMBERS)
def test_numbers_stay_numbers(cell, tmp_path):
    frame = pd.DataFrame({"text": [cell], "number": [float(cell)]})
    assert written(frame, tmp_path).splitlines()[1].startswith(f"{cell},")
    assert read_frame(tmp_path / "a.csv")["text"][0] == float(cell)


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_texts_of_every_type_of_column_are_shown(dtype, tmp_path):
    frame = pd.DataFrame({"a": pd.Series(["=1", "b"], dtype=dtype)})
    assert not formulas(written(frame, tmp_path))
    assert list(frame["a"]) == ["=1", "b"]  # the table itself is not changed


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=5) | st.floats() | st.none()))
def test_no_table_holds_a_formula(tmp_path_factory, cells):
    frame = pd.DataFrame({"a": cells, "b": range(len(cells))})
    assert not formulas(written(frame, tmp_path_factory.getbasetemp()))


@given(st.lists(st.sampled_from(FORMULAS).flatmap(lambda c: st.text(max_size=3).map(c.__add__))))
def test_no_table_of_texts_that_begin_like_one_does(tmp_path_factory, cells):
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
    assert not formulas(written(frame, tmp_path_factory.getbasetemp()))


def test_tables_are_written_as_every_csv_is(tmp_path):
    frame = pd.DataFrame({"+a": ["=1", "-1 0"], "b": [1.0, np.nan]})
    write.contents(frame, None)["csv"](tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"'+a,b\n'=1,1\n'-1 0,\n"


def test_only_one_place_writes_csv():
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    calls = re.compile(r"\.to_csv\(|\.to_csv\b|csv\.writer|DictWriter")
    found = {path.name for path in sources if calls.search(path.read_text(encoding="utf-8"))}
    assert found == {"files.py"}


@pytest.mark.parametrize("grid", [[-2, 2], {"beta": [-1, 1], "w": [0, 2]}])
def test_steps_are_named_by_powers_that_give_the_step_back(grid):
    step = {"beta": 0.5, "w": 3.0}
    for variant in variants(Rival("adam", {"step": step}, grid)):
        factors = [2.0 ** int(power[2:]) for power in write.powers(variant.name).split()]
        sizes = list(variant.settings["step"].values())
        factors = factors * 2 if len(factors) == 1 else factors
        assert sizes == [size * by for size, by in zip(step.values(), factors, strict=True)]
        assert not formulas(write.powers(variant.name))
    assert write.powers("") == ""
