"""The sweeps' tables hold, cell by cell, what a plain computation from the runs gives."""

import io

import numpy as np
import pandas as pd
import pytest
from sweep_helpers import CURVES, cell, plane, runs_of

from emmoe.store import files
from emmoe.store.errors import DataError
from emmoe.tables import (
    certificate,
    certificate_failures,
    error_floor,
    iterations_compared,
    rate_agreement,
    rates,
    rates_by_rho,
    spurious_minima,
)
from emmoe.tables._shared import runs, write
from emmoe.theory import population_blocks

KEY = ["model", "angle", "norm_beta", "norm_w", "fitter"]


def table_of(frame, **options):
    return rates.build(runs=frame, **({"curves": {}} | options))


def only_row(frame, **options):
    table = table_of(frame, **options)
    assert len(table) == 1
    return table.iloc[0]


def test_rates_have_one_row_a_cell_and_fitter_whatever_the_order_of_the_runs():
    linear = plane("symmetric_linear", [0.5, 2], [1, 4], replicates=3)
    logistic = runs_of(cell("symmetric_logistic", beta=2.0, w=3.0), 4)
    table = rates.build(curves={}, linear=linear, logistic=logistic)
    assert list(table.columns) == rates.COLUMNS
    assert len(table) == 9 and not table.duplicated(KEY).any()
    assert table[KEY].equals(table.sort_values(KEY, kind="stable")[KEY])
    mixed = [frame.sample(frac=1, random_state=3) for frame in (logistic, linear)]
    again = rates.build(curves={}, a=mixed[0], b=mixed[1])
    pd.testing.assert_frame_equal(table, again)


def test_rates_show_the_fitters_of_the_curves_in_their_order():
    frame = plane("symmetric_linear", [0.5], [1, 4], replicates=2)
    reverse = dict(reversed(CURVES.items()))
    assert list(table_of(frame, curves=reverse)["fitter"]) == list(reverse) * 2
    assert set(table_of(frame, curves={"em": "EM"})["fitter"]) == {"em"}


def test_population_rate_is_the_theory_s_and_missing_where_there_is_none():
    frames = [runs_of(cell(angle=angle), 2) for angle in (45.0, 90.0)]
    frames += [runs_of(cell(angle=45.0), 2).assign(angle="random", cell="r")]
    frames += [runs_of(cell(d=2), 2), runs_of(cell(w=2.0), 2).assign(norm_w=1000.0, cell="far")]
    table = table_of(pd.concat(frames))
    for row in table.itertuples():
        if row.angle == "random" or row.d == 2 or row.norm_w == 1000:
            assert np.isnan(row.rho_population) and np.isnan(row.gap_population)
        else:
            blocks = population_blocks(row.model, row.norm_beta, row.norm_w, row.angle)
            assert (row.rho_population, row.gap_population) == (blocks.rate, blocks.gap)
    assert list(table["angle"].astype(str)) == ["45.0", "45.0", "45.0", "90.0", "random"]


def test_population_rate_depends_on_the_experts_norm_in_units_of_the_noise():
    where = cell(beta=3.0)
    noisy = runs_of(where, 3).assign(noise_sd=3.0)
    found = rates.build(curves=CURVES, noisy=noisy)["rho_population"]
    assert found.iloc[0] == population_blocks("symmetric_linear", 1.0, 2.0, 45.0).rate


def test_medians_of_rates_are_over_runs_with_a_rate_towards_theta_hat():
    frame = runs_of(cell(), 6, success=1)
    frame["rate"] = [0.5, 0.6, 0.9, 0.2, np.nan, 0.7]
    frame["rate_predicted"] = [0.5, 0.6, 0.8, 0.2, 0.1, 0.75]
    frame["rho_hat"] = [0.4, 0.5, 0.6, 0.7, np.nan, 0.1]
    frame["recovery_error"] = [0.1, 0.2, 0.9, 0.3, np.nan, 0.4]
    frame["entry"] = [3.0, 4.0, 5.0, np.nan, 5.0, 6.0]  # the fourth converged to another point
    frame["outcome"] = ["optimum", "optimum", "capped", "elsewhere", "optimum", "optimum"]
    row = only_row(frame)
    assert (row["resolved"], row["unresolved"]) == (4, 1)
    assert row["rate_median"] == pytest.approx(0.65)
    assert row["gap_rate_median"] == pytest.approx(0.35)
    assert row["rate_predicted_median"] == pytest.approx(0.675)
    assert row["recovery_error_median"] == 0.3
    assert row["rho_hat_median"] == 0.5 and row["gap_hat_median"] == 0.5


def test_a_gap_near_0_keeps_its_digits_in_the_saved_table(tmp_path):
    frame = runs_of(cell(), 3, success=1).assign(rho_hat=1 - 1.2345e-7)
    files.write(write.contents(table_of(frame), None)["csv"], tmp_path / "t.csv")
    read = pd.read_csv(tmp_path / "t.csv").iloc[0]
    assert read["gap_hat_median"] == pytest.approx(1.2345e-7, rel=1e-5)


def wilson(successes, n, z=1.959963984540054):
    middle = (successes + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(successes * (n - successes) / n + z**2 / 4)
    return middle - half, middle + half


@pytest.mark.parametrize("successes", [0, 3, 8])
def test_success_is_a_share_of_the_runs_with_an_optimum_with_wilson_s_interval(successes):
    frame = runs_of(cell(), 12, success=1)
    ends = ["optimum"] * successes + ["elsewhere"] * (8 - successes)
    frame["outcome"] = [*ends, None, None, "undefined", "undefined"]
    frame.loc[8:9, "status"] = "skipped"
    row = only_row(frame)
    assert (row["replicates"], row["successes"], row["skipped"]) == (12, successes, 2)
    assert row["undefined"] == 2
    assert row["success"] == successes / 8
    interval = row["success_low"], row["success_high"]
    np.testing.assert_allclose(interval, wilson(successes, 8), atol=1e-12)


def test_a_cell_that_was_skipped_altogether_has_no_share_and_no_median():
    frame = runs_of(cell(), 2).assign(status="skipped", outcome=None)
    row = only_row(frame.assign(iterations_to_tolerance=np.nan))
    assert row[["success", "success_low", "iterations_to_tolerance_median"]].isna().all()
    assert row["skipped"] == 2 and row["censored"] == 0 and not row["censored_median"]


def test_runs_that_end_below_the_optimum_near_the_truth_are_successes_and_counted():
    frame = runs_of(cell(), 4, success=1)
    frame["loss_gap"] = [0.0, -1e-12, -2e-6, -0.1]
    row = only_row(frame)
    assert (row["successes"], row["below"]) == (4, 2)


def test_outcomes_and_separable_runs_are_counted_apart():
    frame = runs_of(cell(), 8)
    frame["outcome"] = ["elsewhere"] * 2 + ["other"] + ["capped"] * 2 + ["undefined"] * 3
    frame["status"] = ["converged"] * 5 + ["separable"] * 2 + ["diverged"]
    row = only_row(frame)
    counted = row[["elsewhere", "other", "capped", "undefined", "separable", "successes"]]
    assert list(counted) == [2, 1, 2, 3, 2, 0]


@pytest.mark.parametrize(
    ("iterations", "median", "censored"),
    [
        ([30, 10, 20], 20, 0),
        ([30, 10, np.nan], 30, 1),  # not 20: the missing one is above all others
        ([10, 20, np.nan, np.nan], np.nan, 2),  # between 20 and a censored one
        ([10, 20, 30, np.nan], 25, 1),
        ([np.nan, np.nan, 10], np.nan, 2),
    ],
)
def test_a_censored_run_counts_as_above_all_others(iterations, median, censored):
    frame = runs_of(cell(), len(iterations)).assign(iterations_to_tolerance=iterations)
    row = only_row(frame)
    np.testing.assert_equal(row["iterations_to_tolerance_median"], median)
    assert row["censored_median"] == np.isnan(median) and row["censored"] == censored


def test_angles_read_from_text_are_numbers_again():
    frame = pd.concat([runs_of(cell(angle=5.0), 1), runs_of(cell(angle=45.0), 1)])
    text = io.StringIO(frame.to_csv(index=False))
    assert list(table_of(pd.read_csv(text))["angle"]) == [5.0, 45.0]
    mixed = frame.assign(angle=["random", "45.0"])
    assert list(runs.angles(mixed["angle"])) == ["random", 45.0]


@pytest.mark.parametrize("module", [rates, rate_agreement, certificate, spurious_minima])
def test_a_missing_column_or_fitter_is_told_in_one_line(module):
    frame = runs_of(cell(), 2)
    column = module.NEEDS[-1]
    with pytest.raises(DataError, match=f"linear: no column '{column}'"):
        module.build(linear=frame.drop(columns=column), curves={})
    with pytest.raises(DataError, match="linear: no run of the fitters newton"):
        module.build(linear=frame, curves={"newton": "Newton"})


def agreement_of(frame):
    table = rate_agreement.build(runs=frame, curves={})
    assert len(table) == 1
    return table.iloc[0]


def test_agreement_is_the_difference_of_log10_rates_of_the_resolved_runs():
    frame = runs_of(cell(), 4, success=1).assign(rho_hat=0.5)
    frame["rate"] = [0.5, 0.5, 0.5, np.nan]
    frame["rate_predicted"] = [0.5 * 10**-0.001, 0.5 * 10**0.007, 0.5 * 10**0.002, 0.5]
    frame["curve_gap"] = [1e-5, 5e-5, 2e-5, 9.0]
    frame["defect_slope"] = [1.9, 2.0, 2.1, 2.2]
    row = agreement_of(frame)
    assert row["rate_gap_max"] == pytest.approx(0.007)
    assert row["rate_gap_median"] == pytest.approx(0.002)
    assert (row["curve_gap_max"], row["curve_gap_median"]) == (5e-5, 2e-5)
    assert (row["resolved"], row["unresolved"], row["resolved_share"]) == (3, 1, 0.75)
    assert row["defect_slope_median"] == pytest.approx(2.05)
    slopes = row["defect_slope_low"], row["defect_slope_high"]
    np.testing.assert_allclose(slopes, np.quantile(frame["defect_slope"], [0.05, 0.95]))


def test_resolved_share_is_of_converged_runs_with_informative_rho():
    frame = runs_of(cell(), 5, success=1)
    frame["rho_hat"] = [0.5, 0.96, 0.04, 0.5, 0.5]
    frame["rate"] = frame["rate_predicted"] = [np.nan, 0.96, 0.04, 0.5, 0.5]
    frame["status"] = ["converged"] * 4 + ["max_iterations"]
    frame["outcome"] = ["optimum"] * 4 + ["capped"]
    row = agreement_of(frame)
    assert (row["informative"], row["resolved_share"]) == (2, 0.5)
    assert (row["runs"], row["optimum"], row["resolved"]) == (5, 4, 4)


def test_agreement_has_a_row_a_model_and_fitter_in_the_order_of_the_curves():
    linear = plane("symmetric_linear", [1], [1], replicates=2)
    logistic = plane("symmetric_logistic", [2], [3], replicates=2)
    table = rate_agreement.build(curves=CURVES, a=logistic, b=linear)
    assert list(table["fitter"]) == [*CURVES, *CURVES]
    assert list(table["model"]) == ["symmetric_linear"] * 2 + ["symmetric_logistic"] * 2


def certificate_of(frame):
    return certificate.build(runs=frame, curves={}).iloc[0]


def test_certificate_takes_the_worst_of_em_s_runs():
    frame = plane("symmetric_linear", [1], [1, 2], replicates=4)
    em = frame[frame["fitter"] == "em"]
    row = certificate_of(frame)
    assert (row["runs"], row["runs_unchecked"]) == (8, 0)
    assert row["steps"] == em["mirror_steps"].sum()
    for name in ("mirror_residual", "identity_1", "identity_2"):
        assert row[f"{name}_max"] == em[name].max()
    for name in certificate.CONTROLS:
        assert row[f"{name}_min"] == em[name].min()
    assert (row["runs_failing"], row["controls_passing"]) == (0, 0)


def test_certificate_counts_runs_that_fail_controls_that_pass_and_runs_not_checked():
    frame = runs_of(cell(), 6)
    frame.loc[:1, "mirror_residual"] = 1.1e-8
    frame.loc[2, "control_no_step"] = 1e-9
    frame.loc[3, ["control_half_step", "control_gradient_step"]] = 1e-12  # one run, two controls
    frame.loc[4, ["mirror_residual", "mirror_steps"]] = np.nan
    frame.loc[5, "status"] = "skipped"
    row = certificate_of(frame)
    assert (row["runs"], row["runs_failing"], row["controls_passing"]) == (5, 2, 2)
    assert (row["runs_unchecked"], row["identities_failing"]) == (1, 0)
    frame.loc[2, "mirror_residual"] = np.nan  # steps were checked: a failure, not a gap
    frame.loc[3, "identity_2"] = np.nan
    frame.loc[0, "identity_1"] = 1.1e-13
    row = certificate_of(frame)
    assert (row["runs_failing"], row["identities_failing"]) == (3, 2)


def test_certificate_keeps_runs_whose_estimate_goes_to_infinity_apart():
    frame = runs_of(cell(), 3)
    frame.loc[1, ["status", "mirror_residual"]] = ["separable", 1e-7]
    table = certificate.build(runs=frame, curves={})
    assert list(table["estimate"]) == ["finite", "infinite"]
    assert list(table["runs"]) == [2, 1] and list(table["runs_failing"]) == [0, 1]


def test_certificate_has_a_row_an_experiment_and_model():
    one = runs_of(cell(), 2)
    two = runs_of(cell("symmetric_logistic"), 2)
    table = certificate.build(curves={}, a=two, b=one, c=one.assign(experiment="again"))
    assert list(table["experiment"]) == ["again", "sweep", "sweep"]
    assert list(table["model"]) == ["symmetric_linear", "symmetric_linear", "symmetric_logistic"]


def minima_of(frame):
    return spurious_minima.build(runs=frame, curves={})


def test_spurious_minima_are_verified_one_by_one():
    frame = runs_of(cell(), 5, success=0)
    frame.loc[1, "limit_gradient"] = 2e-10
    frame.loc[2, "limit_curvature"] = -1e-9
    frame.loc[3, "outcome"] = "other"
    table = minima_of(frame)
    assert sorted(table["replicate"]) == [0, 4]
    assert list(table["cases"]) == [2, 2] and list(table["runs"]) == [5, 5]
    assert list(table.columns) == spurious_minima.COLUMNS


def test_spurious_minima_are_the_40_of_the_largest_loss_gap():
    frame = pd.concat([runs_of(cell(w=w), 30, seed=int(w), success=0) for w in (2.0, 4.0)])
    table = minima_of(frame.sample(frac=1, random_state=2))
    assert len(table) == 40 and set(table["cases"]) == {30}
    expected = frame["loss_gap"].sort_values(ascending=False).head(40)
    np.testing.assert_array_equal(table["loss_gap"], expected)


def test_no_spurious_minimum_is_an_empty_table():
    table = minima_of(runs_of(cell(), 3, success=1))
    assert table.empty and list(table.columns) == spurious_minima.COLUMNS


def test_runs_without_a_rate_are_counted_by_reason_and_by_how_slow_em_is():
    frame = plane("symmetric_linear", [0.5, 2], [1, 4], replicates=20)
    cells = table_of(frame)
    table = rates_by_rho.build(curves={}, rates=cells)
    assert list(table.columns) == rates_by_rho.COLUMNS
    assert table["runs"].sum() == len(frame) and table["cells"].sum() == len(cells)
    for row in table.itertuples():
        inside = cells["rho_population"].between(row.rho_from, row.rho_to, inclusive="left")
        part = cells[inside & (cells["fitter"] == row.fitter) & (cells["angle"] == row.angle)]
        assert row.resolved == part["resolved"].sum() and row.elsewhere == part["elsewhere"].sum()
        counts = [getattr(row, reason) for reason in ("resolved", *rates_by_rho.REASONS)]
        assert sum(counts) == row.runs
        assert row.rho_hat_min == part["rho_hat_median"].min()
        ratio = (1 - part["rate_median"]) / (1 - part["rho_population"])
        assert row.gap_ratio_median == pytest.approx(ratio.median())


def test_cells_without_a_population_rate_and_with_one_of_1_have_their_bins(recwarn):
    cells = table_of(pd.concat([runs_of(cell(d=2), 2), runs_of(cell(d=5), 2)]))
    cells.loc[cells["d"] == 5, ["rho_population", "gap_population"]] = [1.0, 0.0]
    table = rates_by_rho.build(curves={}, rates=cells)
    assert table["rho_to"].tolist()[0] == 1.0 and np.isnan(table["rho_to"].tolist()[1])
    assert table["gap_ratio_median"].isna().all() and not recwarn.list


def test_cells_that_gradient_descent_never_ends_in_count_as_infinite():
    cells = table_of(plane("symmetric_linear", [0.5, 2], [1, 4], replicates=3))
    em, gd = cells["fitter"] == "em", cells["fitter"] == "gradient_descent"
    cells.loc[em, "iterations_to_tolerance_median"] = [10.0, 10, 10, np.nan]
    cells.loc[gd, "iterations_to_tolerance_median"] = [15.0, np.nan, 40, 20]
    cells["censored_median"] = cells["iterations_to_tolerance_median"].isna()
    names = {"one": "em", "other": "gradient_descent"}
    (row,) = iterations_compared.build(curves={}, rates=cells, **names).itertuples()
    assert (row.cells, row.one_arrives, row.other_arrives, row.both_arrive) == (4, 3, 3, 2)
    assert row.ratio_both == 2.75 and row.ratio == 4.0 and row.ratio_max == 4.0
    cells.loc[gd, "censored_median"] = True
    (row,) = iterations_compared.build(curves={}, rates=cells, **names).itertuples()
    assert row.ratio == np.inf and np.isnan(row.ratio_both)


def test_failures_of_the_certificate_are_its_failing_runs():
    frame = plane("symmetric_linear", [0.5, 2], [1, 4], replicates=20)
    frame.loc[[3, 7], "mirror_residual"] = [1e-7, 1e-6]
    frame = frame.assign(loss=1.0, gradient_norm=1e-12)
    failures = certificate_failures.build(curves={}, runs=frame)
    assert list(failures["mirror_residual"]) == [1e-6, 1e-7]
    counted = certificate.build(curves={}, runs=frame)["runs_failing"].sum()
    assert len(failures) == counted == 2


def test_slopes_of_the_error_floor_are_those_of_a_power_law():
    rng, rows = np.random.default_rng(0), []
    for d in (5, 10):
        for n in (1000, 2000, 4000, 8000):
            frame = runs_of(cell(n=n, d=d), 40, success=1.0)
            rows.append(frame.assign(recovery_error=np.exp(0.1 * rng.normal(size=40)) * d / n**0.6))
    table = error_floor.build(runs=pd.concat(rows), curves={})
    assert list(table["points"]) == [4, 2, 4, 2, 2, 2, 2, 2]
    by_n, by_d = table[table["against"] == "n"], table[table["against"] == "d"]
    assert ((by_n["slope"] + 0.6).abs() < 3 * by_n["error"]).all()
    assert ((by_d["slope"] - 1.0).abs() < 3 * by_d["error"]).all()
    assert by_n["z"].iloc[0] == pytest.approx((by_n["slope"] + 0.5).iloc[0] / by_n["error"].iloc[0])
