"""Stationary points: how exact they are, and which are certified as strict local minima."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from emmoe.theory.optimum import nearest, polish, settle

CASES = [
    pytest.param(("symmetric_linear", {}), id="linear"),
    pytest.param(("symmetric_linear", {"noise_sd": 0.4}), id="linear-noise-0.4"),
    pytest.param(("symmetric_logistic", {}), id="logistic"),
]


@pytest.fixture(params=CASES)
def case(request, problem):
    name, settings = request.param
    return problem(name, n=400, scale=1.5, **settings)


def test_polish_reaches_round_off_in_the_gradient(case):
    best = settle(case.model, case.truth)
    away = best.theta + 1e-4 * case.start
    polished = polish(case.model, away)
    assert np.linalg.norm(case.model.loss_and_gradient(away)[1]) > 1e-6
    for found in (best, polished):
        assert np.linalg.norm(case.model.loss_and_gradient(found.theta)[1]) < 1e-14
        assert found.gradient_norm < 1e-14
    np.testing.assert_allclose(polished.theta, best.theta, rtol=0, atol=1e-12)


def test_certified_optimum_is_a_strict_local_minimum(case):
    best = settle(case.model, case.truth)
    assert best.certified
    eigenvalues = np.linalg.eigvalsh(case.model.hessian(best.theta))
    assert best.curvature == pytest.approx(eigenvalues[0]) and best.curvature > 0
    rng = np.random.default_rng(5)
    for _ in range(20):
        assert case.model.loss(best.theta + 1e-3 * rng.standard_normal(6)) > best.loss


def test_saddle_at_zero_is_stationary_but_not_certified(case):
    """EM cannot leave it, and Newton's method is drawn to it."""
    for start in (np.zeros(6), 1e-8 * case.start):
        saddle = polish(case.model, start)
        np.testing.assert_allclose(saddle.theta, 0, atol=1e-12)
        assert saddle.gradient_norm < 1e-14 and saddle.curvature < 0
        assert not saddle.certified
    assert not settle(case.model, np.zeros(6)).certified


def test_a_point_that_is_no_strict_minimum_is_not_certified(case):
    best = settle(case.model, case.truth)
    norm = np.linalg.norm(case.model.loss_and_gradient(case.truth)[1])
    assert norm > 1e-4
    assert not replace(best, theta=case.truth, gradient_norm=norm).certified
    for curvature in (0.0, -1e-9, np.nan):
        assert not replace(best, curvature=curvature).certified


def test_an_optimum_at_infinity_is_not_certified(problem):
    """In this sample of 120 an expert separates the targets: |beta| grows without bound."""
    model, truth, _ = problem("symmetric_logistic", n=120)
    limit = settle(model, truth)
    assert np.linalg.norm(limit.theta) > 100 * np.linalg.norm(truth)
    assert not limit.certified


def test_settling_from_the_truth_finds_the_minimum_of_a_general_minimiser(case):
    model, best = case.model, settle(case.model, case.truth)
    found = minimize(
        model.loss_and_gradient, case.truth, jac=True, method="BFGS", options={"gtol": 1e-9}
    )
    np.testing.assert_allclose(best.theta, found.x, rtol=0, atol=1e-6)
    assert best.loss <= found.fun + 1e-14
    assert best.loss < model.loss(case.truth)  # in a sample the optimum is not the truth


def test_nearest_copy_of_an_optimum_is_the_closest_member_of_its_orbit(case):
    best = settle(case.model, case.truth)
    for member in case.model.orbit(best.theta):
        copy = nearest(case.model, best, member + 0.01 * case.start)
        np.testing.assert_array_equal(copy.theta, member)
        assert case.model.loss(copy.theta) == pytest.approx(best.loss, rel=1e-13)
        assert (copy.loss, copy.curvature) == (best.loss, best.curvature) and copy.certified
