"""Mixtures of experts: derivatives, information, EM as mirror descent, computed in another way."""

from itertools import permutations

import numpy as np
import pytest
from mixture_cases import (
    CASES,
    bound,
    differences,
    fixed_map_gain,
    model_of,
    moving_map,
    problem,
    sorted_rows,
)
from scipy import integrate

from emmoe.mixture import Problem, certificate, em, fit, row_sums
from emmoe.mixture.families import FAMILIES, of_name
from emmoe.mixture.information import hessian, information, information_and_scores, spectrum
from emmoe.mixture.row_sums import NOTHING, WIDE


@pytest.fixture(params=FAMILIES)
def at(request):
    """A model of three experts on 150 weighted rows, the gate on its own columns, and a point."""
    return bound(request.param, n=150, experts=3)


def test_gradient_is_the_derivative_of_the_loss(at):
    model, theta = at
    gradient = model.loss_and_gradient(theta)[1]
    assert gradient == pytest.approx(differences(model.loss, theta), abs=2e-9)


def test_hessian_is_the_derivative_of_the_gradient(at):
    model, theta = at
    found = hessian(model, theta)
    exact = differences(lambda point: model.loss_and_gradient(point)[1], theta)
    assert found == pytest.approx(exact, abs=3e-9 * np.abs(exact).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_penalised_gradient_and_hessian_are_derivatives(family):
    model, theta = bound(family, n=60, experts=3, alpha=3.0, variance_penalty=2.0)
    gradient = differences(model.loss, theta)
    assert model.loss_and_gradient(theta)[1] == pytest.approx(gradient, abs=5e-9)
    exact = differences(lambda point: model.loss_and_gradient(point)[1], theta)
    assert hessian(model, theta) == pytest.approx(exact, abs=3e-9 * np.abs(exact).max())


def test_complete_information_is_minus_the_hessian_of_q(at):
    """By differences of Q, whose responsibilities are held fixed."""
    model, theta = at
    posterior = model.responsibilities(theta)

    exact = differences(lambda point: model.q_gradient(point, posterior), theta)
    found = information(model, theta)
    assert found.complete == pytest.approx(exact, abs=3e-9 * np.abs(exact).max())
    assert found.hessian == pytest.approx(hessian(model, theta), abs=1e-12)


def test_scores_are_the_derivatives_of_each_row(at):
    """By differences of the log-likelihoods of all rows: the sandwiches' meat, both powers."""
    model, theta = at
    rows = differences(lambda point: rows_of(model, point), theta)
    found, moments = information_and_scores(model, theta, (1, 2))
    for power, moment in enumerate(moments, start=1):
        exact = (rows.T * model.sample.weight**power) @ rows
        assert moment == pytest.approx(exact, abs=1e-8 * np.abs(exact).max())
    assert found.complete == pytest.approx(information(model, theta).complete, abs=1e-13)


@pytest.mark.parametrize("some", [1, 40])
def test_rows_of_one_expert_may_be_summed_apart(at, some, monkeypatch):
    """Families with one row or more, gate and experts on columns of their own."""
    model, theta = at
    theta = {"gaussian": 40, "poisson": 40}.get(model.sample.family.name, 100) * theta
    if model.layout.scale:
        model.layout.split(theta)[2][:] = -2
    alone = (model.responsibilities(theta) > row_sums.NOTHING).sum(axis=0) == 1
    assert 0.3 < alone.mean() < 1
    together = information_and_scores(model, theta, (1, 2)), hessian(model, theta)
    monkeypatch.setattr(row_sums, "SOME", some)
    apart = information_and_scores(model, theta, (1, 2)), hessian(model, theta)
    for one, other in zip(flat(together), flat(apart), strict=True):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-13 * np.abs(one).max())


def flat(found):
    """Return the matrices in what `information_and_scores` and `hessian` return."""
    ((information, meats), hessian) = found
    return [*information, *meats, hessian]


def test_visit_gets_the_parts(at):
    model, theta = at
    seen = []
    information_and_scores(model, theta, (1,), lambda part: seen.append(part.posterior))
    posterior = np.concatenate(seen, axis=1)
    assert posterior.tobytes() == model.responsibilities(theta).tobytes()


def test_quadratic_form_of_permuted_experts(at):
    """Gate rows are against the last expert, which is another one in another order."""
    model, theta = at
    form = np.random.default_rng(0).standard_normal((theta.size, theta.size))
    for order in map(np.array, permutations(range(3))):
        permuted = model.layout.permuted(theta, order)
        value = permuted @ model.layout.permuted_form(form, order) @ permuted
        assert value == pytest.approx(theta @ form @ theta, rel=1e-12)


def rows_of(model, theta):
    """Return the log-likelihood of each row, (n,)."""
    return np.concatenate([part.log_likelihood for part in model.parts(theta)])


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("d", [3, WIDE + 1])
def test_sums_over_chunks_are_those_over_rows(d, apart):
    """On 5 000 rows, narrow and wide: Hessians and meat from all rows' scores, at once; experts
    share all rows, or have most of them to themselves."""
    model, theta = sorted_rows(5000, d)
    if apart:
        model.layout.split(theta)[2][:] = -4
    (z, x), weight = (model.sample.gate.stored, model.sample.experts.stored), model.sample.weight
    parts = list(model.parts(theta))
    r, pi, e = (
        np.concatenate([getattr(p, name) for p in parts], -1)
        for name in ("posterior", "gate", "residual")
    )
    e, s = e[:, 0], np.exp(model.layout.split(theta)[2])[:, None]
    alone = ((r > NOTHING).sum(axis=0) == 1).mean()
    assert 0.3 < alone < 0.98 if apart else alone == 0

    def scores(k):
        """Return the complete-data scores of all rows for one expert, (n, D)."""
        own = (np.arange(3) == k)[:, None]
        gate = [(own[j] - pi[j])[:, None] * z for j in range(2)]
        experts = [(own[j] * e[j] / s[j] ** 2)[:, None] * x for j in range(3)]
        return np.hstack([*gate, *experts, (own * ((e / s) ** 2 - 1)).T])

    each = [scores(k) for k in range(3)]
    mean = sum(r[k][:, None] * each[k] for k in range(3))
    missing = sum(((each[k] - mean).T * (weight * r[k])) @ (each[k] - mean) for k in range(3))
    found, (meat, second) = information_and_scores(model, theta, (1, 2))
    assert found.missing == pytest.approx(missing, abs=1e-12 * np.abs(missing).max())
    assert meat == pytest.approx((mean.T * weight) @ mean, abs=1e-12 * np.abs(meat).max())
    exact = (mean.T * weight**2) @ mean
    assert second == pytest.approx(exact, abs=1e-12 * np.abs(exact).max())
    assert found.missing == pytest.approx(information(model, theta).missing, rel=1e-12, abs=1e-12)
    assert found.hessian == pytest.approx(hessian(model, theta), abs=1e-12 * np.abs(missing).max())


def test_hessians_of_gaussian_experts_are_the_weighted_grams():
    """That of the heaviest expert of the first rows is what the others leave."""
    model, theta = sorted_rows(5000, 4)
    r, x = model.responsibilities(theta), model.sample.experts.stored
    found = em.moments(model, theta, model.sample.gram)
    assert found.mass == pytest.approx(r @ model.sample.weight, rel=1e-13)
    assert found.mass.argmax() != r[:, :2048].sum(axis=1).argmax()
    for k in range(3):
        exact = (x.T * (model.sample.weight * r[k])) @ x
        assert found.hessians[k] == pytest.approx(exact, abs=1e-15 * len(x) ** 0.5)
        step = np.linalg.solve(found.hessians[k], found.experts[k])
        assert np.linalg.solve(exact, found.experts[k]) == pytest.approx(step, rel=1e-10)


def test_hessian_of_an_expert_of_next_to_no_weight_keeps_its_digits():
    """The first 2 048 rows, which choose the heaviest expert, weigh nothing beside the others."""
    rng, n = np.random.default_rng(5), 6000
    first, x = np.arange(n) < 2048, rng.standard_normal((6000, 2))
    given = Problem(x, 9.0 * first + x[:, 0], weights=np.where(first, 1e-13, 1.0))
    model = model_of(given, 2)
    theta = np.zeros(model.layout.size)
    _, experts, scales = model.layout.split(theta)
    experts[:, 0, 0], scales[:] = [9.0 / model.sample.unit, 0.0], -2.0
    r, z = model.responsibilities(theta), model.sample.experts.stored
    found = em.moments(model, theta, model.sample.gram)
    exact = (z.T * (model.sample.weight * r[0])) @ z
    assert found.mass[0] < 1e-9
    assert found.hessians[0] == pytest.approx(exact, rel=1e-9, abs=1e-12 * exact.max())


@pytest.mark.parametrize("name", CASES)
def test_rate_is_the_spectrum_of_the_em_map(name):
    """Of its numerical Jacobian, at the fixed point."""
    given, k = problem(name), len(CASES[name].experts)
    model, theta = model_of(given, k), fit(given, k, n_init=4).theta
    jacobian = differences(lambda point: em.solved_em_step(model, point)[1], theta)
    observed = np.sort(np.linalg.eigvals(jacobian).real)
    found = information(model, theta)
    assert spectrum(found.complete, found.missing) == pytest.approx(observed, abs=1e-6)


def test_solved_em_step_zeroes_the_gradient_of_q_and_never_raises_the_loss(at):
    model, theta = at
    for _ in range(5):
        before, following = em.solved_em_step(model, theta)
        assert model.loss(following) < before
        theta = following


def test_em_step_is_a_mirror_step_in_both_forms_and_controls_are_not(at):
    model, theta = at
    target = em.solved_em_step(model, theta)[1]
    found = certificate.residuals(model, theta, target)
    assert max(found.moving, found.projected) < 1e-11
    assert found.unprojected > 0.1
    for control in (theta, (theta + target) / 2):
        off = certificate.residuals(model, theta, control)
        assert min(off.moving, off.projected) > 0.1


def test_bregman_divergence_of_the_moving_map_is_a_sum_of_divergences(at):
    model, theta = at
    u, t = theta + 0.1, theta - 0.07 * np.cos(np.arange(theta.size))
    value, slope, natural = moving_map(model, theta)
    bregman = value(u) - value(t) - slope(t) @ (natural(u) - natural(t))
    assert certificate.divergence(model, theta, u, t) == pytest.approx(bregman, rel=1e-7)


def test_gain_of_an_em_step_is_two_divergences(at):
    model, theta = at
    target = em.solved_em_step(model, theta)[1]
    left, right = certificate.first_identity(model, theta, target)
    assert left == pytest.approx(right, rel=1e-11)
    fixed = fixed_map_gain(model, theta, target)
    assert abs(fixed / left - 1) > 1e-4  # with the fixed map the identity is off


def test_distance_to_any_point_obeys_the_second_identity(at):
    model, theta = at
    target = em.solved_em_step(model, theta)[1]
    left, right = certificate.second_identity(model, theta, target, theta + 0.05)
    assert left == pytest.approx(right, rel=1e-9)


def test_relabelled_experts_have_the_same_loss_and_spectrum(at):
    model, theta = at
    other = model.layout.permuted(theta, np.array([2, 0, 1]))
    assert model.loss(other) == pytest.approx(model.loss(theta), rel=1e-13)
    both = [information(model, point) for point in (theta, other)]
    values = [spectrum(found.complete, found.missing) for found in both]
    assert values[0] == pytest.approx(values[1], abs=1e-9)


@pytest.mark.parametrize("family", ["logistic", "multinomial", "poisson"])
def test_densities_sum_to_one_with_the_mean_and_divergence_of_the_family(family):
    law = of_name(family, 3)
    rng = np.random.default_rng(3)
    eta, other = rng.standard_normal((2, 1, law.rows, 1))
    y = np.arange({"logistic": 2, "multinomial": 3, "poisson": 60}[family], dtype=float)
    logs = [
        law.log_density(law.statistic(y), law.base(y), point, np.zeros(1))[0]
        for point in (eta, other)
    ]
    p = np.exp(logs[0])
    assert p.sum() == pytest.approx(1, abs=1e-12)
    mean = law.statistic(y) @ p
    assert law.mean(eta)[0, :, 0] == pytest.approx(mean, abs=1e-12)
    square = (law.statistic(y) * p) @ law.statistic(y).T - np.outer(mean, mean)
    assert law.variance(law.mean(eta))[0, :, :, 0] == pytest.approx(square, abs=1e-10)
    kl = p @ (logs[0] - logs[1])
    zero = np.zeros(1)
    assert law.divergence(eta, other, zero, zero)[0, 0] == pytest.approx(kl, rel=1e-10)


def test_gaussian_density_integrates_to_one_and_to_the_divergence():
    law, scales = of_name("gaussian"), (np.array([-0.3]), np.array([0.4]))
    eta, other = np.array([[[0.7]]]), np.array([[[-0.2]]])

    def log_density(y, point, scale):
        y = np.atleast_1d(y)
        return law.log_density(law.statistic(y), law.base(y), point, scale)[0, 0]

    def integrand(y):
        first, second = log_density(y, eta, scales[0]), log_density(y, other, scales[1])
        return np.array([np.exp(first), np.exp(first) * (first - second)])

    total, kl = integrate.quad_vec(integrand, -12, 12, epsabs=1e-12)[0]
    assert total == pytest.approx(1, abs=1e-10)
    assert law.divergence(eta, other, *scales)[0, 0] == pytest.approx(kl, rel=1e-9)
