"""The summary's numbers are those of plain numpy over the runs that have the iteration."""

import numpy as np
import pandas as pd
import pytest

from emmoe.evidence import summary

METRICS = ("loss", "excess_loss_to_final", "passes", "test_accuracy")
LENGTHS = {0: 4, 1: 4, 2: 2}  # replicate -> rows; replicate 2 ends early


def loss(fitter, replicate):
    """A run's losses."""
    scale = {"em": 1.0, "gradient_descent": 3.0}[fitter]
    return scale * (1 + replicate) ** 2 / (1.0 + np.arange(LENGTHS[replicate]))


def traces():
    """Two fitters, two cells (the second with losses raised by 10), rows in no order."""
    parts = []
    for fitter in ("em", "gradient_descent"):
        for cell, offset in (("n1", 0.0), ("n2", 10.0)):
            for replicate in LENGTHS:
                values = loss(fitter, replicate) + offset
                row = {"experiment": "e", "cell": cell, "fitter": fitter, "replicate": replicate}
                row |= {"iteration": np.arange(len(values)), "loss": values}
                row |= {"passes": np.arange(len(values), dtype=float), "status": "converged"}
                parts.append(pd.DataFrame(row | {"test_accuracy": np.nan}))
    return pd.concat(parts).sample(frac=1, random_state=1)


@pytest.fixture
def table():
    return summary.summarise(traces(), METRICS)


def pick(table, metric, iteration, fitter="em", cell="n1"):
    """Return the one row of a metric."""
    row = table[
        (table["metric"] == metric)
        & (table["iteration"] == iteration)
        & (table["fitter"] == fitter)
        & (table["cell"] == cell)
    ]
    assert len(row) == 1
    return row.iloc[0]


@pytest.mark.parametrize("iteration", [0, 1, 2, 3])
@pytest.mark.parametrize("fitter", ["em", "gradient_descent"])
@pytest.mark.parametrize(("cell", "offset"), [("n1", 0.0), ("n2", 10.0)])
def test_mean_std_and_count_are_numpys(table, iteration, fitter, cell, offset):
    present = [r for r, length in LENGTHS.items() if iteration < length]
    values = np.array([loss(fitter, r)[iteration] + offset for r in present])
    row = pick(table, "loss", iteration, fitter, cell)
    assert row["mean"] == pytest.approx(values.mean(), rel=1e-14)
    assert row["std"] == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert row["replicates"] == len(values)


def test_run_that_ended_early_is_not_carried_forward(table):
    counts = [pick(table, "loss", t)["replicates"] for t in range(4)]
    assert counts == [3, 3, 2, 2]


def test_excess_loss_to_final_is_above_each_runs_own_last_loss(table):
    for iteration in range(4):
        present = [r for r, length in LENGTHS.items() if iteration < length]
        excess = [loss("em", r)[iteration] - loss("em", r)[-1] for r in present]
        for cell in ("n1", "n2"):
            row = pick(table, "excess_loss_to_final", iteration, cell=cell)
            assert row["mean"] == pytest.approx(np.mean(excess), abs=1e-13)


def test_single_run_has_no_std():
    one = traces()[lambda frame: frame["replicate"] == 0]
    row = pick(summary.summarise(one, METRICS), "loss", 2)
    assert np.isnan(row["std"]) and row["replicates"] == 1


def test_metric_without_values_has_no_rows(table):
    assert set(table["metric"]) == {"loss", "passes", "excess_loss_to_final"}


def test_missing_value_leaves_its_run_out_of_that_metric_alone():
    frame = traces().reset_index(drop=True)
    at = frame.query("replicate == 1 and iteration == 0").index
    frame.loc[at, "loss"] = np.nan
    table = summary.summarise(frame, METRICS)
    assert pick(table, "loss", 0)["replicates"] == 2
    assert pick(table, "passes", 0)["replicates"] == 3


def test_summary_does_not_depend_on_the_order_of_the_rows(table):
    shuffled = traces().sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(summary.summarise(shuffled, METRICS), table, check_exact=True)


def test_curve_of_a_fitter_does_not_depend_on_the_others(table):
    alone = summary.summarise(traces()[lambda frame: frame["fitter"] == "em"], METRICS)
    same = table[table["fitter"] == "em"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, same, check_exact=True)
