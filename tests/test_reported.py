"""The claims table holds every reading once, in our names, and says what is wrong with a row."""

import numpy as np
import pandas as pd
import pytest
from workflow_helpers import ROOT

from emmoe.evidence.reported import closest, load, plotted
from emmoe.store.errors import DataError

SHARED = ROOT.parent / "shared" / "reported"
FIRST = {"1": 1, "2": 1, "fig3": 0, "table2": 0}  # the readings' iteration at the start
ALGORITHMS = {
    "GradEM": "gradient_em", "Gradient EM": "gradient_em", "EM": "em",
    "GD": "gradient_descent", "Gradient Descent": "gradient_descent",
}  # fmt: skip
METRICS = {
    "1a": "excess_loss_to_truth", "1b": "excess_loss_to_final",
    "2a": "relative_error_beta", "2b": "relative_error_w",
}  # fmt: skip
IMAGES = {"test accuracy": "test_accuracy", "cross entropy": "loss"}


def file():
    return pd.read_csv(ROOT / "data" / "reported" / "claims.csv")


def counted(claims):
    """The values that count in a test: neither filled in nor read twice."""
    counts = (claims["duplicate_of"] == "") & ~claims["interpolated"]
    return claims[counts & (claims["kind"] == "value")]


@pytest.fixture(scope="module")
def claims():
    return load(file())


def changed(line, column, value):
    """The file with another value in one cell of a line."""
    frame = file().astype(object)
    frame.loc[line - 2, column] = value
    return frame


@pytest.mark.skipif(not SHARED.is_dir(), reason="no readings beside the checkout")
def test_every_reading_is_a_claim_with_its_numbers_unchanged(claims):
    names = ("figures_1_2.csv", "figure_3_table_2.csv")
    raw = pd.concat([pd.read_csv(SHARED / name, dtype={"figure": str}) for name in names])
    images = raw["metric"].map(IMAGES)
    expected = pd.DataFrame(
        {
            "where": raw["panel"].map(lambda p: "table_2" if p == "table2" else f"figure_{p}"),
            "algorithm": raw["algorithm"].map(ALGORITHMS),
            "metric": images.fillna(raw["panel"].map(METRICS)),
            "iteration": raw["iteration"] - raw["figure"].map(FIRST),
            "poster": raw["source"] == "poster",
            **{name: raw[name] for name in ("value", "low", "high", "read_uncertainty")},
        }
    )
    ours = claims[claims["kind"].isin(["value", "bound"])].assign(
        poster=lambda frame: frame["source"] == "poster",
        value=lambda frame: frame["value"].where(frame["kind"] == "value"),  # else not readable
    )
    key = ["where", "algorithm", "metric", "iteration", "poster"]
    ours, expected = (
        frame[list(expected)].sort_values(key, ignore_index=True) for frame in (ours, expected)
    )
    assert len(expected) == 599
    pd.testing.assert_frame_equal(ours, expected, check_dtype=False)


def test_all_576_values_are_there_and_331_count(claims):
    assert (claims["kind"] == "value").sum() == 576
    found = counted(claims)
    assert len(found) == 331 and found["value"].notna().all()
    assert not found["interpolated"].any() and (found["duplicate_of"] == "").all()


def test_no_quantity_is_counted_twice(claims):
    # One start for all algorithms, one reading a plateau, poster or slides, table or figure.
    found = counted(claims)
    assert not found.duplicated(["metric", "algorithm", "iteration"]).any()
    starts = found[found["iteration"] == 0]
    assert set(starts["algorithm"]) == {"gradient_em"} and len(starts) == 6
    plateau = found[(found["where"] == "figure_2a") & (found["value"] == 0.0307)]
    assert not plateau["algorithm"].duplicated().any() and len(plateau) == 2


def test_a_duplicate_repeats_a_claim_that_counts(claims):
    by_id = claims.set_index("claim_id")
    copies = by_id[(by_id["duplicate_of"] != "") & (by_id["kind"] == "value")]
    origins = by_id.loc[copies["duplicate_of"]]
    assert set(origins.index) <= set(counted(claims)["claim_id"])
    assert (origins["metric"].to_numpy() == copies["metric"].to_numpy()).all()
    same = np.abs(origins["value"].to_numpy() - copies["value"].to_numpy())
    # The poster's runs are others; all else agrees within the reading.
    same = same[(copies["source"] != "poster").to_numpy()]
    uncertain = copies.loc[copies["source"] != "poster", "read_uncertainty"].to_numpy()
    assert len(same) > 100 and (same <= uncertain).all()


def test_filled_in_values_are_the_even_iterations_of_the_paper(claims):
    figures = claims["where"].isin(["figure_1a", "figure_1b", "figure_2a", "figure_2b"])
    readings = claims["kind"].isin(["value", "bound"])
    even = figures & readings & (claims["iteration"] % 2 == 1)  # the paper counts from 1
    pd.testing.assert_series_equal(claims["interpolated"], even, check_names=False)
    assert (even & (claims["kind"] == "value") & claims["note"].str.contains("interp")).sum() == 52


def test_spread_is_half_the_error_bar(claims):
    bars = claims[claims["low"].notna() & claims["high"].notna()]
    half = (bars["high"] - bars["low"]) / 2
    np.testing.assert_allclose(bars["spread"], half, rtol=1e-5)
    assert len(bars) > 450


def test_reported_iteration_1_of_figures_1_and_2_is_our_start(claims):
    by_id = claims.set_index("claim_id")
    assert by_id.loc["figure_2b_em_2", "value"] == 0.4225  # reported iteration 3
    assert by_id.loc["figure_3a_em_10_poster", "value"] == 0.6177  # not shifted
    assert by_id.loc["table2_em_cross_entropy", ["value", "iteration"]].tolist() == [0.827, 100]


def test_points_of_a_plot_are_readings_and_bounds(claims):
    points = plotted(claims, "figure_1")
    assert set(points["kind"]) == {"value", "bound"} and not points["interpolated"].any()
    assert set(points["where"]) == {"figure_1a", "figure_1b"}
    assert (points["iteration"] % 2 == 0).all() and points["iteration"].max() == 98


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("value", "high", "line 7: value: 'high' is not of type 'number'"),
        ("value", np.inf, "line 7: value: 'inf' is not of type 'number'"),
        ("value", np.nan, "line 7: 'value' is a required property"),
        ("kind", "claim", "line 7: kind: 'claim' is not one of"),
        ("iteration", -1, "line 7: iteration: -1.0 is less than the minimum"),
        ("iteration", 101, "line 7: iteration: 101.0 is greater than the maximum of 100"),
        ("interpolated", "maybe", "line 7: interpolated: 'maybe' is not of type 'boolean'"),
        ("claim_id", "figure_2b_em_2", "is also on line"),
        ("duplicate_of", "figure_2b_em_1", "line 7: duplicate_of: no claim 'figure_2b_em_1'"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(column, value, message):
    with pytest.raises(DataError, match=message) as error:
        load(changed(7, column, value))
    assert "\n" not in str(error.value) and "data/reported/claims.csv" in str(error.value)


@pytest.mark.parametrize(
    ("claim", "value", "said"),
    [
        ("figure_3a_em_30_slides", 1.2, "value: 1.2 is greater than the maximum of 1"),
        ("figure_2a_em_2", 0.0, "value: 0.0 is less than or equal to the minimum of 0"),
    ],
)
def test_a_reading_outside_its_axis_is_named_by_its_line(claim, value, said):
    line = list(file()["claim_id"]).index(claim) + 2
    with pytest.raises(DataError, match=f"line {line}: {said}"):
        load(changed(line, "value", value))


def test_a_missing_column_is_told_in_one_line():
    with pytest.raises(DataError, match="see 'low'"):
        load(file().drop(columns="low"))


def test_the_closest_claims_are_named():
    assert "figure_2a_em_10" in closest("figure_2a_em_100", ["figure_2a_em_10", "a", "b", "c"])
