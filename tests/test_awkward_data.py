"""Awkward tables through the estimators: refused in one line, or fitted without a hidden NaN."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from emmoe import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

RNG = np.random.default_rng(0)
N = 200
X = RNG.standard_normal((N, 2))
FIRST = RNG.random(N) < 1 / (1 + np.exp(-2 * X[:, 0]))
Y = np.where(FIRST, 2 + X[:, 0], -2 - X[:, 1]) + 0.5 * RNG.standard_normal(N)
COUNTS = RNG.poisson(np.exp(np.where(FIRST, 1.5 + 0.3 * X[:, 0], 0.2)))
LABELS = RNG.integers(0, 3, N)
ONE = np.eye(N)[3]
WEIGHTS = RNG.random(N)


def regressor(x, y, weights=None, **settings):
    own = MixtureOfExpertsRegressor(**{"n_init": 3, **settings})
    return own.fit(x, y, sample_weight=weights)


def classifier(x, y, weights=None, **settings):
    own = MixtureOfExpertsClassifier(**{"n_init": 3, **settings})
    return own.fit(x, y, sample_weight=weights)


FITTED = {
    "collinear gate": (
        regressor, np.column_stack([X, X[:, 0] + X[:, 1], X[:, 0] - 3 * X[:, 1]]), Y,
        {"expert_features": [0], "gate_features": [0, 1, 2, 3]}, "maximum",
    ),
    "columns twice": (regressor, np.column_stack([X, X]), Y, {}, "maximum"),
    "nearly twice": (
        regressor, np.column_stack([X, X[:, 0] + 1e-8 * RNG.standard_normal(N)]), Y, {}, "maximum",
    ),
    "columns of 1e16": (regressor, X + 1e16, Y, {}, "maximum"),
    "columns of 1e-300": (regressor, X * 1e-300, Y, {}, "maximum"),
    "a column of 1e139": (regressor, X * [1, 1e139], Y, {}, "maximum"),
    "targets of 1e-139": (regressor, X, Y * 1e-139, {}, "maximum"),
    "targets of 1e139": (regressor, X, Y * 1e139, {}, "maximum"),
    "an expert without noise": (regressor, X, np.where(FIRST, 3.0, Y), {}, "degenerate"),
    "two lines without noise": (
        regressor, X, np.where(FIRST, 1 + X[:, 0], -X[:, 0]), {}, "degenerate"
    ),
    "a target of 1e100": (regressor, X, np.where(ONE > 0, 1e100, Y), {}, "degenerate"),
    "truth values": (regressor, X, FIRST, {}, "degenerate"),
    "whole numbers": (regressor, np.round(X).astype(int), np.round(Y).astype(int), {}, "maximum"),
    "as many experts as rows": (regressor, X[:4], Y[:4], {"n_experts": 4}, "degenerate"),
    "two rows": (regressor, X[:2], Y[:2], {}, "degenerate"),
    "two rows of weight": (
        regressor, X, Y, {"weights": ((ONE > 0) | (np.arange(N) == 5)) * 1.0}, "degenerate",
    ),
    "more columns than rows": (
        regressor, RNG.standard_normal((20, 40)), Y[:20], {}, "degenerate",
    ),
    "a gate alone that separates": (
        regressor, X, np.where(X[:, 0] > 0, 10 + X[:, 1], -10 - X[:, 1]) + 0.1 * Y,
        {"expert_features": [1], "gate_features": [0]}, "separable",
    ),
    "weights over ten decades": (
        regressor, X, Y, {"weights": 10.0 ** (20 * WEIGHTS - 10)}, "maximum"
    ),
    "counts of truth": (regressor, X, FIRST, {"family": "poisson"}, "separable"),
    "no counts": (regressor, X, 0 * COUNTS, {"family": "poisson"}, "separable"),
    "one count": (regressor, X, ONE, {"family": "poisson"}, "separable"),
    "counts of millions": (regressor, X, COUNTS * 10**6, {"family": "poisson"}, "maximum"),
    "a class without weight": (
        classifier, X, LABELS, {"weights": (LABELS != 1) * WEIGHTS}, "separable"
    ),
    "a row per class": (classifier, X[:5], np.arange(5), {}, "separable"),
    "truth values as classes": (classifier, X, X[:, 0] > 0, {}, "separable"),
    "equal rows of two classes": (classifier, np.ones((N, 1)), FIRST, {}, "flat"),
}  # fmt: skip


@pytest.mark.parametrize("name", FITTED)
def test_awkward_data_are_fitted_and_say_what_they_are(name):
    fit, x, y, settings, status = FITTED[name]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        model = fit(x, y, **settings)
    assert model.status_ == status
    of_status = [w for w in warned if w.category is ConvergenceWarning]
    assert len(of_status) == (status != "maximum")
    assert np.isfinite(model.coef_).all() and np.isfinite(model.gate_coef_).all()
    assert np.isfinite([model.loglik_, *model.effective_rows_]).all()
    assert np.isfinite(model.gate_proba(x)).all()
    if status == "maximum":
        assert np.isfinite(model.covariance_).all() and np.isfinite(model.covariance_robust_).all()
        assert np.isfinite([model.rate_, model.bic_, *model.certificate_.values()]).all()
        assert np.isfinite(model.predict_interval(x)).all()


REFUSED = {
    "tiny targets": (regressor, X, Y * 1e-300, {}, "y has no value beyond 1e-140"),
    "huge targets": (regressor, X, Y * 1e300, {}, "y has values beyond 1e\\+140"),
    "huge columns": (classifier, X * 1e300, LABELS, {}, "column x1 has values beyond"),
    "huge counts": (regressor, X, COUNTS * 1e12, {"family": "poisson"}, "counts beyond 1e\\+10"),
    "dates": (regressor, X, np.full(N, "2020-01-01", "M8[D]"), {}, "y must be numbers"),
    "huge weights": (regressor, X, Y, {"weights": 1e300 * WEIGHTS}, "weights add up to"),
    "infinite sum of weights": (regressor, X, Y, {"weights": np.full(N, 1e308)}, "add up to inf"),
    "tiny weights": (classifier, X, LABELS, {"weights": 1e-300 * WEIGHTS}, "weights add up to"),
    "negative weights": (classifier, X, LABELS, {"weights": -WEIGHTS}, "200 weights are negative"),
    "one class of weight": (
        classifier, X, FIRST, {"weights": FIRST * 1.0}, "one class only"
    ),
    "one row of weight": (regressor, X, Y, {"weights": ONE}, "1 row of positive weight"),
    "a word as tolerance": (regressor, X, Y, {"tol": "low"}, "tol must be a number, got 'low'"),
    "no ridge": (classifier, X, LABELS, {"alpha": None}, "alpha must be a number, got None"),
    "a generator": (
        regressor, X, Y, {"random_state": np.random.default_rng(0)}, "random_state must be"
    ),
    "a negative seed": (regressor, X, Y, {"random_state": -1}, "random_state must be"),
    "one position": (regressor, X, Y, {"gate_features": 0}, "gate_features must be a list"),
    "half a position": (regressor, X, Y, {"gate_features": [0.5]}, "neither a name nor a position"),
    "a mask": (regressor, X, Y, {"gate_features": [True, False]}, "True is neither a name nor"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_fitted_is_a_value_error_of_one_line(name):
    fit, x, y, settings, said = REFUSED[name]
    with pytest.raises(ValueError, match=said) as refusal:
        fit(x, y, **settings)
    assert str(refusal.value).isprintable()
