"""Terms, anchors and commands of the report, and whether it is older than its results."""

from collections import Counter
from urllib.parse import unquote

import pytest
import report_helpers as made_up

from emmoe.audit.verdicts import Verdict
from emmoe.report import changed, command, findings, terms
from emmoe.store.errors import DataError
from emmoe.store.layout import Layout


def test_term_is_explained_where_it_comes_first_and_in_the_glossary():
    text = terms.explained("An E-step, then another E-step of two experts < 3")
    assert text.count('href="#term-e-step"') == 1 and text.count("E-step") == 2
    assert 'title="One of the simple models that a mixture combines."' in text
    assert text.endswith("&lt; 3")
    assert all(meaning.endswith(".") for meaning in terms.glossary().values())


def test_verdicts_are_explained_where_they_are_said_and_in_the_glossary():
    text = terms.explained("3 of 6 runs reproduced, 1 met alone.")
    for verdict in (Verdict.REPRODUCED, Verdict.MET_ALONE):
        assert f'href="#{terms.anchor(verdict)}" title="Verdict: {verdict.meaning}."' in text
    assert set(Verdict) <= set(terms.glossary())


def test_longest_term_wins_and_no_word_is_cut():
    assert "term-gradient-em" in terms.explained("gradient EM") and "term-em" not in (
        terms.explained("gradient EM, stem, them")
    )


def test_findings_are_linked_by_their_numbers(tmp_path):
    made_up.with_findings(tmp_path)
    folder = tmp_path / "findings"
    (folder / "f1_digits.json").write_text((folder / "f1.json").read_text("utf-8"), "utf-8")
    found = [finding.anchor for finding in findings.load(folder.glob("*"))]
    assert found == ["finding-F1", "finding-F1_digits", "finding-F2", "finding-F9"]


def test_command_names_the_claims_file_and_further_configs():
    layout = Layout("results/smoke")
    told = command.recompute(layout, "a", "value", ["config.yaml", "mine.yaml"])
    assert told.startswith(".venv/bin/snakemake results/smoke/audit/claims/a.csv ")
    assert told.endswith(" --configfile mine.yaml")
    assert "--configfile" not in command.recompute(layout, "a", "value")


def test_command_forces_what_the_claims_kind_is_judged_from():
    layout = Layout("results")
    assert command.recompute(layout, "a", "value").endswith(" --forcerun fit")
    assert command.recompute(layout, "a", "theorem").endswith(" --forcerun theorems")


def test_first_findings_are_the_most_important_supported_ones_each_statement_once(tmp_path):
    own = made_up.record(tmp_path)
    order = {name: entry.importance for name, entry in own.findings.items() if entry.importance}
    states = {name: name != "f3" for name in own.findings}
    assert order["f4"] == order["f4_digits"] < order["f2"] < order["f1"] and order["f3"] == 1

    def found(names):
        blank = findings.Finding("", "", "", "", "", "", "", [], [])
        told = findings.STATES
        return [blank._replace(name=name, state=told[states[name]]) for name in names]

    def first(names, count=3):
        return [finding.name for finding in findings.first(own, found(names), count)]

    assert first(sorted(own.findings)) == ["f4", "f2", "f1"]
    assert first(["f1", "f4_digits"]) == ["f4_digits", "f1"]  # the digits where there is no other
    assert first(["f9", "f3"]) == []


@pytest.fixture
def report(tmp_path):
    made_up.with_findings(tmp_path / "results")
    path = tmp_path / "report.html"
    path.write_text(made_up.page(made_up.record(tmp_path / "results")), encoding="utf-8")
    return path


def test_report_knows_which_results_changed_since(report, tmp_path):
    assert changed.changed(report) == []
    assert "#" not in changed.address(report)
    one, other = (tmp_path / "results" / "findings" / f"f{n}.json" for n in (1, 2))
    one.write_text(one.read_text("utf-8") + " ", "utf-8")
    other.unlink()
    assert set(changed.changed(report)) == {one.as_posix(), other.as_posix()}
    told = unquote(changed.address(report)).partition("#changed=")[2]
    assert set(told.split(",")) == {one.as_posix(), other.as_posix()}


def test_file_that_is_no_report_is_one_line(tmp_path):
    path = tmp_path / "other.html"
    path.write_text("<p>", encoding="utf-8")
    with pytest.raises(DataError, match=r"other\.html: not a report of this version: run make"):
        changed.changed(path)


FIRST = {"paper", "theory", "findings", "comparisons"}  # the studies that share 24 figures


def test_figures_are_few():
    counts = Counter(entry.study for entry in made_up.record("results").figures.values())
    assert sum(counts[study] for study in FIRST) <= 24
    assert {
        study: count for study, count in counts.items() if study not in FIRST and count > 3
    } == {}
