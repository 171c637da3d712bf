"""Observed and missing information against differences, enumeration, EM itself and quadrature."""

import numpy as np
import pytest

from emmoe.models.regression import Sample
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.theory import population_rate
from emmoe.theory.information import spectrum
from emmoe.theory.mirror import independent_gradient
from emmoe.theory.optimum import settle

CASES = [
    pytest.param(("symmetric_linear", {}), id="linear"),
    pytest.param(("symmetric_linear", {"noise_sd": 0.4}), id="linear-noise-0.4"),
    pytest.param(("symmetric_linear", {"noise_sd": 2.5}), id="linear-noise-2.5"),
    pytest.param(("symmetric_logistic", {}), id="logistic"),
]
# model, |beta*|, |w*|, angle between them
POPULATIONS = [
    pytest.param((SymmetricLinear(), 1.25, 1.0, 45.0), id="linear-45"),
    pytest.param((SymmetricLinear(), 3.0, 4.0, 0.0), id="linear-0"),
    pytest.param((SymmetricLinear(noise_sd=0.5), 1.0, 2.0, 90.0), id="linear-noise-0.5"),
    pytest.param((SymmetricLogistic(), 4.0, 2.0, 60.0), id="logistic-60"),
]


@pytest.fixture(params=CASES)
def case(request, problem):
    name, settings = request.param
    return problem(name, n=400, **settings)


def jacobian(gradient_by_differences, function, theta):
    """The derivative (6, 6) of a function from R^6 to itself."""
    return np.array(
        [gradient_by_differences(lambda t, i=i: function(t)[i], theta, h=5e-4) for i in range(6)]
    )


def em_step(model, theta):
    _, gradient, statistic = model.e_step(theta)
    return model.m_step(theta, statistic, gradient, 1e-16)


def conditional_covariance(model, theta):
    """E Cov(s | x, y), by summing over z, of the score s of the complete-data likelihood: the
    gradient of log p(y | x, z) + log P(z | x), which z enters only as a factor."""
    x, y, (beta, w) = model.sample.x, model.sample.y, np.split(theta, 2)
    z = np.array([[1.0], [-1.0]])
    log_gate = -np.logaddexp(0, -z * (x @ w))
    if isinstance(model, SymmetricLinear):
        log_expert = -(((y - z * (x @ beta)) / model.noise_sd) ** 2) / 2
        slope = z * (y - z * (x @ beta)) / model.noise_sd**2
    else:
        log_expert = -np.logaddexp(0, -y * z * (x @ beta))
        slope = z * y / (1 + np.exp(y * z * (x @ beta)))
    posterior = np.exp(log_gate + log_expert)
    posterior /= posterior.sum(axis=0)
    gate_slope = z * np.exp(-np.logaddexp(0, z * (x @ w)))
    score = np.concatenate([slope[..., None] * x, gate_slope[..., None] * x], axis=2)
    centred = score - (posterior[..., None] * score).sum(axis=0)
    return np.einsum("zn,zni,znj->ij", posterior, centred, centred) / len(x)


def test_mirror_hessian_is_the_derivative_of_the_mirror_gradient(case, gradient_by_differences):
    for theta in (case.truth, case.start, 0 * case.start):
        expected = jacobian(gradient_by_differences, case.model.mirror_gradient, theta)
        np.testing.assert_allclose(case.model.mirror_hessian(theta), expected, atol=1e-8)


def test_hessian_is_the_derivative_of_the_gradient_of_the_loss(case, gradient_by_differences):
    for theta in (case.truth, case.start, 0 * case.start):
        expected = jacobian(
            gradient_by_differences, lambda t: independent_gradient(case.model, t), theta
        )
        tolerance = 1e-7 * np.abs(expected).max()
        np.testing.assert_allclose(case.model.hessian(theta), expected, atol=tolerance)


def test_missing_information_is_the_mean_conditional_covariance_of_the_score(case):
    for theta in (case.truth, case.start):
        expected = conditional_covariance(case.model, theta)
        tolerance = 1e-13 * np.abs(expected).max()
        actual = case.model.missing_information(theta)
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=tolerance)


def test_eigenvectors_are_orthonormal_in_the_mirror_hessian(case):
    values, vectors = spectrum(case.model, case.truth)
    complete = case.model.mirror_hessian(case.truth)
    missing = case.model.missing_information(case.truth)
    np.testing.assert_allclose(vectors.T @ complete @ vectors, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(missing @ vectors, complete @ vectors * values, atol=1e-11)
    assert (np.diff(values) <= 0).all() and values[-1] >= 0


def test_em_contracts_every_eigenvector_by_its_eigenvalue_at_a_fixed_point(case):
    best = settle(case.model, case.truth).theta
    values, vectors = spectrum(case.model, best)
    assert 0.01 < values[0] < 1
    for value, vector in zip(values, vectors.T, strict=True):
        ends = [em_step(case.model, best + s * 1e-4 * vector) for s in (1, -1)]
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-4, value * vector, atol=1e-5)


def test_top_eigenvalue_is_the_observed_ratio_of_em(case):
    """Without the eigenvector: from any direction the last ratio of errors tends to lambda_max."""
    best = settle(case.model, case.truth).theta
    top, second = spectrum(case.model, best)[0][:2]
    error, ratio = 1e-3 * case.start, np.nan
    for _ in range(400):
        after = em_step(case.model, best + error) - best
        ratio = np.linalg.norm(after) / np.linalg.norm(error)
        error = after * 1e-3 / np.linalg.norm(after)
    assert (second / top) ** 400 < 1e-4
    assert ratio == pytest.approx(top, rel=5e-3)


@pytest.mark.parametrize("population", POPULATIONS)
def test_population_rate_is_the_limit_of_the_sample_spectrum_at_the_truth(population):
    """Within five standard errors, taken from ten parts of the sample of 200 000."""
    model, norm_beta, norm_w, angle = population
    radians, rng = np.deg2rad(angle), np.random.default_rng(11)
    truth = np.array([norm_beta, 0, 0, norm_w * np.cos(radians), norm_w * np.sin(radians), 0])
    x = rng.standard_normal((200_000, 3))
    y = model.simulate(x, truth, rng)
    parts = zip(np.split(x, 10), np.split(y, 10), strict=True)
    tops = [spectrum(model.bind(Sample(*part)), truth)[0][0] for part in parts]
    whole = spectrum(model.bind(Sample(x, y)), truth)[0][0]
    name = "symmetric_linear" if isinstance(model, SymmetricLinear) else "symmetric_logistic"
    rate = population_rate(name, norm_beta / getattr(model, "noise_sd", 1.0), norm_w, angle)
    error = np.std(tops) / np.sqrt(10)
    assert error < 0.005
    assert abs(whole - rate) <= 5 * error
