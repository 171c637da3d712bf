"""The documentation does what it says: examples of docstrings, the gallery, the tutorial."""

import doctest
import re
import runpy
import shlex

import matplotlib.pyplot as plt
import pytest
from workflow_helpers import ROOT

from emmoe.__main__ import main
from emmoe.audit.verdicts import Verdict
from emmoe.mixture.estimators import classifier, regressor

EXAMPLES = sorted((ROOT / "docs" / "gallery").glob("*.py"))
TUTORIAL = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", [classifier, regressor])
def test_examples_of_docstrings_hold(module):
    found = doctest.testmod(module)
    assert found.attempted > 5
    assert found.failed == 0


def test_gallery_has_six_examples():
    assert len(EXAMPLES) == 6


def test_every_page_is_in_the_site_s_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {"gallery.md", "api.md"}
    assert sorted(re.findall(r"\S+\.md", navigation)) == sorted(pages)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_of_the_gallery_ends_in_a_figure_of_a_maximum(path):
    names = runpy.run_path(str(path))
    assert names["model"].status_ == "maximum"
    assert names["figure"].axes[0].has_data()
    plt.close("all")


def test_tutorial_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    main(["init", str(tmp_path / "mine")])
    monkeypatch.chdir(tmp_path / "mine")
    commands = re.findall(r"^emmoe (.*)$", TUTORIAL, re.M)
    assert [command.split()[0] for command in commands] == ["fit", "diagnose", "predict"]
    for command in commands:
        main(shlex.split(command))
    shown = capsys.readouterr().out
    assert "2 experts for growth: maximum" in shown
    assert "prediction,low,high,expert 1,expert 2" in shown
    ends = []
    for code in re.findall(r"```python\n(import pandas.*?)```", TUTORIAL, re.S):
        names = {}
        exec(code, names)
        ends.append(names["model"].status_)
    assert ends == ["maximum", "online"]


SHOWN = [
    *(ROOT / "docs").glob("*.md"),
    *ROOT.glob("*.md"),
    *(ROOT / ".github").glob("**/*.yml"),
    ROOT / ".ci" / "run",
]


def test_no_target_is_taken_for_a_file_of_the_config():
    """Snakemake takes all words after --configfile, up to the next option, for files."""
    words = [
        (path.name, word)
        for path in SHOWN
        for files in re.findall(r"--configfiles?((?: +[^-\s`;&|#][^\s`;&|#]*)+)", path.read_text())
        for word in files.split()
    ]
    assert len(words) > 12
    assert [own for own in words if not own[1].strip("'\",.)").endswith(".yaml")] == []


def test_verdicts_mean_in_the_documentation_what_they_mean_in_the_report():
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    for verdict in Verdict:
        assert f"| {verdict} | {verdict.meaning} |\n" in text
