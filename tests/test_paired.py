"""The signed-rank test and its interval, against scipy, and by their coverage."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, wilcoxon

from emmoe.evidence.paired import cumulative, holm, shift

DRAWS = 2000
# Logarithms of quotients, so that the quotients' tails are those of their exponentials.
LAWS = {
    "Cauchy": lambda rng, shape: rng.standard_cauchy(shape),
    "two Pareto costs": lambda rng, shape: rng.laplace(size=shape) / 1.1,
    "a Student cost": lambda rng, shape: np.log(np.abs(rng.standard_t(1.5, shape))),
}


@pytest.mark.parametrize("n", [5, 8, 16])
@pytest.mark.parametrize("name", LAWS)
def test_interval_covers_the_centre_of_heavy_tailed_ratios_in_93_to_97_percent(n, name):
    rng = np.random.default_rng([n, len(name)])
    law = LAWS[name]
    centre = np.median(law(rng, (2, 400_000)).mean(axis=0))
    found = [shift(d, d) for d in law(rng, (DRAWS, n))]
    assert 0.93 <= np.mean([one.low <= centre <= one.high for one in found]) <= 0.97


@pytest.mark.parametrize("n", [8, 16])
def test_a_percentile_bootstrap_would_fail_that_test(n):
    """The test above can fail: what stood here before covers too little."""
    rng = np.random.default_rng(0)
    d = 1.5 * rng.standard_normal((DRAWS, n))
    means = d[:, rng.integers(n, size=(400, n))].mean(axis=2)
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    assert np.mean((low <= 0) & (high >= 0)) < 0.93


@pytest.mark.parametrize("n", [5, 8, 16])
def test_censoring_makes_the_interval_wider_only(n):
    rng = np.random.default_rng(n)
    for d in rng.standard_cauchy((200, n)):
        cut = rng.random(n) < 0.3
        low = np.where(cut, d - rng.exponential(size=n), d)
        high = np.where(cut & (rng.random(n) < 0.5), np.inf, d)
        whole, part = shift(d, d), shift(low, high)
        assert part.low <= whole.low and part.high >= whole.high
        assert part.least <= whole.least <= part.most and part.p >= whole.p


@pytest.mark.parametrize("n", [1, 2, 5, 8, 16, 25])
def test_p_value_is_scipys_exact_one(n):
    rng = np.random.default_rng(n)
    for d in rng.standard_normal((20, n)) + 0.4:
        assert shift(d, d).p == pytest.approx(wilcoxon(d, method="exact").pvalue)


def test_false_positives_are_no_more_than_five_percent_with_ties_and_zeros():
    rng = np.random.default_rng(0)
    p = [shift(d, d).p for d in rng.integers(-2, 3, (DRAWS, 12)).astype(float)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05


def test_law_of_the_rank_sum_has_its_mean_and_its_variance():
    n = 16
    ways = np.diff(cumulative(n), prepend=0.0)
    w = np.arange(len(ways))
    assert ways.sum() == pytest.approx(1) and len(w) == 1 + n * (n + 1) / 2
    assert ways @ w == pytest.approx(n * (n + 1) / 4)
    assert ways @ w**2 - (ways @ w) ** 2 == pytest.approx(n * (n + 1) * (2 * n + 1) / 24)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_too_few_pairs_have_no_interval(n, recwarn):
    found = shift(np.full(n, 0.5), np.full(n, 0.5))
    assert (found.low, found.high) == (-np.inf, np.inf) and found.p > 0.05
    assert not recwarn.list


def test_equal_pairs_give_a_point(recwarn):
    found = shift(np.full(16, 0.5), np.full(16, 0.5))
    assert found[:4] == (0.5, 0.5, 0.5, 0.5) and found.p == pytest.approx(2**-15)
    assert not recwarn.list


def test_unknown_pairs_decide_nothing(recwarn):
    found = shift(np.full(16, -np.inf), np.full(16, np.inf))
    assert found[:5] == (-np.inf, np.inf, -np.inf, np.inf, 1.0)
    assert not recwarn.list


def test_holm_rejects_in_five_percent_of_families_and_is_never_below_p():
    rng = np.random.default_rng(0)
    families = rng.random((4000, 7))
    adjusted = np.array([holm(p) for p in families])
    assert 0.04 <= np.mean((adjusted <= 0.05).any(axis=1)) <= 0.06
    assert (adjusted >= families).all()
    assert (adjusted >= [false_discovery_control(p) for p in families]).all()
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert len(holm([])) == 0
