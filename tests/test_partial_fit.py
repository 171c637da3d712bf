"""Online EM: near to the batch fit of all rows, at rest where EM rests, in constant memory."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from mixture_cases import CASES, draw
from sklearn.linear_model import LinearRegression

from emmoe import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from emmoe.commands import diagnose
from emmoe.mixture import Problem, fit, online
from emmoe.mixture.estimators import saved
from emmoe.store.coding import Coding

N, FIRST, BATCH = 12_000, 1_500, 500


def estimator(name, **options):
    experts = len(CASES[name].experts)
    if name in ("gaussian", "poisson"):
        return MixtureOfExpertsRegressor(experts, family=name, n_init=3, **options)
    return MixtureOfExpertsClassifier(experts, n_init=3, **options)


def streamed(model, x, y, batch=BATCH):
    """Give a model its first rows, and all others in batches."""
    model.partial_fit(x[:FIRST], y[:FIRST])
    for begin in range(FIRST, len(y), batch):
        model.partial_fit(x[begin : begin + batch], y[begin : begin + batch])
    return model


@pytest.fixture(scope="module")
def rows():
    return draw(replace(CASES["gaussian"], n=N))


@pytest.mark.parametrize("name", CASES)
def test_stream_comes_within_a_percent_a_row_of_the_batch_fit(name):
    x, y = draw(replace(CASES[name], n=N))
    batch, first = estimator(name).fit(x, y), estimator(name).fit(x[:FIRST], y[:FIRST])
    model = streamed(estimator(name), x, y)
    lost = [batch.loglik_ - own.log_likelihood(x, y) for own in (model, first)]
    assert 0 <= lost[0] < 0.01 * abs(batch.loglik_)
    assert lost[0] < 0.6 * lost[1]
    assert model.status_ == "online"


@pytest.mark.parametrize("name", CASES)
def test_maximum_of_the_rows_is_a_fixed_point(name):
    x, y = draw(CASES[name])
    model = estimator(name).fit(x, y)
    before = model.coef_.copy(), model.gate_coef_.copy()
    for _ in range(3):
        model.partial_fit(x, y)
    np.testing.assert_allclose(model.coef_, before[0], atol=1e-6)
    np.testing.assert_allclose(model.gate_coef_, before[1], atol=1e-6)


def test_step_of_one_gaussian_expert_is_least_squares_with_weights_of_age(rows):
    x, y = (part[:900] for part in rows)
    old, new = slice(0, 600), slice(600, 900)
    begun = online.begin(fit(Problem(x[old], y[old]), 1), x[old], y[old], np.ones(600), 1e-3)
    after = online.step(begun, x[new], y[new], np.ones(300))
    step = (1 / 3) ** online.DECAY
    age = np.r_[np.full(600, (1 - step) / 600), np.full(300, step / 300)]
    expected = LinearRegression().fit(x, y, age)
    found = replace(after.fitted, theta=after.theta)
    np.testing.assert_allclose(found.expert_rows[0, 0, 1:], expected.coef_, rtol=1e-9)
    errors = (y - expected.predict(x)) ** 2
    np.testing.assert_allclose(found.sigma[0], np.sqrt(age @ errors), rtol=1e-9)
    half = after.fitted.theta - begun.theta  # twice the share of a third, over one and a third
    np.testing.assert_allclose(half, (after.theta - begun.theta) / 2)


def test_order_and_repetition_of_rows_in_a_call_change_nothing(rows):
    x, y = rows
    weight = np.random.default_rng(0).integers(0, 3, BATCH)
    order = np.random.default_rng(1).permutation(weight.sum())
    more = slice(FIRST, FIRST + BATCH)
    weighted, repeated = (estimator("gaussian").partial_fit(x[:FIRST], y[:FIRST]) for _ in range(2))
    weighted.partial_fit(x[more], y[more], sample_weight=weight)
    again = (np.repeat(part[more], weight, axis=0)[order] for part in (x, y))
    repeated.partial_fit(*again)
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-10)
    np.testing.assert_allclose(weighted.effective_rows_, repeated.effective_rows_)


def test_rows_may_come_one_by_one(rows):
    x, y = (part[: FIRST + 300] for part in rows)
    model = streamed(estimator("gaussian"), x, y, batch=1)
    first = estimator("gaussian").fit(x[:FIRST], y[:FIRST])
    assert model.log_likelihood(x, y) > first.log_likelihood(x, y)
    assert model.effective_rows_.sum() == pytest.approx(len(y))


def test_memory_does_not_grow(rows):
    sizes = []
    for calls in (2, 20):
        x, y = (part[: FIRST + calls * BATCH] for part in rows)
        sizes.append(len(pickle.dumps(streamed(estimator("gaussian"), x, y))))
    assert abs(sizes[1] - sizes[0]) < 100


def test_pickled_stream_goes_on_as_if_nothing_had_been(rows):
    x, y = rows
    model = streamed(estimator("gaussian"), x[: FIRST + BATCH], y[: FIRST + BATCH])
    copy = pickle.loads(pickle.dumps(model))
    more = slice(FIRST + BATCH, FIRST + 2 * BATCH)
    copies = [own.partial_fit(x[more], y[more]).coef_ for own in (model, copy)]
    np.testing.assert_array_equal(*copies)


def test_no_inference_is_offered_for_rows_that_are_gone(rows):
    model = streamed(estimator("gaussian"), *(part[: FIRST + BATCH] for part in rows))
    assert np.isnan([model.loglik_, model.aic_, model.bic_, model.icl_, model.rate_]).all()
    assert model.summary()["se"].isna().all()
    assert "partial_fit" in model.warnings_[0]


def test_fit_forgets_the_stream(rows):
    x, y = (part[:FIRST] for part in rows)
    model = streamed(estimator("gaussian"), *(part[: FIRST + BATCH] for part in rows)).fit(x, y)
    assert model.status_ == "maximum"
    np.testing.assert_array_equal(model.coef_, estimator("gaussian").fit(x, y).coef_)


def test_model_of_a_file_goes_on_and_can_be_looked_at(rows, tmp_path):
    x, y = pd.DataFrame(rows[0], columns=["size", "age"]), rows[1]
    model = estimator("gaussian").fit(x[:FIRST], y[:FIRST])
    coding = Coding(("size", "age"), {}, "y")
    for begin in (FIRST, FIRST + BATCH):
        saved.save(saved.Model(model, coding, []), tmp_path / "model.json")
        model = saved.load(tmp_path / "model.json").estimator
        model.partial_fit(x[begin : begin + BATCH], y[begin : begin + BATCH])
    assert model.effective_rows_.sum() == pytest.approx(FIRST + 2 * BATCH)
    assert "partial_fit" in diagnose.page(saved.Model(model, coding, []), None)


def test_class_that_comes_later_is_learnt():
    x, y = draw(replace(CASES["multinomial"], n=N))
    seen = np.flatnonzero(y[:FIRST] != 2)
    model = MixtureOfExpertsClassifier(n_init=3)
    with pytest.warns(match="separable"):
        model.partial_fit(x[seen], y[seen], classes=[0, 1, 2])
    for begin in range(FIRST, N, 200):
        model.partial_fit(x[begin : begin + 200], y[begin : begin + 200])
    batch = MixtureOfExpertsClassifier(n_init=3).fit(x, y)
    assert model.log_likelihood(x, y) > 1.05 * batch.loglik_
    assert model.predict_proba(x)[:, 2].mean() > np.mean(y == 2) / 2


def refused(model, x, y, **options):
    """The one line of a call."""
    with pytest.raises(ValueError) as error:
        model.partial_fit(x, y, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_rows_that_cannot_come_are_refused_and_change_nothing(rows):
    x, y = (part[:FIRST] for part in rows)
    model = estimator("gaussian").partial_fit(x, y)
    before = model.coef_.copy()
    assert "beyond 1e+140" in refused(model, x * 1e200, y)
    assert "must not be negative" in refused(model, x, y, sample_weight=-np.ones(FIRST))
    assert "at least one non-zero" in refused(model, x, y, sample_weight=np.zeros(FIRST))
    np.testing.assert_array_equal(model.coef_, before)


def test_few_rows_after_a_fit_are_refused(rows):
    model = estimator("gaussian").fit(*(part[:FIRST] for part in rows))
    said = refused(model, *(part[:5] for part in rows))
    assert (
        said == "5 rows to go on from a fit whose own are gone: give at least 18 in the first call"
    )


def test_counts_must_be_counts():
    x, y = draw(CASES["poisson"])
    model = estimator("poisson").partial_fit(x, y)
    assert "needs counts" in refused(model, x, -y)


def test_classes_are_those_of_the_first_call():
    x, y = draw(CASES["logistic"])
    model = MixtureOfExpertsClassifier(1)
    assert "one class only" in refused(model, x, np.ones(len(y)), classes=[0, 1])
    model = MixtureOfExpertsClassifier(1).partial_fit(x, y)
    assert "not those of the first call" in refused(model, x, y, classes=[0, 1, 2])
    assert "class that was not fitted: 2" in refused(model, x, y + 1)
