"""The kept tables of comparisons: what a referee would ask of every choice of a step."""

from pathlib import Path

import pandas as pd
import pytest

from emmoe.record.read import load

ROOT = Path(__file__).parent.parent
RECORD = load([str(ROOT / "config.yaml")])
KEPT = ROOT / "results/reference/tables"
TUNED = [t for t in RECORD.tables.values() if t.module in ("comparison", "stopped_early")]


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


@pytest.mark.parametrize(
    "table",
    [t for t in RECORD.tables.values() if t.module == "comparison_verdicts"],
    ids=lambda table: table.name,
)
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
