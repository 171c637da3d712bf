"""reported.load: the paper's files in our names and on our clock."""

from pathlib import Path

import pandas as pd
import pytest

from emmoe.errors import DataError
from emmoe.reported import COLUMNS, load, plotted

FOLDER = Path(__file__).parents[1] / "data" / "reported"


@pytest.fixture(scope="module")
def files():
    return [pd.read_csv(FOLDER / f"{name}.csv") for name in ("figures_1_2", "figure_3_table_2")]


def row(figure="1", panel="1a", algorithm="GD", metric="L_t-Lstar", iteration=1, value=0.5):
    return pd.DataFrame(
        {
            "figure": [figure], "panel": [panel], "algorithm": [algorithm], "metric": [metric],
            "iteration": [iteration], "value": [value], "low": [0.4], "high": [0.6],
            "read_uncertainty": [0.01],
        }
    )  # fmt: skip


def one(tidy, **values):
    """The single row with these values."""
    for column, value in values.items():
        tidy = tidy[tidy[column] == value]
    assert len(tidy) == 1
    return tidy.iloc[0]


def test_both_files_become_one_frame_that_keeps_every_row_and_value(files):
    tidy = load(*files)
    assert list(tidy.columns) == COLUMNS
    for column in ("value", "low", "high", "read_uncertainty"):
        raw = pd.concat([file[column] for file in files], ignore_index=True)
        pd.testing.assert_series_equal(tidy[column], raw)
    assert set(tidy["figure"]) == {"figure_1", "figure_2", "figure_3", "table_2"}
    assert set(tidy["algorithm"]) == {"em", "gradient_em", "gradient_descent"}
    assert set(tidy["source"]) == {"", "poster", "slides", "slides table (printed)"}


def test_reported_iteration_1_of_figures_1_and_2_is_our_start(files):
    tidy = load(*files)
    start = tidy[(tidy["iteration"] == 0) & tidy["figure"].isin(["figure_1", "figure_2"])]
    assert len(start) == 4 * 3
    # All algorithms share the start, and the figures' first points are the largest of all.
    assert (start.groupby("metric")["value"].nunique() == 1).all()
    wanted = {"figure": "figure_2", "algorithm": "em", "metric": "relative_error_w"}
    assert one(tidy, **wanted, iteration=2)["value"] == 0.4225  # reported iteration 3


def test_figure_3_and_table_2_are_not_shifted(files):
    tidy = load(*files)
    assert tidy[tidy["figure"] == "figure_3"]["iteration"].min() == 0
    wanted = {"algorithm": "em", "metric": "test_accuracy", "iteration": 10}
    assert one(tidy, **wanted, source="poster")["value"] == 0.6177
    assert one(tidy, **wanted, source="slides")["value"] == 0.5858
    assert set(tidy[tidy["figure"] == "table_2"]["iteration"]) == {100}
    assert one(tidy, figure="table_2", algorithm="em", metric="loss")["value"] == 0.827


def test_values_filled_in_between_points_are_marked(files):
    tidy = load(*files)
    filled = tidy["note"].str.contains("interpolated|= it 99")
    assert filled.sum() == 61
    pd.testing.assert_series_equal(tidy["interpolated"], filled, check_names=False)
    points = plotted(tidy, "figure_1")
    assert not points["interpolated"].any() and set(points["figure"]) == {"figure_1"}
    assert (points["iteration"] % 2 == 0).all() and points["iteration"].max() == 98
    assert points["value"].isna().any()  # off the log axis, but part of the plot


def test_a_tidy_frame_passes_unchanged(files):
    tidy = load(*files)
    pd.testing.assert_frame_equal(load(tidy), tidy)


@pytest.mark.parametrize("column", ["figure", "algorithm", "metric"])
def test_an_unknown_name_is_told_in_one_line(column):
    with pytest.raises(DataError, match=f"{column} 'Adam' is not one of") as error:
        load(row(**{column: "Adam"}))
    assert "\n" not in str(error.value)


def test_a_missing_column_is_told_in_one_line():
    with pytest.raises(DataError, match="no column high, low"):
        load(row().drop(columns=["low", "high"]))
