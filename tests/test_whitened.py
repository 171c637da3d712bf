"""Rivals in whitened coordinates do not see how the features are mixed; truncated Newton."""

from itertools import islice

import numpy as np
import pytest
from fitter_helpers import iterations, states

from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.fitters.lbfgs import LBFGS
from emmoe.fitters.nesterov import Nesterov
from emmoe.fitters.truncated_newton import TruncatedNewton
from emmoe.models.objective import Objective
from emmoe.models.regression import Sample
from emmoe.record.check_fitters import check_needs
from emmoe.record.components import build_fitter
from emmoe.record.entries import Fitter
from emmoe.store.errors import ConfigError

WHITENED = {
    "gradient_descent": GradientDescent(0.3, whitened=True),
    "nesterov": Nesterov(0.3, whitened=True),
    "lbfgs": LBFGS(memory=20, whitened=True),
    "truncated_newton": TruncatedNewton(whitened=True),
}
MIXING = np.array([[3.0, 0.5, 0.0], [0.0, 0.2, 0.1], [1.0, 0.0, 10.0]])


@pytest.fixture(params=WHITENED)
def fitter(request):
    return WHITENED[request.param]


def mixed(model, start):
    """The model with features mixed to E[xx'] far from I, and the start with the same logits."""
    sample = Sample(model.sample.x @ MIXING, model.sample.y)
    return model.bind(sample), (start.reshape(-1, 3) @ np.linalg.inv(MIXING).T).ravel()


def test_whitened_features_have_second_moment_one(regression_name, problem):
    model, start = mixed(*problem(regression_name)[::2])
    white = model.whitening()
    x = model.sample.x @ white.inverse_root[0]
    np.testing.assert_allclose(x.T @ x / len(x), np.eye(3), atol=1e-9)
    np.testing.assert_allclose(white.out(white.into(start)), start, rtol=1e-9)


def test_whitened_rival_takes_the_same_path_whatever_the_features_are_mixed_by(
    regression_name, fitter, problem
):
    model, _, start = problem(regression_name)
    found = states(fitter, model, start, 8)
    others = states(fitter, *mixed(model, start), 8)
    for one, other in zip(found, others, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-7)
    assert found[7].loss < found[0].loss - 1e-3


def test_plain_rival_does_see_the_mixing(regression_name, problem):
    model, _, start = problem(regression_name)
    for fitter in (GradientDescent(0.003), Nesterov(0.003), LBFGS(), TruncatedNewton()):
        one = states(fitter, model, start, 8)[7]
        other = states(fitter, *mixed(model, start), 8)[7]
        assert abs(one.loss - other.loss) > 1e-6


def test_whitened_descent_has_the_jacobian_that_it_says(symmetric_name, problem):
    """At any point where the gradient is linear nearby: differences of a step less theta."""
    model, start = mixed(*problem(symmetric_name)[::2])
    fitter = WHITENED["gradient_descent"]

    def step(theta):
        return states(fitter, model, theta, 2)[1].theta

    axes = 1e-5 * np.eye(len(start))
    columns = [(step(start + axis) - step(start - axis)) / 2e-5 for axis in axes]
    np.testing.assert_allclose(np.array(columns).T, fitter.jacobian(model, start), atol=1e-6)


def test_whitened_replicates_have_their_own_moments(stacked_name, problem):
    model, _, start = problem(stacked_name)
    rng = np.random.default_rng(0)
    signs = rng.choice([-1, 1], (2, len(model.sample.x)))
    together = model.bind(Sample(model.sample.x, model.sample.y, signs))
    white = together.whitening()
    for r in range(2):
        x = np.where(signs[r, :, None] < 0, 1 - model.sample.x, model.sample.x)
        np.testing.assert_allclose(white.root[r] @ white.root[r], x.T @ x / len(x), rtol=1e-9)
        one = white.replicate(r, 2).out(start)
        np.testing.assert_allclose(one, white.out(np.array([start, start]))[r], rtol=1e-12)


def test_truncated_newton_converges_to_the_optimum_in_few_iterations(near_optimum):
    model, optimum, start = near_optimum
    assert iterations(TruncatedNewton(), model, start, 1e-12, optimum, limit=40) < 15
    plain = iterations(GradientDescent(0.5), model, start, 1e-12, optimum)
    assert plain > 30


def test_truncated_newton_never_increases_the_loss_and_pays_for_every_product(problem):
    model, _, start = problem("logistic_experts")
    products, loss = [], []
    original = type(model).hessian_product

    def counting(self, theta):
        product = original(self, theta)
        return lambda v: products.append(1) or product(v)

    model.hessian_product = counting.__get__(model)
    evaluations = []
    model.loss_and_gradient = lambda theta: (
        evaluations.append(1) or type(model).loss_and_gradient(model, theta)
    )
    loss = [state.loss for state in islice(TruncatedNewton().iterate(model, start), 12)]
    assert max(np.diff(loss)) <= 0 and len(products) > 12
    points = model.work["forward"] - len(products) - len(evaluations)
    assert points <= 12 and model.work["backward"] == len(products) + len(evaluations)


def test_truncated_newton_stops_asking_at_a_minimum(near_optimum):
    model, optimum, start = near_optimum
    iterator = TruncatedNewton().iterate(model, start)
    found = list(islice(iterator, 300))
    done = model.passes()
    assert next(iterator) is found[-1] and model.passes() == done
    assert found[-1].loss <= optimum.loss + 1e-13


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_radius_must_be_positive(bad):
    with pytest.raises(ValueError, match="radius"):
        TruncatedNewton(radius=bad)


@pytest.mark.parametrize("name", ["gradient_descent", "nesterov", "lbfgs"])
def test_whitening_asks_for_features_and_is_refused_by_name_before_a_run(name, make_fitter):
    class Rows(Objective):
        """A problem without features."""

    Rows.__module__, Rows.__abstractmethods__ = "emmoe.models.rows", frozenset()
    entry = Fitter(name, {"whitened": True} | ({"step": 0.1} if name != "lbfgs" else {}))
    with pytest.raises(ConfigError, match=f"rival: {name} needs a model of regression rows"):
        check_needs("rival", name, build_fitter(entry).needs, Rows())
    assert make_fitter(name).needs is Objective
