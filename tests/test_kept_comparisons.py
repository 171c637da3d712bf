"""The kept tables of comparisons: what a referee would ask of every choice of a step."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

from emmoe.evidence.verdicts import LOSS, OPEN, PER, WIN
from emmoe.jobs._kept import kept_seconds
from emmoe.record.cells import grid
from emmoe.record.read import load

ROOT = Path(__file__).parent.parent
RECORD = load([str(ROOT / "config.yaml")])
KEPT = ROOT / "results/reference/tables"
COUNTED = runpy.run_path(str(ROOT / "docs/counted.py"))
TUNED = [t for t in RECORD.tables.values() if t.module in ("comparison", "stopped_early")]
VERDICTS = [t for t in RECORD.tables.values() if t.module == "comparison_verdicts"]


def kept(table):
    return pd.read_csv(KEPT / f"{table.name}.csv")


@pytest.mark.parametrize("table", TUNED, ids=lambda table: table.name)
def test_no_tuned_choice_lies_on_an_edge_of_its_grid(table):
    rows = kept(table)
    at_edge = rows[rows["at_edge"]]
    assert at_edge[["contest", "cell", "rival", "doublings"]].to_numpy().tolist() == []


@pytest.mark.parametrize(
    "table", [t for t in TUNED if t.module == "comparison"], ids=lambda table: table.name
)
def test_choices_that_no_target_backs_are_marked(table):
    """Marked is a step that was chosen by the distance left, as none reached the target in tuning:
    in the comparison, too, such a rival seldom arrives, and of those that never do most are marked.
    A rival without a grid has nothing to choose."""
    rows = kept(table)
    tuned = rows[rows["doublings"].notna()]
    assert len(tuned) and rows["fallback"].dtype == bool
    assert not rows.loc[rows["doublings"].isna(), "fallback"].any()
    assert (tuned.loc[tuned["fallback"], "success"] <= 0.5).all()
    never = tuned[tuned["success"] == 0]
    assert never.empty or never["fallback"].mean() > 0.5


IMAGES = {"levels_digits": "fair_digits", "levels_fashion_mnist": "fair_fashion_mnist"}


@pytest.mark.parametrize(("name", "contest"), IMAGES.items())
def test_long_runs_are_on_tuning_samples_of_their_contest(name, contest):
    long, own = RECORD.experiments[name], RECORD.contests[contest]
    assert grid(long).first() == grid(own).first()  # on the key of which all samples rest
    assert (long.seed, long.start) == (own.seed, own.start)
    assert long.replicates <= own.replicates.tuning and long.iterations >= own.passes


@pytest.mark.parametrize(("name", "contest"), IMAGES.items())
def test_levels_of_images_are_within_reach_of_long_runs(name, contest):
    rows = kept(RECORD.tables[name])
    assert len(rows) == 2
    for target in RECORD.contests[contest].targets.values():
        ((what, level),) = target.items()
        reached = rows["cross_entropy"] <= level if what == "loss" else rows["accuracy"] >= level
        assert reached.any(), target


@pytest.mark.parametrize("table", VERDICTS, ids=lambda table: table.name)
def test_verdicts_are_stated_outcomes(table):
    rows = kept(table)
    assert not rows["verdict"].str.contains("nan", case=False).any()
    problems = rows[rows["contest"] != "all"]
    contests = {read.name for read in table.reads.values()}
    assert set(problems["contest"]) == contests
    full = problems[~problems["contest"].str.endswith("_small")]
    least = {"random_invert_fashion_mnist": 12}
    for dataset, part in full.groupby("dataset"):
        assert part["pairs"].min() >= least.get(dataset, 16), dataset


def test_every_variant_of_em_is_judged_wherever_another_is_and_once():
    rows = COUNTED["verdicts"](RECORD)
    assert not rows.duplicated(["contest", "cell", "target", "currency", "em"]).any()
    judged = rows.groupby(["contest", "cell", "target", "currency"])["em"].agg(set)
    (variants,) = {frozenset(found) for found in judged}
    assert variants == {"em", "em_loose", "em_newton", "em_inexact", "squarem"}


def test_variants_of_em_are_counted_by_law_of_data():
    outcomes = {"a": [WIN, WIN], "b": [LOSS, WIN], "c": [OPEN]}
    rows = [
        {"em": "em", "label": "EM", "currency": "passes", "data": data, "outcome_gd": one}
        for data, own in outcomes.items()
        for one in own
    ]
    found = COUNTED["em_variants"](pd.DataFrame(rows).assign(outcome_best=LOSS))
    assert found["laws"].tolist() == [3]
    assert found["gd"].tolist() == ["wins 1, wins and loses 1, undecided 1"]
    assert found["best"].tolist() == ["loses 3"]


@pytest.mark.parametrize(
    ("name", "currencies"), [("README.md", ["iteration", "passes"]), ("docs/results.md", list(PER))]
)
@pytest.mark.parametrize("em", ["em", "em_loose", "em_newton", "em_inexact", "squarem"])
def test_texts_have_a_row_for_every_variant_of_em(name, currencies, em):
    text = (ROOT / name).read_text(encoding="utf-8")
    rows = "".join(line for line in text.splitlines() if line.startswith("|"))
    for currency in currencies:
        assert f"em_variants.csv em={em} currency={currency} gd" in rows
        assert f"em_variants.csv em={em} currency={currency} best" in rows


@pytest.mark.parametrize(("name", "minutes"), [("", 60), ("fair_fashion_mnist", 30)])
def test_full_contests_took_no_more_cpu_time_than_promised(name, minutes):
    seconds = kept_seconds(KEPT.parent / "provenance.json").items()
    own = [s for at, s in seconds if at.startswith(f"contest/{name}") and not at.endswith("_small")]
    assert 0 < sum(own) <= 60 * minutes


@pytest.mark.parametrize("name", ["conclusions", "conclusions_small"])
def test_page_of_conclusions_has_eight_sentences_at_most_each_with_its_numbers(name):
    sentences = kept(RECORD.tables[name])["sentence"]
    assert 0 < len(sentences) <= 8
    assert sentences.str.contains(r"\d").all() and sentences.str.endswith(".").all()
    assert not sentences.str.contains("nan").any()
