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
    """A step is chosen by its cost to the target only if some tuning run reached it; a rival that
    never reaches it in 16 runs of the comparison is not likely to have done so in five."""
    rows = kept(table)
    assert rows["fallback"].dtype == bool
    tuned = rows[rows["doublings"].notna() & (rows["success"] == 0)]
    assert tuned["fallback"].mean() > 0.5 if len(tuned) else True


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
