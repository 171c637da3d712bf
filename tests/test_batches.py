"""A batch's gradient is that of the mean loss over its rows, at their share of a pass's work."""

import numpy as np
import pytest
from conftest import REGRESSIONS, STACKED

from emmoe.models.regression import Sample


@pytest.fixture(
    params=[(name, None) for name in REGRESSIONS] + [(name, 2) for name in STACKED], ids=str
)
def case(request, problem):
    """A model and a start: single, or of two replicates with signs of their own."""
    name, replicates = request.param
    model, _, start = problem(name)
    if replicates is None:
        return model, start
    rng = np.random.default_rng(1)
    signs = rng.choice([-1, 1], (replicates, len(model.sample.x)))
    stacked = model.bind(Sample(model.sample.x, model.sample.y, signs))
    return stacked, rng.standard_normal((replicates, start.size))


def test_batch_gradients_average_to_the_full_gradient(case):
    model, theta = case
    rows = np.random.default_rng(2).permutation(len(model.sample.x))
    batches = np.split(rows, [1, 3, 50])  # the first two have fewer rows than features
    mean = sum(len(b) * model.batch_gradient(theta, b) for b in batches) / len(rows)
    np.testing.assert_allclose(mean, model.loss_and_gradient(theta)[1], atol=1e-14)


def test_batch_gradient_is_the_gradient_of_a_model_bound_to_the_rows(case):
    model, theta = case
    rows, sample = np.arange(7, 40, 2), model.sample
    signs = None if sample.signs is None else sample.signs[:, rows]
    bound = model.bind(Sample(sample.x[rows], sample.y[rows], signs))
    expected = bound.loss_and_gradient(theta)[1]
    np.testing.assert_allclose(model.batch_gradient(theta, rows), expected, atol=1e-15)
    assert model.sample is sample


def test_work_of_the_batches_of_an_epoch_is_one_pass(case):
    model, theta = case
    model.work.clear()
    for rows in np.split(np.arange(len(model.sample.x)), [50, 90]):
        model.batch_gradient(theta, rows)
    assert model.passes() == pytest.approx(1)
    assert dict(model.work) == pytest.approx({"forward": 1, "backward": 1})
