"""Table 2's content and order, and the two forms in which a table is saved."""

import numpy as np
import pandas as pd
import pytest
from workflow_helpers import ROOT

from emmoe.store import files
from emmoe.store.errors import DataError
from emmoe.tables import table_2
from emmoe.tables._shared import write

CURVES = {"gradient_descent": "gradient descent", "em": "EM", "em_solved": "EM, solved"}


def summary():
    """Accuracy and loss that differ in every entry; em_solved ends earlier, on fewer runs."""
    rows = []
    for k, fitter in enumerate(["em", "gradient_em", "gradient_descent", "em_solved"]):
        last, runs = (20, 3) if fitter == "em_solved" else (100, 25)
        for metric, value in [("test_accuracy", 0.5), ("loss", 1.5), ("test_cross_entropy", 9.0)]:
            for t in (0, last):
                mean = value + 0.1 * k + 0.001 * t
                rows.append(["x", "all", fitter, metric, t, mean, mean / 10, runs])
    columns = ["experiment", "cell", "fitter", "metric", "iteration", "mean", "std", "replicates"]
    return pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=0)


def printed():
    claims = pd.read_csv(ROOT / "data" / "reported" / "claims.csv")
    names = ["table2_em_accuracy", "table2_em_cross_entropy"]
    # The slides' curve at iteration 100 must not stand in for the printed table.
    return claims[
        claims["claim_id"].isin([*names, "figure_3a_gradient_descent_100_slides"])
    ].assign(duplicate_of=np.nan)


def test_rows_follow_the_curves_and_hold_the_last_iteration():
    table = table_2.build(summary=summary(), reported=printed(), curves=CURVES)
    assert list(table.columns) == table_2.COLUMNS
    assert list(table["algorithm"]) == ["gradient_descent", "em", "em_solved"]
    np.testing.assert_allclose(table["accuracy"], [0.8, 0.6, 0.82])
    np.testing.assert_allclose(table["cross_entropy"], [1.8, 1.6, 1.82])
    np.testing.assert_allclose(table["accuracy_std"], [0.08, 0.06, 0.082])
    np.testing.assert_allclose(table["cross_entropy_std"], [0.18, 0.16, 0.182])
    assert list(table["iterations"]) == [100, 100, 20]
    assert list(table["replicates"]) == [25, 25, 3]


def test_reported_values_are_the_printed_ones_and_empty_without():
    table = table_2.build(summary=summary(), reported=printed(), curves=CURVES)
    np.testing.assert_array_equal(table["reported_accuracy"], [np.nan, 0.785, np.nan])
    np.testing.assert_array_equal(table["reported_cross_entropy"], [np.nan, 0.827, np.nan])
    alone = table_2.build(summary=summary(), curves=CURVES)
    assert alone[["reported_accuracy", "reported_cross_entropy"]].isna().all(axis=None)
    rest = [c for c in table_2.COLUMNS if not c.startswith("reported")]
    pd.testing.assert_frame_equal(alone[rest], table[rest])


@pytest.mark.parametrize("lost", ["test_accuracy", "loss"])
def test_a_fitter_without_a_value_is_told_in_one_line(lost):
    table = summary()
    table = table[(table["fitter"] != "em") | (table["metric"] != lost)]
    with pytest.raises(DataError, match="'em'"):
        table_2.build(summary=table, curves=CURVES)


FRAME = pd.DataFrame(
    {"name": ["a|b", "c"], "value": [1 / 3, np.nan], "large": [1234567.0, 2.5], "count": [3, 12]}
)


def test_csv_has_six_digits_and_markdown_four(tmp_path):
    for suffix, content in write.contents(FRAME, None).items():
        files.write(content, tmp_path / f"t.{suffix}")
    csv = "name,value,large,count\na|b,0.333333,1.23457e+06,3\nc,,2.5,12\n"
    assert (tmp_path / "t.csv").read_bytes() == csv.encode()
    assert (tmp_path / "t.md").read_text().splitlines() == [
        "| name | value | large | count |",
        "| --- | ---: | ---: | ---: |",
        r"| a\|b | 0.3333 | 1.235e+06 | 3 |",
        "| c |  | 2.5 | 12 |",
    ]
