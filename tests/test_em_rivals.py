"""Lange's Newton step on Q and SQUAREM do what their theory says."""

from itertools import islice

import numpy as np
import pytest
from fitter_helpers import iterations, states

from emmoe.fitters.em import EM
from emmoe.fitters.preconditioned_gradient_descent import PreconditionedGradientDescent
from emmoe.fitters.squarem import Squarem
from emmoe.lab.recorder import record
from emmoe.theory.information import spectrum
from emmoe.theory.optimum import settle


def test_newton_step_on_q_is_em_in_the_block_where_q_is_quadratic(problem):
    model, _, start = problem("symmetric_linear")
    newton = states(PreconditionedGradientDescent(), model, start, 2)[1].theta
    solved = states(EM(), model, start, 2)[1].theta
    np.testing.assert_allclose(newton[:3], solved[:3], rtol=1e-12)
    assert np.linalg.norm(newton[3:] - solved[3:]) > 1e-3


def test_newton_step_on_q_has_ems_jacobian_at_the_optimum(near_optimum):
    model, optimum, _ = near_optimum

    def jacobian(fitter):
        step = lambda theta: states(fitter, model, theta, 2)[1].theta  # noqa: E731
        columns = [
            step(optimum.theta + 1e-5 * axis) - step(optimum.theta - 1e-5 * axis)
            for axis in np.eye(len(optimum.theta))
        ]
        return np.array(columns).T / 2e-5

    newton = jacobian(PreconditionedGradientDescent())
    np.testing.assert_allclose(newton, jacobian(EM()), atol=1e-7)
    eigenvalues = np.sort(np.linalg.eigvals(newton).real)[::-1]
    np.testing.assert_allclose(eigenvalues, spectrum(model, optimum.theta)[0], atol=1e-7)


def test_newton_step_on_q_survives_a_gate_beyond_all_doubt(symmetric_name, problem):
    model, _, start = problem(symmetric_name)
    recording = record(PreconditionedGradientDescent(), model, 1e5 * start, iterations=5)
    assert len(recording.rows) >= 1 and recording.status[0] is not None


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_squarem_never_increases_the_loss(symmetric_name, problem, scale):
    for seed in range(8):
        model, _, start = problem(symmetric_name, seed=seed)
        losses = np.array([s.loss for s in states(Squarem(), model, scale * start, 41)])
        assert np.diff(losses).max() <= 8 * np.finfo(float).eps * np.abs(losses).max()
        assert losses[-1] < losses[0] - 1e-3


def test_squarem_goes_on_from_em_where_it_would_leap_uphill(symmetric_name, problem):
    """Some cycle pays for a refused leap: a fourth E-step, and then is three EM steps."""
    refused = 0
    for seed in range(8):
        model, _, start = problem(symmetric_name, seed=seed)
        iterator = Squarem().iterate(model, 3 * start)
        before, count = next(iterator), model.work["e_step"]
        for after in islice(iterator, 15):
            if model.work["e_step"] - count == 4:
                plain = states(EM(), model.bind(model.sample), before.theta, 4)[3].theta
                np.testing.assert_allclose(after.theta, plain, rtol=1e-7, atol=1e-9)
                refused += 1
            before, count = after, model.work["e_step"]
    assert refused > 0


def test_squarem_cuts_ems_steps_where_em_is_slow(problem):
    model, truth, start = problem("symmetric_linear", n=400, seed=2, scale=1.5)
    optimum = settle(model, truth)
    assert spectrum(model, optimum.theta)[0][0] > 0.8
    away = optimum.theta + 0.05 * start
    plain = iterations(EM(), model, away, 1e-12, optimum)
    assert 3 * iterations(Squarem(), model, away, 1e-12, optimum) < plain / 2


class LinearMap:
    """A model whose EM step multiplies theta by a rate, one a replicate: 0 is the optimum."""

    m_step_tolerance = 1e-9

    def __init__(self, rates):
        self.rates = rates

    def e_step(self, theta):
        return (theta**2).sum(axis=-1), 2 * theta, None

    def m_step(self, theta, statistic, gradient, tolerance):
        return self.rates * theta


def test_squarem_solves_a_linear_map_with_one_rate_in_one_cycle():
    start = np.array([[1.0, -2.0, 0.5], [30.0, 0.1, -3.0]])
    rates = np.array([[0.9], [0.99]])
    after = states(Squarem(), LinearMap(rates), start, 2)[1].theta
    np.testing.assert_allclose(after, 0, atol=1e-10)


def test_squarem_stays_at_a_fixed_point():
    for state in states(Squarem(), LinearMap(np.ones(1)), np.array([1.0, 2.0]), 3):
        assert (state.theta == [1.0, 2.0]).all()
