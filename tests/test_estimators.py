"""The estimators at work: units, order and weights; pipelines, frames, files; what they refuse."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from mixture_cases import CASES, draw
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emmoe import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor, select_n_experts

EXACT = {"rtol": 1e-8, "atol": 1e-8}


@pytest.fixture(scope="module")
def data():
    return draw(CASES["gaussian"])


@pytest.fixture(scope="module")
def fitted(data):
    return MixtureOfExpertsRegressor(n_experts=3, n_init=8).fit(*data)


def again(fitted, x, y, **options):
    return clone(fitted).fit(x, y, **options)


def test_best_maximum_is_found_and_certified(fitted):
    assert fitted.status_ == "maximum"
    assert fitted.loglik_ == pytest.approx(CASES["gaussian"].best, abs=1e-6)
    assert fitted.rate_ == pytest.approx(CASES["gaussian"].rho, abs=1e-6)


def test_classifier_finds_the_best_maximum_of_labels():
    x, y = draw(CASES["logistic"])
    model = MixtureOfExpertsClassifier(n_init=8).fit(x, np.where(y == 1, "yes", "no"))
    assert model.loglik_ == pytest.approx(CASES["logistic"].best, abs=1e-6)
    assert model.classes_.tolist() == ["no", "yes"]
    assert set(model.summary()["class"]) == {"", "yes"}


def test_affine_change_of_units_changes_nothing(data, fitted):
    x, y = data
    moved = again(fitted, x * [1e3, -1e-2] + [5, 7], 40 * y - 300)
    np.testing.assert_allclose(moved.predict(x * [1e3, -1e-2] + [5, 7]),
                               40 * fitted.predict(x) - 300, **EXACT)  # fmt: skip
    np.testing.assert_allclose(moved.coef_, 40 * fitted.coef_ / [1e3, -1e-2], **EXACT)
    np.testing.assert_allclose(moved.sigma_, 40 * fitted.sigma_, **EXACT)


def test_order_of_rows_and_columns_changes_nothing(data, fitted):
    x, y = data
    rows = np.random.default_rng(0).permutation(len(y))
    np.testing.assert_allclose(again(fitted, x[rows], y[rows]).coef_, fitted.coef_, **EXACT)
    np.testing.assert_allclose(again(fitted, x[:, ::-1], y).coef_[:, ::-1], fitted.coef_, **EXACT)


def test_weights_equal_repeated_rows(data, fitted):
    x, y = data
    weight = np.random.default_rng(1).integers(0, 3, len(y))
    weighted = again(fitted, x, y, sample_weight=weight)
    repeated = again(fitted, np.repeat(x, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, **EXACT)
    np.testing.assert_allclose(weighted.covariance_, repeated.covariance_, **EXACT)
    assert weighted.bic_ == pytest.approx(repeated.bic_, rel=1e-10)


def test_answer_is_the_same_at_each_run(data, fitted):
    np.testing.assert_array_equal(again(fitted, *data).coef_, fitted.coef_)


def test_log_likelihood_of_the_data_is_the_fit_s(data, fitted):
    assert fitted.log_likelihood(*data) == pytest.approx(fitted.loglik_, rel=1e-12)
    assert fitted.log_likelihood(*data, np.full(len(data[1]), 2)) == pytest.approx(
        2 * fitted.loglik_, rel=1e-12
    )


def test_prediction_is_the_gate_s_mean_of_the_experts(data, fitted):
    x, y = data
    logits = x @ fitted.gate_coef_.T + fitted.gate_intercept_
    gate = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    experts = x @ fitted.coef_.T + fitted.intercept_
    np.testing.assert_allclose(fitted.gate_proba(x), gate, **EXACT)
    np.testing.assert_allclose(fitted.expert_predict(x), experts, **EXACT)
    np.testing.assert_allclose(fitted.predict(x), (gate * experts).sum(axis=1), **EXACT)
    np.testing.assert_allclose(fitted.responsibilities(x, y).sum(axis=0), fitted.effective_rows_)


def test_interval_holds_its_share_of_the_targets(data, fitted):
    low, high = fitted.predict_interval(data[0], level=0.8).T
    share = np.mean((low <= data[1]) & (data[1] <= high))
    assert abs(share - 0.8) < 4 * np.sqrt(0.16 / len(data[1]))


def test_sample_has_the_conditional_mean(data, fitted):
    x = np.tile(data[0][:1], (20000, 1))
    drawn, expert = fitted.sample(x, random_state=3)
    spread = drawn.std() / np.sqrt(len(drawn))
    assert abs(drawn.mean() - fitted.predict(x[:1])[0]) < 4 * spread
    assert set(expert) <= {0, 1, 2}


def test_one_expert_is_logistic_regression():
    x, y = draw(CASES["logistic"])
    ours = MixtureOfExpertsClassifier(n_experts=1).fit(x, y)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-5)


def test_summary_counts_experts_from_one_and_covers_its_estimates(fitted):
    table = fitted.summary(level=0.9)
    assert sorted(set(table["expert"])) == [1, 2, 3]
    assert len(table) == fitted.n_parameters_
    slopes = table.query("block == 'expert' and feature == 'x0'")["estimate"]
    np.testing.assert_allclose(slopes, fitted.coef_[:, 0])
    assert (fitted.summary(contrast="pairs")["expert"].iloc[0]) == (1, 2)
    np.testing.assert_allclose(table["se"], np.sqrt(np.diag(fitted.covariance_)))


def test_delta_method_gives_the_variance_of_a_difference(fitted):
    value, variance = fitted.delta(lambda theta: theta[1] - theta[4])
    v = fitted.covariance_
    assert variance[0, 0] == pytest.approx(v[1, 1] + v[4, 4] - 2 * v[1, 4], rel=1e-6)
    assert value == pytest.approx(fitted.gate_coef_[0, 0] - fitted.gate_coef_[1, 0])


def test_columns_are_chosen_by_name_or_position(data):
    frame = pd.DataFrame(data[0], columns=["size", "age"])
    options = {"n_init": 4, "gate_features": ["age"], "expert_features": [0]}
    model = MixtureOfExpertsRegressor(**options).fit(frame, data[1])
    assert model.feature_names_in_.tolist() == ["size", "age"]
    np.testing.assert_array_equal(model.coef_[:, 1], 0)
    np.testing.assert_array_equal(model.gate_coef_[:, 0], 0)
    assert np.all(model.gate_coef_[0, 1] != 0)
    same = MixtureOfExpertsRegressor(n_init=4, gate_features=[-1], expert_features=["size"])
    np.testing.assert_array_equal(same.fit(frame, data[1]).coef_, model.coef_)


REFUSED = {
    "family": ({"family": "logistic"}, "MixtureOfExpertsClassifier"),
    "gate_features": ({"gate_features": ["ag"]}, "no column named 'ag': did you mean 'age'"),
    "one name": ({"gate_features": "age"}, r"write \['age'\]"),
    "position": ({"expert_features": [2]}, "no column 2: there are 2"),
    "covariance": ({"covariance": "sandwich"}, "observed, robust, sampling"),
    "n_experts": ({"n_experts": 0}, "n_experts must be"),
    "alpha": ({"alpha": -1.0}, "alpha must not be negative"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_parameter_that_cannot_be_used_is_a_value_error_in_one_line(kind, data):
    parameters, said = REFUSED[kind]
    frame = pd.DataFrame(data[0], columns=["size", "age"])
    with pytest.raises(ValueError, match=said) as error:
        MixtureOfExpertsRegressor(**parameters).fit(frame, data[1])
    assert "\n" not in str(error.value)


def test_class_that_was_not_fitted_is_refused():
    x, y = draw(CASES["logistic"])
    model = MixtureOfExpertsClassifier(n_experts=1).fit(x, y)
    with pytest.raises(ValueError, match="class that was not fitted: 2"):
        model.log_likelihood(x[:1], [2])


def test_pipeline_grid_search_and_cross_validation(data):
    x, y = data
    pipeline = make_pipeline(StandardScaler(), MixtureOfExpertsRegressor(n_init=2))
    search = GridSearchCV(pipeline, {"mixtureofexpertsregressor__n_experts": [1, 2]}, cv=2)
    assert search.fit(x, y).best_params_ == {"mixtureofexpertsregressor__n_experts": 2}
    assert cross_val_score(pipeline, x, y, cv=2).min() > 0.2


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_pipeline_hands_on_frames_with_their_names(frames, data):
    pytest.importorskip(frames)
    pipeline = make_pipeline(StandardScaler(), MixtureOfExpertsRegressor(n_init=2))
    pipeline.set_output(transform=frames)
    x = pd.DataFrame(data[0], columns=["size", "age"])
    pipeline.fit(x, data[1])
    assert pipeline[-1].feature_names_in_.tolist() == ["size", "age"]
    plain = make_pipeline(StandardScaler(), MixtureOfExpertsRegressor(n_init=2)).fit(*data)
    np.testing.assert_allclose(pipeline.predict(x), plain.predict(data[0]), **EXACT)


def test_classifier_is_cross_validated_by_accuracy_and_log_loss():
    x, y = draw(CASES["multinomial"])
    x, y = x[:800], np.array(["low", "middle", "high"])[y[:800].astype(int)]
    model = MixtureOfExpertsClassifier(n_init=2)
    search = GridSearchCV(model, {"n_experts": [1, 2]}, cv=2, scoring="neg_log_loss")
    assert search.fit(x, y).best_params_ == {"n_experts": 2}
    assert cross_val_score(search.best_estimator_, x, y, cv=2).min() > 0.5
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict(x), search.predict(x))


def test_fits_run_in_other_processes(data, fitted):
    jobs = (joblib.delayed(again)(fitted, *data) for _ in range(2))
    for own in joblib.Parallel(n_jobs=2)(jobs):
        np.testing.assert_allclose(own.coef_, fitted.coef_, **EXACT)


def test_weights_are_routed_through_a_pipeline(data):
    x, y = data
    weight = np.arange(len(y)) % 2
    with config_context(enable_metadata_routing=True):
        model = MixtureOfExpertsRegressor(n_init=2).set_fit_request(sample_weight=True)
        routed = make_pipeline(model).fit(x, y, sample_weight=weight)[-1]
    direct = clone(model).fit(x[weight > 0], y[weight > 0])
    np.testing.assert_allclose(routed.coef_, direct.coef_, **EXACT)


@pytest.mark.parametrize("through", [pickle, joblib])
def test_fit_survives_a_file_without_its_data(through, fitted, data, tmp_path):
    with open(tmp_path / "model", "wb") as stream:
        through.dump(fitted, stream)
    assert (tmp_path / "model").stat().st_size < 50_000
    with open(tmp_path / "model", "rb") as stream:
        loaded = through.load(stream)
    np.testing.assert_array_equal(loaded.predict(data[0]), fitted.predict(data[0]))


def test_polars_frames_are_read(data):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(data[0], schema=["size", "age"])
    model = MixtureOfExpertsRegressor(n_init=2).fit(frame, polars.Series(data[1]))
    assert model.feature_names_in_.tolist() == ["size", "age"]


def test_number_of_experts_is_chosen_by_the_criterion(data):
    table, best = select_n_experts(MixtureOfExpertsRegressor(n_init=6), *data, range(1, 5))
    assert best.n_experts == table.loc[table["bic"].idxmin(), "n_experts"] == 3
    assert table["loglik"].is_monotonic_increasing


def test_separable_fit_warns_once_and_has_no_criterion():
    x = np.linspace(-1, 1, 40)[:, None]
    y = np.where(x[:, 0] < 0, 2 * x[:, 0], -x[:, 0]) + 0.01 * np.sin(50 * x[:, 0])
    with pytest.warns(match="separable: .* no finite maximum.*: ask for fewer experts") as said:
        model = MixtureOfExpertsRegressor().fit(x, y)
    assert len(said) == 1
    assert (model.status_, np.isnan(model.bic_)) == ("separable", True)
    assert model.summary().query("block == 'gate'")["se"].isna().all()


def test_unknown_criterion_is_refused(data):
    with pytest.raises(ValueError, match="aic, bic, icl"):
        select_n_experts(MixtureOfExpertsRegressor(), *data, criterion="hqc")
