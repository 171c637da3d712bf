"""EM as mirror descent: independent gradients, stable divergences and the two identities."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from brute_force import brute_loss, log_bayes
from scipy import stats

from emmoe.models._compiled import terms
from emmoe.models.symmetric import SymmetricModel
from emmoe.theory import mirror
from emmoe.theory.optimum import settle

CASES = [
    pytest.param(("symmetric_linear", {}), id="linear"),
    pytest.param(("symmetric_linear", {"noise_sd": 0.4}), id="linear-noise-0.4"),
    pytest.param(("symmetric_linear", {"noise_sd": 2.5}), id="linear-noise-2.5"),
    pytest.param(("symmetric_logistic", {}), id="logistic"),
]
LOGITS = [0.0, 1e-3, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 110.0, 360.0, 600.0]
CHANGES = [1e-12, 1e-6, 1e-3, 0.1, 0.4999, 0.5001, 0.7, 1.0, 1.99, 2.01, 10.0, 50.0, 101.0, 1e3]


@pytest.fixture(params=CASES)
def case(request, problem):
    name, settings = request.param
    return problem(name, **settings)


@pytest.fixture
def step(case):
    """theta_t, its EM step solved to round-off, and the model."""
    _, gradient, statistic = case.model.e_step(case.start)
    return case.start, case.model.m_step(case.start, statistic, gradient, 1e-16), case.model


def exact_terms(logit, change):
    """The divergence and half the change of tanh(l/2), in digits enough for exp(-|l|)."""
    with localcontext() as context:
        context.prec = 60 + int(abs(logit))
        u, c = Decimal(logit), Decimal(change)
        softplus = (1 + (u + c).exp()).ln() - (1 + u.exp()).ln()
        slope = 1 / (1 + (-u - c).exp()) - 1 / (1 + (-u).exp())
        return float(softplus - c / (1 + (-u).exp())), float(slope)


def test_independent_gradient_is_that_of_the_component_densities(case, gradient_by_differences):
    for theta in (case.truth, case.start, 5 * case.start):
        expected = gradient_by_differences(lambda t: brute_loss(case.model, t), theta)
        loss, gradient = mirror.independent_loss_and_gradient(case.model, theta)
        np.testing.assert_allclose(gradient, expected, atol=1e-7 * np.linalg.norm(expected))
        assert loss == pytest.approx(brute_loss(case.model, theta), rel=1e-13)


def test_independent_gradient_agrees_with_the_model_to_round_off(case):
    for theta in (case.truth, case.start, 5 * case.start):
        gradient = case.model.loss_and_gradient(theta)[1]
        error = np.abs(mirror.independent_gradient(case.model, theta) - gradient).max()
        assert error <= 1e-14 * max(1, np.abs(gradient).max())


def test_independent_gradient_and_mirror_change_call_nothing_of_the_model(case, monkeypatch):
    def forbidden(*_):
        raise AssertionError("shared code: the certificate would be a tautology")

    for name in ("logits", "e_step", "loss", "loss_and_gradient", "mirror_gradient", "_pass"):
        monkeypatch.setattr(SymmetricModel, name, forbidden)
    assert mirror.mirror_residual(case.model, case.start, case.truth) > 0


def test_extreme_parameters_give_finite_numbers(case):
    for size in (0.0, 1e3, 1e6):
        theta = size * case.start
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            loss, gradient = mirror.independent_loss_and_gradient(case.model, theta)
            values = [loss, *gradient, mirror.bregman(case.model, theta, case.start)]
            values.append(mirror.posterior_divergence(case.model, case.start, theta))
            values.extend(mirror.mirror_gradient_change(case.model, theta, case.start))
        assert np.isfinite(values).all()


def test_em_step_is_a_unit_mirror_step(step):
    t, t_plus, model = step
    assert mirror.mirror_residual(model, t, t_plus) <= 1e-13


def test_half_a_step_a_gradient_step_and_no_step_are_not_mirror_steps(step):
    t, t_plus, model = step
    gradient = mirror.independent_gradient(model, t)
    for other in ((t + t_plus) / 2, t - gradient):
        assert mirror.mirror_residual(model, t, other, gradient) > 1e-2
    assert mirror.mirror_residual(model, t, t) == pytest.approx(1)


def test_mirror_gradient_change_is_a_difference_of_gradients(case):
    change = mirror.mirror_gradient_change(case.model, case.truth, case.start)
    ends = [case.model.mirror_gradient(theta) for theta in (case.truth, case.start)]
    np.testing.assert_allclose(change, ends[0] - ends[1], rtol=1e-12, atol=1e-14)


def test_tiny_mirror_gradient_change_keeps_its_relative_accuracy(case):
    """Hess A times the change, where a difference of gradients would be noise."""
    new = case.truth + 1e-13 * case.start
    expected = case.model.mirror_hessian(case.truth) @ (new - case.truth)
    change = mirror.mirror_gradient_change(case.model, new, case.truth)
    np.testing.assert_allclose(change, expected, atol=1e-11 * np.linalg.norm(expected))


@pytest.mark.parametrize("logit", LOGITS)
def test_logistic_terms_agree_with_long_arithmetic(logit):
    for change in (r * c for c in CHANGES for r in (1, -1)):
        for signed in (logit, -logit):
            arguments = np.array([signed]), np.array([change])
            found = terms.bernoulli_divergence(*arguments), terms.half_tanh_change(*arguments)
            exact = exact_terms(signed, change)
            rounding = 4 * np.finfo(float).eps * (logit + abs(change))  # of the logits' sum
            np.testing.assert_allclose(np.ravel(found), exact, rtol=1e-13 + rounding, atol=0)


@pytest.mark.parametrize("logit", LOGITS)
def test_log_sigmoid_agrees_with_long_arithmetic(logit):
    with localcontext() as context:
        context.prec = 60 + int(logit)
        for signed in (logit, -logit):
            values = terms.log_sigmoid(np.array([[signed], [-signed]]))
            odds = [Decimal(v).exp() for v in (signed, -signed)]
            exact = [[(e / (1 + e)).ln() for e in odds], [1 / (1 + e) for e in odds]]
            np.testing.assert_allclose(np.squeeze(values), np.array(exact, float), rtol=1e-14)


def test_terms_of_saturated_logits_are_not_negative():
    logits, changes = np.array([-1e6, -1e6, -800.0, 1e6, -720.0]), np.array([9e5, -9e5, 50, 1, 0.4])
    for sign in (1, -1):
        assert (terms.bernoulli_divergence(sign * logits, sign * changes) == 0).all()
        change = sign * terms.half_tanh_change(sign * logits, sign * changes)
        np.testing.assert_allclose(change, 0, atol=1e-300)


def test_terms_take_any_layout_and_refuse_shapes_that_do_not_agree():
    logits, changes = np.random.default_rng(0).standard_normal((2, 3, 40))
    turned = terms.log_sigmoid(np.asfortranarray(logits))
    np.testing.assert_array_equal(turned, terms.log_sigmoid(logits))
    np.testing.assert_array_equal(
        terms.log_sigmoid(np.array([2, -2])), terms.log_sigmoid([2.0, -2])
    )
    for term in (terms.half_tanh_change, terms.bernoulli_divergence):
        turned = term(logits[0], np.asfortranarray(changes))
        np.testing.assert_array_equal(turned, [term(logits[0], row) for row in changes])
        with pytest.raises(ValueError, match="must agree in n"):
            term(logits[0, 1:], changes)


def test_mirror_gradient_changes_of_several_points_are_those_of_each(case):
    points = np.stack([case.truth, 3 * case.start, case.start])
    together = mirror.mirror_gradient_change(case.model, points, case.start)
    each = [mirror.mirror_gradient_change(case.model, point, case.start) for point in points]
    np.testing.assert_allclose(together, each, rtol=1e-13, atol=1e-16)


def test_bregman_divergences_follow_their_definitions(case):
    model, u, t = case.model, case.truth, case.start
    of_mirror = model.mirror_map(u) - model.mirror_map(t) - model.mirror_gradient(t) @ (u - t)
    assert mirror.bregman(model, u, t) == pytest.approx(of_mirror, rel=1e-11)
    loss, gradient = model.loss_and_gradient(t)
    of_loss = model.loss(u) - loss - gradient @ (u - t)
    assert mirror.loss_bregman(model, u, t) == pytest.approx(of_loss, rel=1e-10)


def test_bregman_divergence_is_the_complete_data_divergence(problem):
    """Over the four values of (y, z) of SymMoLogE: KL(model at t || model at u)."""
    model, truth, start = problem("symmetric_logistic")

    def logs(theta):
        b, a = (model.sample.x @ part for part in np.split(theta, 2))
        signs = [(y, z) for y in (1, -1) for z in (1, -1)]
        return np.array([stats.logistic.logcdf([y * z * b, z * a]).sum(axis=0) for y, z in signs])

    at_t, at_u = logs(start), logs(truth)
    expected = (np.exp(at_t) * (at_t - at_u)).sum(axis=0).mean()
    assert mirror.bregman(model, truth, start) == pytest.approx(expected, rel=1e-12)


def test_posterior_divergence_is_the_mean_divergence_of_posteriors(case):
    t, u = log_bayes(case.model, case.start), log_bayes(case.model, case.truth)
    expected = (np.exp(t) * (t - u)).sum(axis=0).mean()
    actual = mirror.posterior_divergence(case.model, case.start, case.truth)
    assert actual == pytest.approx(expected, rel=1e-11)


def test_close_divergences_are_quadratic_forms_of_the_hessians(case):
    """At a distance of 1e-10 the definitions, near 1e-20, would be lost in round-off."""
    model, t = case.model, case.truth
    u = t + 1e-10 * case.start
    forms = [
        (u - t) @ h(model, t) @ (u - t) / 2
        for h in (type(model).mirror_hessian, type(model).hessian)
    ]
    found = [mirror.bregman(model, u, t), mirror.loss_bregman(model, u, t)]
    np.testing.assert_allclose(found, forms, rtol=1e-7)


def test_secant_tends_to_the_rayleigh_quotient_at_the_optimum(case):
    best = settle(case.model, case.truth).theta
    v = case.start
    quotient = v @ case.model.hessian(best) @ v / (v @ case.model.mirror_hessian(best) @ v)
    assert mirror.secant_alpha(case.model, best, best + 1e-6 * v) == pytest.approx(quotient, 1e-4)
    assert np.isnan(mirror.secant_alpha(case.model, best, best))


def test_identities_hold_along_em_and_only_there(step, case):
    *_, model = step
    t, t_plus, half_way = (mirror.Point(model, p) for p in (*step[:2], (step[0] + step[1]) / 2))
    assert np.isnan(mirror.identities(t, t_plus)[1])
    for u in (case.truth, -t.theta, 0 * t.theta, case.truth + 3):
        u = mirror.Point(model, u)
        assert max(mirror.identities(t, t_plus, u)) <= 1e-14
        assert min(mirror.identities(t, half_way, u)) > 1e-5
