"""Numbers in texts agree with the kept results, and none that speaks of results is unbacked."""

import re
import runpy
from pathlib import Path

import pandas as pd
import pytest

from emmoe.archive.quoted import SETTINGS, main, refreshed, unbacked, value, written
from emmoe.store.errors import DataError

ROOT = Path(__file__).parents[1]
DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
TEXTS = ["README.md", *DOCS]


@pytest.mark.parametrize("name", [*TEXTS, "CHANGELOG.md"])
def test_numbers_of_texts_are_those_of_the_kept_results(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert refreshed(text, ROOT) == text, "make numbers"


@pytest.mark.parametrize("name", TEXTS)
def test_no_number_that_speaks_of_results_is_unbacked(name):
    assert unbacked((ROOT / name).read_text(encoding="utf-8")) == []


def test_tables_that_texts_quote_are_counted_from_the_kept_ones():
    counted = runpy.run_path(str(ROOT / "docs/counted.py"))
    for name, text in counted["tables"]().items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, "make numbers"


def test_copies_are_not_among_the_first_verdicts():
    first = pd.read_csv(ROOT / "data/reported/first_verdicts.csv")["claim_id"]
    rows = pd.read_csv(ROOT / "results/reference/audit/paper/audit.csv").set_index("claim_id")
    assert "duplicate" not in set(rows.loc[first, "verdict"])


@pytest.fixture
def root(tmp_path):
    tables = tmp_path / "results/reference/tables"
    tables.mkdir(parents=True)
    rows = 'algorithm,n,accuracy\nEM,100,0.7804\n"GD, one step",100,0.6391\nGD,18162,1.13e-6\n'
    (tables / "a.csv").write_text(rows, encoding="utf-8")
    pd.DataFrame({"t": [0, 100], "mean": [2.376, 1.0703]}).to_parquet(tables / "a.parquet")
    (tables / "a.md").write_text("| a |\n", encoding="utf-8")
    (tables / "a.json").write_text('{"numbers": {"runs": 12}}', encoding="utf-8")
    (tmp_path / "c.json").write_text('{"text": "falls with |w*|"}', encoding="utf-8")
    (tmp_path / "b.csv").write_text("x,text\n2.5,It is 2.5.\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 0.1 <!--= tables/a.csv algorithm=EM accuracy --> now", "at 0.8"),
        ("at 1.00 % <!--= tables/a.csv algorithm=EM accuracy -->", "at 78.04 %"),
        ("0.50 of all <!--= tables/a.csv algorithm='GD, one step' accuracy -->", "0.64 of all"),
        ("9 999 runs <!--= tables/a.csv algorithm=GD n -->", "18 162 runs"),
        ("up to 1.0e-3 <!--= tables/a.csv algorithm=GD accuracy -->", "up to 1.1e-6"),
        (
            "7 <!--= tables/a.csv n=100 count --> of 9 <!--= tables/a.csv count -->",
            "2 <!--= tables",
        ),
        ("9 <!--= tables/a.csv max:n -->", "18 162"),
        ("9 <!--= tables/a.json numbers.runs -->", "12 <!--"),
        ("1.0 <!--= /b.csv x -->", "2.5 <!--"),
        ("0.00 <!--= tables/a.parquet t=100 mean -->", "1.07 <!--"),
        ("<!--[ /b.csv text -->old 3<!--]-->", "<!--[ /b.csv text -->It is 2.5.<!--]-->"),
        (
            "| <!--[ /c.json text -->x<!--]--> |",
            r"| <!--[ /c.json text -->falls with \|w\*\|<!--]--> |",
        ),
        ("<!--[ /c.json text -->x<!--]-->", "<!--[ /c.json text -->falls with |w\\*|<!--]-->"),
        ("<!--[ tables/a.md -->\nold\n<!--]-->", "<!--[ tables/a.md -->\n| a |\n<!--]-->"),
    ],
)
def test_quote_is_what_the_kept_results_say(root, text, expected):
    new = refreshed(text, root)
    assert new.startswith(expected)
    assert refreshed(new, root) == new and unbacked(text) == []


def test_texts_are_rewritten_in_place(root, monkeypatch):
    monkeypatch.chdir(root)
    Path("text.md").write_text("é 0.1 <!--= /b.csv x -->\n", encoding="utf-8")
    main(["text.md"])
    assert Path("text.md").read_text(encoding="utf-8") == "é 2.5 <!--= /b.csv x -->\n"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tables/c.csv n", "tables/c.csv: no such file"),
        ("tables/a.csv accurcy", "no column 'accurcy': did you mean 'accuracy'?"),
        ("tables/a.csv n=100 accuracy", "2 rows for accuracy"),
        ("tables/a.csv algorithm=XY max:n", "0 rows for max:n"),
        ("tables/a.csv", "no column named"),
        ("tables/a.json numbers.run", "no numbers.run: did you mean 'runs'?"),
    ],
)
def test_quote_of_nothing_is_told(root, source, message):
    with pytest.raises(DataError, match=re.escape(message)):
        value(source, root)


def test_marker_without_a_number_is_told(root):
    with pytest.raises(DataError, match="no number before"):
        refreshed("none <!--= /b.csv x -->", root)


PLAIN = [
    "`0.5` and [a](b_2.md) in Figure 1a, Tables 1 and 2, 2025, F3, SHA-256, p/2n, -1/2",
    '```sh\n12\n```\n    12\n\n## In 12 ways\n\n1. first\n<img width="560">\n',
    f"## Limits\n{SETTINGS}\n100 cells\n\n### Below\n\n3 more\n",
]


@pytest.mark.parametrize("text", PLAIN)
def test_digits_that_are_no_results_need_no_quote(text):
    assert unbacked(text) == []


def test_other_numbers_are_unbacked_with_their_line():
    text = f"# A\n{SETTINGS}\n1\n# B\n| 0.5 | 18 162 |\n\n1.1e-6 of 12. Then 3 <!--= /b.csv x -->\n"
    assert unbacked(text) == [(5, "0.5"), (5, "18 162"), (7, "1.1e-6"), (7, "12")]


@pytest.mark.parametrize(
    ("like", "new"), [("1 000", "12 346"), ("1", "12 346"), ("1.0", "12 345.7")]
)
def test_thousands_are_parted(like, new):
    assert written("12345.67", like, False) == new
    assert written("1234.4", "1", False) == "1234" and written("1234.4", "9 999", False) == "1 234"
