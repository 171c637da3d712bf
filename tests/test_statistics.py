"""The max|z| test of a curve, against closed forms and by Monte Carlo."""

import numpy as np
import pytest
from scipy import stats

from emmoe.evidence.statistics import curve_test, curve_z, shrunk_correlation

NAN = np.nan


def normals(rng, m, k, rho=0.0, std=1.0):
    """m curves of k readings whose correlation falls like rho^|i - j|."""
    correlation = rho ** np.abs(np.subtract.outer(range(k), range(k)))
    return std * (rng.standard_normal((m, k)) @ np.linalg.cholesky(correlation).T)


def rejections(m1, m2, k, rho, level, trials=400, uncertainty=0.05, known=True):
    """The share of agreeing pairs of experiments that the test rejects."""
    rng, rejected, std = np.random.default_rng(3), 0, np.linspace(1, 3, k)
    for _ in range(trials):
        theirs, ours = normals(rng, m1, k, rho, std), normals(rng, m2, k, rho, std)
        read = theirs.mean(axis=0) + uncertainty * rng.standard_normal(k)
        spread = theirs.std(axis=0, ddof=1) if known else np.full(k, NAN)
        tested = curve_test(
            ours, read, spread, np.full(k, uncertainty), m1, rng=rng, level=level, draws=800
        )
        rejected += not tested.met
    return rejected / trials


@pytest.mark.parametrize("known", [True, False], ids=["spread read", "spread unknown"])
@pytest.mark.parametrize(("k", "rho"), [(3, 0.9), (20, 0.97), (8, 0.0)])
def test_agreeing_curves_are_rejected_at_about_the_level(k, rho, known):
    assert 0.02 < rejections(50, 50, k, rho, 0.05, known=known) < 0.09


@pytest.mark.parametrize("rho", [0.0, 0.95])
def test_with_four_replicates_agreeing_curves_are_rejected_no_more_often_than_the_level(rho):
    assert rejections(25, 4, 6, rho, 0.05) < 0.05


def test_a_shift_of_two_standard_errors_a_reading_is_seen_at_twenty_readings_not_at_one():
    rng = np.random.default_rng(0)
    ours = normals(rng, 4000, 20)
    theirs, std = np.full(20, 4.0 / np.sqrt(50)), np.ones(20)
    assert not curve_test(ours, theirs, std, np.zeros(20), 50, rng=rng).met
    few = curve_test(ours[:, :1], theirs[:1] / 4, std[:1], np.zeros(1), 50, rng=rng)
    assert few.met and few.p_value > 0.05


def test_critical_value_of_independent_readings_is_sidaks():
    rng = np.random.default_rng(1)
    tested = curve_test(
        normals(rng, 5000, 5), np.zeros(5), np.ones(5), np.zeros(5), 10**6, rng=rng, draws=40000
    )
    assert tested.critical == pytest.approx(stats.norm.ppf((1 + 0.95 ** (1 / 5)) / 2), rel=0.02)


def test_critical_value_of_one_reading_with_an_exact_report_is_students():
    rng = np.random.default_rng(2)
    for m2 in (4, 10):
        tested = curve_test(
            normals(rng, m2, 1), np.zeros(1), np.zeros(1), np.zeros(1), 50, rng=rng, draws=40000
        )
        assert tested.critical == pytest.approx(stats.t.ppf(0.975, m2 - 1), rel=0.04)


def test_p_value_of_one_reading_with_an_exact_report_is_students():
    rng = np.random.default_rng(5)
    ours = normals(rng, 8, 1)
    reported = ours.mean(axis=0) + 0.7
    tested = curve_test(ours, reported, np.zeros(1), np.zeros(1), 50, rng=rng, draws=40000)
    assert tested.p_value == pytest.approx(
        stats.ttest_1samp(ours[:, 0], reported[0]).pvalue, abs=0.01
    )


def test_participation_counts_independent_readings():
    rng = np.random.default_rng(4)
    one = normals(rng, 500, 1) @ np.ones((1, 6))
    six = normals(rng, 5000, 6)
    zeros, std = np.zeros(6), np.ones(6)
    assert curve_test(one, zeros, std, zeros, 50, rng=rng).participation == pytest.approx(1)
    assert curve_test(six, zeros, std, zeros, 50, rng=rng).participation == pytest.approx(
        6, rel=0.02
    )
    # Reading errors are independent: they make curves that move as one count for more.
    blurred = curve_test(one, zeros, std, np.full(6, 10.0), 50, rng=rng)
    assert blurred.participation == pytest.approx(6, rel=0.02)


def test_z_is_the_difference_over_the_root_of_the_sum_of_variances():
    z = curve_z(
        np.array([1.0, 1.0]), np.array([0.3, 0.3]), 9, np.array([0.5, 0.5]),
        np.array([0.4, NAN]), np.array([0.1, 0.1]), 16,
    )  # fmt: skip
    variances = np.array([0.01 + 0.01 + 0.01, 0.01 + 0.09 / 16 + 0.01])
    assert z == pytest.approx(0.5 / np.sqrt(variances))


def test_a_reading_without_any_variance_counts_nothing_if_equal_and_all_if_not():
    rng = np.random.default_rng(6)
    ours = normals(rng, 20, 3)
    ours[:, 1] = 0.1  # whose mean is not exactly 0.1 in floating point
    spread, uncertainty = np.array([1.0, 0.0, 1.0]), np.zeros(3)
    reported = np.array([0.0, 0.1, 0.0])
    equal = curve_test(ours, reported, spread, uncertainty, 50, rng=rng)
    assert equal.z[1] == 0 and np.isfinite(equal.critical) and equal.participation <= 2
    other = curve_test(ours, reported + 0.01, spread, uncertainty, 50, rng=rng)
    assert other.z[1] == -np.inf and not other.met


def test_readings_of_which_none_varies_agree_or_not_without_nan():
    rng, zeros = np.random.default_rng(7), np.zeros(2)
    constant = np.ones((5, 2))
    equal = curve_test(constant, np.ones(2), zeros, zeros, 50, rng=rng)
    assert (equal.statistic, equal.critical, equal.p_value, equal.participation) == (0, 0, 1, 0)
    other = curve_test(constant, zeros, np.full(2, NAN), zeros, 50, rng=rng)
    assert other.statistic == np.inf and not other.met and other.p_value < 0.001


def test_correlation_of_few_replicates_is_shrunk_unless_they_move_as_one():
    rng = np.random.default_rng(8)
    sampled = np.mean(
        [np.abs(shrunk_correlation(normals(rng, 4, 6))[0, 1:]).mean() for _ in range(50)]
    )
    plain = np.mean([np.abs(np.corrcoef(normals(rng, 4, 6).T)[0, 1:]).mean() for _ in range(50)])
    assert sampled < 0.7 * plain
    one = normals(rng, 4, 1) @ np.ones((1, 6))
    assert shrunk_correlation(one) == pytest.approx(np.ones((6, 6)))
    ours = normals(rng, 2000, 4, rho=0.8)
    assert shrunk_correlation(ours) == pytest.approx(np.corrcoef(ours.T), abs=0.001)


@pytest.mark.parametrize(
    ("values", "reported", "said"),
    [
        (np.zeros((1, 2)), np.zeros(2), "m2 >= 2"),
        (np.zeros((3, 2)), np.zeros(3), "m2 >= 2"),
        (np.full((3, 2), NAN), np.zeros(2), "values must be finite"),
        (np.zeros((3, 2)), np.array([0.0, NAN]), "reported must be finite"),
    ],
)
def test_unusable_values_are_refused(values, reported, said):
    k, rng = len(reported), np.random.default_rng(0)
    with pytest.raises(ValueError, match=said):
        curve_test(values, reported, np.zeros(k), np.zeros(k), 50, rng=rng)
