"""Backtracking, Nesterov's acceleration and Adam do what their theory says."""

from itertools import pairwise

import numpy as np
import pytest
from fitter_helpers import STEPS, Quadratic, iterations, states

from emmoe.fitters.adam import Adam
from emmoe.fitters.backtracking_gradient_descent import BacktrackingGradientDescent
from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.fitters.nesterov import Nesterov


def sizes(found):
    """The step size between consecutive states of gradient descent, one for all parameters."""
    for before, after in pairwise(found):
        move = before.theta - after.theta
        size = move @ before.gradient / (before.gradient @ before.gradient)
        np.testing.assert_allclose(move, size * before.gradient, rtol=1e-7, atol=1e-13)
        yield before, after, size


@pytest.mark.parametrize("first", [1e-3, 0.1, 100.0])
def test_armijos_condition_holds_at_every_accepted_step(symmetric_name, problem, first):
    model, _, start = problem(symmetric_name)
    fitter = BacktrackingGradientDescent(first, armijo=0.3)
    for before, after, size in sizes(states(fitter, model, start, 60)):
        decrease = size * (before.gradient @ before.gradient)
        assert after.loss <= before.loss - 0.3 * decrease * (1 - 1e-9)


@pytest.mark.parametrize("symmetric_name", STEPS)
def test_a_step_is_the_first_acceptable_one_from_the_last_step_grown(symmetric_name, problem):
    model, _, start = problem(symmetric_name)
    fitter = BacktrackingGradientDescent(100.0, shrink=0.7, growth=1.5, armijo=0.3)
    tried = 100.0
    shrunk = 0
    for before, _, size in sizes(states(fitter, model, start, 40)):
        slope = before.gradient @ before.gradient
        while tried > size * (1 + 1e-6):
            trial = model.loss(before.theta - tried * before.gradient)
            assert trial > before.loss - 0.3 * tried * slope
            tried, shrunk = 0.7 * tried, shrunk + 1
        assert size == pytest.approx(tried, rel=1e-6)
        tried *= 1.5
    assert shrunk > 10


def test_every_trial_of_backtracking_is_one_pass(symmetric_name, problem):
    model, _, start = problem(symmetric_name)
    refused = states(BacktrackingGradientDescent(2.0**10), model, start, 2)
    halvings = np.log2(2.0**10 / next(sizes(refused))[2])
    assert halvings > 2
    assert model.passes() == pytest.approx(2 + halvings)


def test_backtracking_stays_where_no_step_helps():
    quadratic = Quadratic(np.diag([1.0, 3.0]), np.array([0.3, -0.7]))
    found = states(BacktrackingGradientDescent(1.0), quadratic, np.array([5.0, 5.0]), 400)
    assert np.linalg.norm(found[-1].theta - quadratic.minimiser) < 1e-12
    assert all(after.loss <= before.loss for before, after in pairwise(found))


@pytest.mark.parametrize("fitter", [BacktrackingGradientDescent(100.0), Nesterov(1.0)])
def test_replicates_backtrack_and_restart_each_by_itself(fitter):
    quadratic = Quadratic(np.diag([1.0, 0.1, 0.01]), np.zeros(3))
    starts = np.array([[1.0, 0.0, 0.001], [0.0, 1.0, 1.0], [0.001, 0.01, 1.0]])
    together = states(fitter, quadratic, starts, 60)
    for r, start in enumerate(starts):
        alone = states(fitter, quadratic, start, 60)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_allclose(one.theta, other.theta[r], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("symmetric_name", STEPS)
def test_nesterov_needs_far_fewer_iterations_than_gradient_descent(symmetric_name, near_optimum):
    model, optimum, start = near_optimum
    step = STEPS[symmetric_name]
    plain = iterations(GradientDescent(step), model, start, 1e-10, optimum)
    assert iterations(Nesterov(step), model, start, 1e-10, optimum) < plain / 2


def test_momentum_follows_fistas_sequence(symmetric_name, problem):
    """From the states alone: the share of x_{k+1} - x_k that leads from x_{k+1} to y_{k+1}."""
    model, _, start = problem(symmetric_name)
    found = states(Nesterov(0.1, restart=False), model, start, 30)
    x, t = start, 1.0
    for before, after in pairwise(found):
        new_x = before.theta - 0.1 * before.gradient
        new_t = max(np.roots([1, -1, -(t**2)]))
        expected = new_x + (t - 1) / new_t * (new_x - x)
        np.testing.assert_allclose(after.theta, expected, rtol=1e-12, atol=1e-14)
        x, t = new_x, new_t


def test_fista_keeps_its_bound_where_gradient_descent_breaks_it():
    """On Nesterov's worst function: L(x_k) - L* <= 2 |x_0 - x*|^2 / (step (k + 1)^2)."""
    p = 200
    hessian = (2 * np.eye(p) - np.eye(p, k=1) - np.eye(p, k=-1)) / 4
    minimiser = 1 - np.arange(1, p + 1) / (p + 1)
    quadratic = Quadratic(hessian, minimiser)
    bounds = 2 * minimiser @ minimiser / np.arange(2, 401) ** 2  # k = 1, ..., 399; step 1

    def losses(fitter):
        found = states(fitter, quadratic, np.zeros(p), 399)
        return [quadratic.loss_and_gradient(s.theta - s.gradient)[0] for s in found]  # of the x_k

    assert (losses(Nesterov(1.0, restart=False)) <= bounds).all()
    assert (losses(GradientDescent(1.0)) > bounds).any()


def test_restart_spares_nesterov_the_detours_of_its_momentum():
    quadratic = Quadratic(np.diag([1.0, 1e-3]), np.zeros(2))
    restarted, plain = (
        [s.loss for s in states(Nesterov(1.0, restart=r), quadratic, np.ones(2), 400)]
        for r in (True, False)
    )
    assert (np.diff(plain) > 1e-9).any()
    assert restarted[-1] < 1e-3 * plain[-1]


def test_adams_first_step_moves_each_parameter_by_the_step_size(model_name, problem):
    model, _, start = problem(model_name)
    for size in (1e-3, 0.5):
        first, second = states(Adam(size), model, start, 2)
        np.testing.assert_allclose(
            second.theta - first.theta, -size * np.sign(first.gradient), rtol=1e-4
        )


def test_adams_steps_decay_to_half_after_as_many_iterations_as_said(symmetric_name, problem):
    model, _, start = problem(symmetric_name)
    constant, decaying = (Adam(0.1, beta1=0, beta2=0, decay=decay) for decay in (None, 4.0))
    found = states(decaying, model, start, 9)
    for t in (0, 4):
        move = found[t + 1].theta - found[t].theta
        own = states(constant, model, found[t].theta, 2)
        np.testing.assert_allclose(move, (own[1].theta - own[0].theta) / (1 + t / 4), rtol=1e-6)


def test_adams_steps_are_weighted_means_of_all_gradients(symmetric_name, problem):
    model, _, start = problem(symmetric_name)
    found = states(Adam(0.1, beta1=0.8, beta2=0.95, epsilon=1e-3), model, start, 30)
    gradients = np.array([state.gradient for state in found])
    for t in range(1, len(found)):
        ages = np.arange(t)[::-1]
        mean = np.average(gradients[:t], axis=0, weights=0.8**ages)
        square = np.average(gradients[:t] ** 2, axis=0, weights=0.95**ages)
        move = found[t].theta - found[t - 1].theta
        np.testing.assert_allclose(move, -0.1 * mean / (np.sqrt(square) + 1e-3), rtol=1e-9)
