"""Mixtures of experts: prediction, intervals, the delta method, the choice of their number."""

import numpy as np
import pytest
from mixture_cases import CASES, draw, model_of, problem
from scipy.optimize import minimize
from scipy.stats import chi2
from statsmodels.api import WLS, add_constant

from emmoe.mixture import Problem, choice, fit, inference, predict, profile
from emmoe.store.errors import DataError


@pytest.fixture(scope="module")
def fits():
    return {name: fit(problem(name), len(CASES[name].experts), n_init=4) for name in CASES}


@pytest.fixture(params=CASES)
def case(request, fits):
    return (*draw(CASES[request.param]), fits[request.param])


def test_density_of_the_data_is_the_likelihood(case):
    x, y, found = case
    assert predict.log_density(found, x, y).sum() == pytest.approx(found.loglik, abs=1e-8)


def test_responsibilities_average_to_the_gate(case):
    """At a maximum, over the data, weighted by each column of the gate."""
    x, y, found = case
    gap = predict.responsibilities(found, x, y) - predict.gate_proba(found, x)
    full = np.column_stack([np.ones(len(x)), x])
    assert gap.T @ full == pytest.approx(np.zeros((found.n_experts, 3)), abs=1e-4)
    assert found.effective_rows == pytest.approx(predict.gate_proba(found, x).sum(0), abs=1e-4)
    assert (np.diff(found.effective_rows) <= 0).all()


def test_mean_is_that_of_many_draws(case):
    x, _, found = case
    one = np.repeat(x[:1], 40_000, axis=0)
    y, expert = predict.draw(found, one, seed=3)
    mean = predict.mean(found, x[:1])[0]
    if found.classes:
        drawn = np.bincount(y.astype(int), minlength=3) / len(y)
        assert drawn == pytest.approx(mean, abs=0.012)
    else:
        spread = np.sqrt(predict.variance(found, x[:1])[0])
        assert y.mean() == pytest.approx(mean, abs=5 * spread / 200)
        assert y.std() == pytest.approx(spread, rel=0.05)
    shares = np.bincount(expert, minlength=found.n_experts) / len(y)
    assert shares == pytest.approx(predict.gate_proba(found, x[:1])[0], abs=0.012)


@pytest.mark.parametrize("name", ["gaussian", "poisson", "logistic"])
def test_quantiles_leave_their_share_below(name, fits):
    x, found = draw(CASES[name])[0][:40], fits[name]
    many = np.repeat(x, 4000, axis=0)
    y = predict.draw(found, many, seed=4)[0].reshape(40, 4000)
    for q in (0.025, 0.5, 0.9):
        at = predict.quantile(found, x, q)
        assert (y <= at[:, None]).mean(1).min() > q - 0.035
        assert (y < at[:, None]).mean(1).max() < q + 0.035


def test_counts_of_any_size_have_quantiles(fits):
    """Far from the data a mean of counts is huge; there scipy has no quantiles."""
    x = np.linspace(0, 300, 40)[:, None] * [1.0, 0.0]
    low, high = predict.interval(fits["poisson"], x)
    mean = predict.mean(fits["poisson"], x)
    assert mean.max() > 1e13 and np.isfinite(low).all() and np.isfinite(high).all()
    large = mean > 1e6  # one expert alone: nearly normal
    normal = mean[large] - 1.96 * np.sqrt(mean[large])
    assert large.sum() > 3 and low[large] == pytest.approx(normal, rel=1e-4)


def test_counts_of_a_mean_that_numpy_does_not_draw_are_refused(fits):
    near, far = np.array([[1.0, 0.0]]), np.array([[300.0, 0.0], [1.0, 0.0]])
    assert predict.mean(fits["poisson"], far).max() > 1e19
    assert np.isfinite(predict.draw(fits["poisson"], near, 0)[0]).all()
    with pytest.raises(DataError, match=r"a mean is beyond 9e\+18: counts cannot be drawn"):
        predict.draw(fits["poisson"], far, 0)


@pytest.mark.parametrize("size", [1e139, -1e139])
def test_far_rows_have_an_interval_or_are_refused(size, fits):
    x = np.array([[size, 0.0], [0.0, size]])
    low, high = predict.interval(fits["gaussian"], x)
    assert np.isfinite(low).all() and (low <= high).all()
    assert np.isfinite(high).all() and np.isfinite(predict.gate_proba(fits["gaussian"], x)).all()
    with pytest.raises(DataError, match=r"column x1 has values beyond 1e\+140: rescale it"):
        predict.interval(fits["gaussian"], np.array([[0.0, 100 * size]]))


@pytest.mark.parametrize("level", ["a", 2, 0, 1.0, np.nan, None])
def test_level_that_is_no_probability_is_refused(level, fits):
    found, x = fits["gaussian"], np.zeros((1, 2))
    for refused in (
        lambda: predict.interval(found, x, level),
        lambda: inference.summary(found, level=level),
        lambda: inference.gate_interval(found, x, level),
    ):
        with pytest.raises(DataError, match="level must lie between 0 and 1, got"):
            refused()


def test_interval_orders_and_refuses(fits):
    x = draw(CASES["gaussian"])[0][:5]
    low, high = predict.interval(fits["gaussian"], x, 0.9)
    assert (low < high).all()
    with pytest.raises(DataError, match="level"):
        predict.interval(fits["gaussian"], x, 1.2)
    with pytest.raises(DataError, match="no quantiles"):
        predict.interval(fits["multinomial"], x)


@pytest.mark.parametrize("name", ["gaussian", "logistic", "poisson"])
def test_error_of_the_mean_is_the_delta_methods(name, fits):
    x, found = draw(CASES[name])[0][:4], fits[name]
    full = np.column_stack([np.ones(4), x])

    def mean(theta):
        k = found.n_experts
        gate, experts = theta[: 3 * (k - 1)].reshape(k - 1, 3), theta[3 * (k - 1) :][: 3 * k]
        logits = np.column_stack([full @ gate.T, np.zeros(4)])
        pi = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        eta = full @ experts.reshape(k, 3).T
        inverse = {"gaussian": eta, "logistic": 1 / (1 + np.exp(-eta)), "poisson": np.exp(eta)}
        return (pi * inverse[name]).sum(1)

    for kind in inference.KINDS:
        values, matrix = inference.delta(found, mean, kind)
        own, errors = inference.mean_with_error(found, x, kind)
        assert own == pytest.approx(values, rel=1e-9)
        assert errors == pytest.approx(np.sqrt(np.diag(matrix)), rel=1e-6)


def test_gate_interval_is_the_delta_methods_on_logits(fits):
    found, x = fits["gaussian"], draw(CASES["gaussian"])[0][:2]
    full = np.column_stack([np.ones(2), x])

    def logits(theta):
        rows = np.column_stack([full @ theta[:6].reshape(2, 3).T, np.zeros(2)])
        pi = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
        return np.log(pi / (1 - pi)).ravel()

    values, matrix = inference.delta(found, logits)
    half = 1.959963984540054 * np.sqrt(np.diag(matrix))
    _, low, high = inference.gate_interval(found, x)
    assert np.log(low / (1 - low)).ravel() == pytest.approx(values - half, abs=1e-6)
    assert np.log(high / (1 - high)).ravel() == pytest.approx(values + half, abs=1e-6)


def test_contrasts_are_differences_of_gate_rows(fits):
    found = fits["gaussian"]
    rows = found.gate_rows
    for contrast, value in (("pairs", rows[0] - rows[1]), ("centred", (rows - rows.mean(0))[0])):
        table = inference.summary(found, contrast=contrast)
        assert [row["estimate"] for row in table[:3]] == pytest.approx(value)
        assert all(row["low"] < row["estimate"] < row["high"] for row in table)
    with pytest.raises(DataError, match="contrast"):
        inference.summary(found, contrast="all")


def test_profile_interval_is_where_the_constrained_likelihood_crosses():
    """By BFGS on the model's loss with the parameter held at each end."""
    given = problem("poisson")
    found, model = fit(given, 2, n_init=2), model_of(given, 2)
    index = found.parameter_names.index(("expert", 1, 0, "x0"))
    form = found.jacobian[index]
    for end in profile.profile_interval(given, found, index):
        shift = form * (end - found.theta_given[index]) / (form @ form)
        others = np.linalg.svd(form[None])[2][1:].T

        def held(free, shift=shift, others=others):
            loss, gradient = model.loss_and_gradient(found.theta + shift + others @ free)
            return loss, others.T @ gradient

        best = minimize(held, np.zeros(others.shape[1]), jac=True, options={"gtol": 1e-9}).fun
        fall = 2 * 800 * (best - model.loss(found.theta))
        assert fall == pytest.approx(chi2.ppf(0.95, 1), abs=1e-4)


def test_profile_interval_needs_a_maximum():
    x = np.linspace(-1, 1, 40)[:, None]
    given = Problem(x, (x[:, 0] > 0) * 1.0, "logistic")
    with pytest.raises(DataError, match="need a maximum"):
        profile.profile_interval(given, fit(given, 1), 0)


def test_criteria_choose_the_number_of_experts():
    rows, fits = choice.compare(problem("gaussian"), range(1, 5), folds=3, n_init=3)
    assert [choice.best(rows, name) for name in ("bic", "held_out")] == [2, 2]
    assert [len(found.effective_rows) for found in fits] == [1, 2, 3, 4]
    one = fits[0]
    assert rows[0]["bic"] == pytest.approx(4 * np.log(600) - 2 * one.loglik)
    assert rows[0]["aic"] == pytest.approx(8 - 2 * one.loglik)
    assert rows[0]["icl"] == rows[0]["bic"]  # one expert leaves no doubt
    assert rows[2]["icl"] > rows[2]["bic"]


def test_held_out_log_likelihood_is_each_rows_under_the_other_folds():
    x, y = draw(CASES["gaussian"])
    rows, _ = choice.compare(Problem(x[:60], y[:60]), [1], folds=60 // 2, n_init=1)
    assert rows[0]["held_out"] < rows[0]["loglik"] / 60
    with pytest.raises(DataError, match="folds"):
        choice.compare(Problem(x[:60], y[:60]), [1], folds=40)
    with pytest.raises(DataError, match="no held_out"):
        choice.best(choice.compare(Problem(x[:60], y[:60]), [1])[0], "held_out")


def test_sampling_errors_are_those_of_a_weighted_regression():
    """Of one expert: (X'WX)^-1 X'W e e'W X (X'WX)^-1, statsmodels' HC0; not so the frequencies'."""
    x, y = draw(CASES["gaussian"])
    weights = np.random.default_rng(3).random(len(y)) + 0.1
    found = fit(Problem(x, y, weights=weights), 1)
    theirs = WLS(y, add_constant(x), weights=weights).fit(cov_type="HC0")
    errors = inference.errors(inference.covariance(found, "sampling"))
    assert errors[:3] == pytest.approx(theirs.bse, rel=1e-8)
    robust = inference.errors(inference.covariance(found, "robust"))
    assert np.abs(robust[:3] / theirs.bse - 1).max() > 0.05


def test_sampling_errors_ignore_the_unit_of_the_weights():
    x, y = draw(CASES["gaussian"])
    weights = np.random.default_rng(3).random(len(y)) + 0.1
    one, tenfold = (fit(Problem(x, y, weights=c * weights), 3, n_init=2) for c in (1, 10))
    kinds = [inference.covariance(found, "sampling") for found in (one, tenfold)]
    assert kinds[1] == pytest.approx(kinds[0], rel=1e-6)
    frequency = [inference.covariance(found, "robust") for found in (one, tenfold)]
    assert 10 * frequency[1] == pytest.approx(frequency[0], rel=1e-6)


def test_sampling_errors_without_weights_are_the_robust_ones(fits):
    found = fits["logistic"]
    assert np.array_equal(found.covariance_sampling, found.covariance_robust)
