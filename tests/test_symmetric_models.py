"""The symmetric models against component densities, a general minimiser and exact identities."""

from collections import Counter

import numpy as np
import pytest
from brute_force import brute_loss, log_bayes, log_joint
from scipy.optimize import minimize

from emmoe.models._shared import log_cosh
from emmoe.models.symmetric_linear import SymmetricLinear

LINEAR, LOGISTIC = "symmetric_linear", "symmetric_logistic"
CASES = [
    pytest.param((LINEAR, {}), id="linear"),
    pytest.param((LINEAR, {"noise_sd": 0.4}), id="linear-noise-0.4"),
    pytest.param((LINEAR, {"noise_sd": 2.5}), id="linear-noise-2.5"),
    pytest.param((LOGISTIC, {}), id="logistic"),
]


@pytest.fixture(params=CASES)
def case(request, problem):
    name, settings = request.param
    return problem(name, **settings)


def bayes(model, theta):
    return np.exp(log_bayes(model, theta))


def minus_q(model, theta, u):
    """-E[sum_z P(z | x, y; theta) log p(y, z | x; u)]."""
    return -(bayes(model, theta) * log_joint(model, u)).sum(axis=0).mean()


def solved_step(model, theta):
    """EM's next point, with the M-step solved to round-off."""
    _, gradient, statistic = model.e_step(theta)
    return model.m_step(theta, statistic, gradient, 1e-16)


def bregman(model, u, t):
    """D_A(u, t) and the size of its largest term."""
    terms = model.mirror_map(u), -model.mirror_map(t), -model.mirror_gradient(t) @ (u - t)
    return sum(terms), np.abs(terms).max()


def posterior_divergence(model, t, u):
    """E KL(post_t || post_u)."""
    return (bayes(model, t) * (log_bayes(model, t) - log_bayes(model, u))).sum(axis=0).mean()


def test_loss_is_the_mean_negative_log_likelihood(case):
    for theta in (case.truth, case.start, 5 * case.start):
        assert case.model.loss(theta) == pytest.approx(brute_loss(case.model, theta), rel=1e-13)
        assert case.model.loss_and_gradient(theta)[0] == case.model.loss(theta)
        assert case.model.e_step(theta)[0] == case.model.loss(theta)


def test_gradient_equals_finite_differences(case, gradient_by_differences):
    for theta in (case.truth, case.start, 0 * case.start):
        expected = gradient_by_differences(lambda t: brute_loss(case.model, t), theta)
        gradient = case.model.loss_and_gradient(theta)[1]
        np.testing.assert_allclose(gradient, expected, atol=1e-7 * np.linalg.norm(expected) + 1e-12)


def test_posterior_follows_bayes_rule(case):
    np.testing.assert_allclose(
        case.model.posterior(case.start), bayes(case.model, case.start), rtol=1e-11, atol=1e-15
    )


def test_statistic_is_the_posterior_mean_of_the_complete_data_statistic(case):
    x, y = case.model.sample.x, case.model.sample.y
    plus, minus = bayes(case.model, case.start)
    weight = case.model.noise_sd**-2 if isinstance(case.model, SymmetricLinear) else 0.5
    of_beta = (weight * y * (plus - minus))[:, None] * x
    of_w = ((plus - minus) / 2)[:, None] * x
    expected = np.concatenate([of_beta.mean(axis=0), of_w.mean(axis=0)])
    np.testing.assert_allclose(case.model.e_step(case.start)[2], expected, rtol=1e-12, atol=1e-14)


def test_q_gradient_is_the_gradient_of_minus_q_and_at_theta_that_of_the_loss(
    case, gradient_by_differences
):
    """The second part is Fisher's identity."""
    model, theta = case.model, case.start
    _, of_e_step, statistic = model.e_step(theta)
    for u in (case.truth, theta):
        expected = gradient_by_differences(lambda v: minus_q(model, theta, v), u)
        of_q = model.q_gradient(u, statistic)
        np.testing.assert_allclose(of_q, expected, atol=1e-7 * np.linalg.norm(expected))
    gradient = model.loss_and_gradient(theta)[1]
    for one in (of_q, of_e_step):
        np.testing.assert_allclose(one, gradient, rtol=0, atol=1e-14 * np.linalg.norm(statistic))


def left(model, start, tolerance):
    """What is left of the M-step's equation, relative to before, and the passes that it took."""
    _, gradient, statistic = model.e_step(start)
    before = model.passes()
    solution = model.m_step(start, statistic, gradient, tolerance)
    passes = model.passes() - before
    residual = np.abs(model.mirror_gradient(solution) - statistic).max()
    return residual / np.abs(gradient).max(), passes


@pytest.mark.parametrize("tolerance", [0.1, 1e-2, 1e-4])
def test_m_step_ends_at_the_tolerance_that_is_asked_for(case, tolerance):
    model, start = case.model, 3 * case.start
    residual, passes = left(model, start, tolerance)
    assert residual <= tolerance
    tight, more = left(model, start, model.m_step_tolerance)
    assert tight <= 1e-12 < residual and passes < more


def test_mirror_gradient_at_the_m_step_equals_the_statistic(case):
    _, gradient, statistic = case.model.e_step(case.start)
    tolerance = case.model.m_step_tolerance
    solution = case.model.m_step(case.start, statistic, gradient, tolerance)
    assert np.abs(case.model.mirror_gradient(solution) - statistic).max() <= 1e-10
    assert np.abs(gradient).max() > 1e-2  # the start did not solve it already


def test_m_step_minimises_minus_q(case, gradient_by_differences):
    def objective(u):
        return minus_q(case.model, case.start, u)

    def slope(u):
        return gradient_by_differences(objective, u)

    found = minimize(objective, np.zeros(6), jac=slope, method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(solved_step(case.model, case.start), found.x, rtol=1e-6, atol=1e-7)


def test_mirror_map_has_the_stated_gradient_and_expert_hessian(case, gradient_by_differences):
    model, theta = case.model, case.start
    gradient = gradient_by_differences(model.mirror_map, theta)
    np.testing.assert_allclose(model.mirror_gradient(theta), gradient, rtol=1e-9, atol=1e-11)
    rows = [
        gradient_by_differences(lambda t, i=i: model.mirror_gradient(t)[i], theta) for i in range(3)
    ]
    hessian = model.expert_mirror_hessian(model.sample.x @ theta[:3])
    np.testing.assert_allclose(np.array(rows)[:, :3], hessian, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(np.array(rows)[:, 3:], 0, atol=1e-10)


@pytest.mark.parametrize("size", [0.0, 1e3, 1e6])
def test_extreme_parameters_give_finite_numbers(case, size):
    model, theta = case.model, size * case.start
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, gradient = model.loss_and_gradient(theta)
        statistic = model.e_step(theta)[2]
        values = [gradient, statistic, model.posterior(theta), model.q_gradient(theta, statistic)]
        values += [model.mirror_map(theta), solved_step(model, theta)]
    assert all(np.isfinite(value).all() for value in values)
    assert loss == pytest.approx(brute_loss(model, theta), rel=1e-11)


def test_orbit_members_have_the_same_loss(case):
    model, orbit = case.model, case.model.orbit(case.start)
    assert len(orbit) == (2 if isinstance(model, SymmetricLinear) else 4)
    assert np.array_equal(orbit[0], case.start)
    assert len(np.unique(orbit, axis=0)) == len(orbit)
    for member in orbit:
        assert model.loss(member) == pytest.approx(model.loss(case.start), rel=1e-13)


def test_recovery_errors_vanish_on_the_orbit_and_only_there(case):
    for member in case.model.orbit(case.truth):
        assert case.model.recovery_errors(member, case.truth) == {"beta": 0, "w": 0}
        away = case.model.recovery_errors(1.01 * member, case.truth)
        assert away == pytest.approx({"beta": 0.01, "w": 0.01})


def test_loss_decrease_is_a_bregman_divergence_plus_a_posterior_divergence(case):
    """Identity I1: L(t) - L(t+) = D_A(t, t+) + E KL(post_t || post_t+)."""
    model, t = case.model, case.start
    for _ in range(5):
        t, before = solved_step(model, t), t
        divergence, size = bregman(model, before, t)
        left = model.loss(before) - model.loss(t)
        right = divergence + posterior_divergence(model, before, t)
        assert abs(left - right) <= 1e-13 * max(size, abs(model.loss(before)))
        assert left > 1e-6  # far above the bound: the identity is not one of zeros


def test_three_point_identity_of_em(case):
    """I2: D_A(u,t+) = D_A(u,t) - D_L(u,t) - [L(t+) - L(u)] - E KL(post_t || post_t+), any u."""
    model, t = case.model, case.start
    after = solved_step(model, t)
    for u in (case.truth, -t, 0 * t, case.truth + 3):
        (left, size), (divergence, other_size) = bregman(model, u, after), bregman(model, u, t)
        loss_t, gradient = model.loss_and_gradient(t)
        of_loss = model.loss(u) - loss_t - gradient @ (u - t)
        right = divergence - of_loss - (model.loss(after) - model.loss(u))
        right -= posterior_divergence(model, t, after)
        assert abs(left - right) <= 1e-13 * max(size, other_size, abs(model.loss(u)))


def test_identities_need_the_solved_m_step(case):
    model, t = case.model, case.start
    half_way = (t + solved_step(model, t)) / 2
    divergence, size = bregman(model, t, half_way)
    right = divergence + posterior_divergence(model, t, half_way)
    assert abs(model.loss(t) - model.loss(half_way) - right) > 1e-4 * size


def newton_problem():
    """x, the solution, its target E[x tanh(x'v/2)]/2, and wrong directions to start in."""
    rng = np.random.default_rng(3)
    x, solution = rng.standard_normal((200, 3)), np.array([1.0, -2.0, 0.5])
    directions = np.array([*rng.standard_normal((20, 3)), -solution])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return x, solution, residual(x, solution), directions


def residual(x, v, target=0.0):
    return x.T @ np.tanh(x @ v / 2) / (2 * len(x)) - target


def solved(x, target, v, work):
    return log_cosh.solve(x.T.copy(), target, v, residual(x, v, target), 1e-14, work)


@pytest.mark.parametrize("size", [0.0, 1.0, 10.0, 100.0, 1e3, 1e4])
def test_damped_newton_converges_from_wrong_warm_starts(size):
    x, solution, target, directions = newton_problem()
    work = Counter()
    found = [solved(x, target, size * v, work) for v in directions]
    np.testing.assert_allclose(found, [solution] * len(found), rtol=0, atol=1e-10)
    assert work["unsolved_m_steps"] == 0


def test_a_newton_search_that_fails_is_counted():
    x, _, target, directions = newton_problem()
    for v in [*(1e6 * directions), *(1e9 * directions)]:
        work = Counter()
        left = np.abs(residual(x, solved(x, target, v, work), target)).max()
        assert left <= 1e-6 or work["unsolved_m_steps"] == 1


def test_undamped_newton_diverges_from_a_wrong_warm_start():
    """What the damping is for: it handles this start."""
    x, solution, target, _ = newton_problem()
    v = -3 * solution
    for _ in range(2):
        curvature = np.cosh(x @ v / 2) ** -2.0 / (4 * len(x))
        v = v - np.linalg.solve((x * curvature[:, None]).T @ x, residual(x, v, target))
    assert np.linalg.norm(v) > 100 * np.linalg.norm(solution)
