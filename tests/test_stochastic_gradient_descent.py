"""Mini-batches: what an epoch does, what it costs, and what its states know."""

import numpy as np
import pytest
from fitter_helpers import states

from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.fitters.stochastic_gradient_descent import StochasticGradientDescent
from emmoe.lab.recorder import record
from emmoe.models.regression import RegressionModel, Sample


def test_one_batch_of_all_rows_is_gradient_descent(regression_name, problem):
    model, _, start = problem(regression_name)
    descent = states(GradientDescent(0.3), model, start, 11)
    for size in (len(model.sample.x), 10_000):
        epochs = states(StochasticGradientDescent(0.3, batch_size=size), model, start, 11)
        for one, other in zip(descent, epochs, strict=True):
            np.testing.assert_allclose(one.theta, other.theta, rtol=1e-12, atol=1e-13)
            assert other.loss == pytest.approx(one.loss, rel=1e-12)


@pytest.fixture
def batches(monkeypatch):
    """The rows of every batch whose gradient is taken."""
    seen = []
    gradient = RegressionModel.batch_gradient
    note = lambda model, theta, rows: seen.append(rows) or gradient(model, theta, rows)  # noqa: E731
    monkeypatch.setattr(RegressionModel, "batch_gradient", note)
    return seen


def test_an_epoch_uses_every_row_once_in_a_new_order(problem, batches):
    model, _, start = problem("symmetric_logistic", n=100)
    states(StochasticGradientDescent(0.1, batch_size=30, seed=1), model, start, 3)
    assert [len(rows) for rows in batches] == 2 * [30, 30, 30, 10]
    orders = np.concatenate(batches).reshape(2, 100)
    assert (np.sort(orders) == np.arange(100)).all()
    assert (orders[0] != orders[1]).any()
    batches.clear()
    states(StochasticGradientDescent(0.1, batch_size=30, seed=2), model, start, 2)
    assert (np.concatenate(batches) != orders[0]).any()


def test_an_epoch_is_the_steps_of_its_batches_one_after_the_other(problem, batches):
    model, _, start = problem("symmetric_logistic", n=100)
    after = states(StochasticGradientDescent(0.5, batch_size=25), model, start, 2)[1].theta
    theta = start
    for rows in batches:
        part = model.bind(Sample(model.sample.x[rows], model.sample.y[rows]))
        theta = theta - 0.5 * part.loss_and_gradient(theta)[1]
    np.testing.assert_allclose(after, theta, rtol=1e-13)


def test_decay_halves_the_step_after_its_number_of_epochs(problem):
    model, _, start = problem("symmetric_linear", n=100)
    found = states(StochasticGradientDescent(0.4, batch_size=100, decay=3), model, start, 5)
    for epoch in (0, 3):
        move = found[epoch + 1].theta - found[epoch].theta
        size = {0: 0.4, 3: 0.2}[epoch]
        np.testing.assert_allclose(move, -size * found[epoch].gradient, rtol=1e-10, atol=1e-14)


def test_decaying_steps_outdo_constant_ones_on_mini_batches(near_optimum):
    model, optimum, start = near_optimum
    gaps = [
        states(StochasticGradientDescent(1.0, 20, decay=decay), model, start, 301)[-1].loss
        - optimum.loss
        for decay in (None, 5.0)
    ]
    assert 0 < gaps[1] < 0.05 * gaps[0]


def test_states_are_evaluated_only_on_demand(problem, monkeypatch):
    """So the recorder's clock, which runs while it waits for a state, does not see it."""
    model, _, start = problem("symmetric_linear", n=100)
    sizes, evaluate = [], type(model).loss_and_gradient

    def noted(self, theta):
        sizes.append(len(self.sample.x))
        return evaluate(self, theta)

    monkeypatch.setattr(type(model), "loss_and_gradient", noted)
    found = states(StochasticGradientDescent(0.1, batch_size=40), model, start, 3)
    assert sizes == 2 * [40, 40, 20]
    assert found[2].loss < found[0].loss and np.isfinite(found[2].gradient).all()
    assert sizes[6:] == [100, 100]


def test_evaluating_an_epoch_for_the_record_is_not_charged(regression_name, problem):
    model, _, start = problem(regression_name)
    found = states(StochasticGradientDescent(0.1, batch_size=50), model, start, 4)
    assert model.passes() == pytest.approx(3)
    for state in found:
        loss, gradient = model.bind(model.sample).loss_and_gradient(state.theta)
        assert state.loss == loss and np.array_equal(state.gradient, gradient)
    assert model.passes() == pytest.approx(3)


@pytest.mark.filterwarnings("ignore:overflow")
def test_batches_that_blow_up_are_recorded_as_diverged(problem):
    model, _, start = problem("symmetric_linear")
    recording = record(StochasticGradientDescent(1e4, 10), model, start, iterations=200)
    assert recording.status == ["diverged"]
