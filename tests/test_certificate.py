"""The mirror-descent certificate of whole runs, and the paper's bounds along them."""

import numpy as np
import pytest

from emmoe.fitters.em import EM
from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.lab.fit import Run
from emmoe.lab.recorder import record
from emmoe.measures.analyses import bounds, certificate
from emmoe.models.regression import Sample
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.theory.information import spectrum
from emmoe.theory.mirror import bregman
from emmoe.theory.optimum import settle

# model, |beta*|, |w*|
CASES = [
    pytest.param((SymmetricLinear(), 0.5, 0.25), id="linear-weak"),
    pytest.param((SymmetricLinear(), 1.25, 1.25), id="linear"),
    pytest.param((SymmetricLinear(), 6.0, 0.25), id="linear-strong"),
    pytest.param((SymmetricLinear(noise_sd=0.4), 1.0, 2.0), id="linear-noise-0.4"),
    pytest.param((SymmetricLogistic(), 4.0, 1.0), id="logistic-weak"),
    pytest.param((SymmetricLogistic(), 4.0, 4.0), id="logistic"),
]
CONTROLS = ("control_half_step", "control_gradient_step", "control_no_step")


def fit(model, truth, start, fitter, iterations):
    """The run of a fitter, as an experiment hands it to its analyses."""
    thetas = []
    visit = lambda state: thetas.append(state.theta)  # noqa: E731
    record(fitter, model, start, iterations=iterations, tolerance=1e-9, visit=visit)
    return Run(model, fitter, truth, np.array(thetas), "converged")


def setting(law, norm_beta, norm_w, n=1000, d=5):
    """A model bound to a sample, its truth and a random start of norm 2."""
    rng = np.random.default_rng(2)
    directions = rng.standard_normal((4, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    truth = np.concatenate([norm_beta * directions[0], norm_w * directions[1]])
    x = rng.standard_normal((n, d))
    model = law.bind(Sample(x, law.simulate(x, truth, rng)))
    return model, truth, np.sqrt(2) * np.concatenate(directions[2:])


def make_run(law, norm_beta, norm_w, fitter=None, iterations=250):
    return fit(*setting(law, norm_beta, norm_w), fitter or EM(), iterations)


@pytest.fixture(params=CASES, scope="module")
def run(request):
    return make_run(*request.param)


@pytest.fixture(scope="module")
def optimum(run):
    return settle(run.model, run.thetas[-1])


def test_em_run_is_mirror_descent(run):
    found = certificate.analyse(run)
    assert found["mirror_residual"] <= 1e-8
    assert found["mirror_steps"] >= 7
    assert max(found["identity_1"], found["identity_2"]) <= 1e-13


def test_every_control_fails_the_check_at_every_step(run):
    found = certificate.analyse(run)
    assert min(found[name] for name in CONTROLS) > 1e-3
    assert found["control_half_step"] < 0.6 and found["control_no_step"] == pytest.approx(1)


def test_certificate_has_the_same_columns_for_every_run(run):
    columns = set(certificate.analyse(run))
    short = Run(run.model, run.fitter, None, run.thetas[:1], "max_iterations")
    descent = Run(run.model, GradientDescent(0.1), run.truth, run.thetas, "converged")
    for other in (short, descent):
        found = certificate.analyse(other)
        assert set(found) == columns and found.pop("mirror_steps") == 0
        assert np.isnan(list(found.values())).all()
    assert all(isinstance(value, float) for value in certificate.analyse(run).values())


def test_certificate_without_a_truth_leaves_out_the_second_identity(run):
    found = certificate.analyse(Run(run.model, run.fitter, None, run.thetas, "converged"))
    assert np.isnan(found["identity_2"])
    assert found["identity_1"] == certificate.analyse(run)["identity_1"]


def test_steps_whose_gradient_is_round_off_are_not_checked(run):
    resting = np.tile(settle(run.model, run.thetas[-1]).theta, (4, 1))
    found = certificate.analyse(Run(run.model, run.fitter, run.truth, resting, "converged"))
    assert found["mirror_steps"] == 0 and np.isnan(found["mirror_residual"])


@pytest.mark.parametrize("case", CASES[1:2] + CASES[5:])
def test_certificate_refuses_what_is_not_em(case):
    """Gradient descent under EM's name, with a step of 1, and parameters of another scale."""
    law, *norms = case
    descent = make_run(law, *norms, fitter=GradientDescent(1.0), iterations=30)
    found = certificate.analyse(Run(descent.model, EM(), descent.truth, descent.thetas, "x"))
    assert found["mirror_residual"] > 1e-2
    assert min(found["identity_1"], found["identity_2"]) > 1e-6
    run = make_run(law, *norms)
    scaled = Run(run.model, EM(), run.truth, 0.99 * run.thetas, "x")
    assert certificate.analyse(scaled)["mirror_residual"] > 1e-2


def test_secants_lie_between_relative_convexity_and_one(run, optimum):
    """Smoothness relative to A is 1; near theta_hat convexity is 1 - lambda_max(M)."""
    found = certificate.analyse(run)
    assert found["secant_convexity"] < found["secant_smoothness"] <= 1
    values = spectrum(run.model, optimum.theta)[0]
    far = np.linalg.norm(run.thetas - optimum.theta, axis=1) > 1e-3
    end = run.thetas[np.flatnonzero(far)[-1] :]
    last = certificate.analyse(Run(run.model, run.fitter, run.truth, end, "converged"))
    assert 1 - values[0] - 0.01 <= last["secant_convexity"]
    assert last["secant_smoothness"] <= 1 - values[-1] + 0.01


def test_gap_and_divergence_keep_their_digits_near_the_optimum(run, optimum):
    found = {name: np.array(values) for name, values in bounds.analyse(run).items()}
    losses = np.array([run.model.loss(theta) for theta in run.thetas])
    np.testing.assert_allclose(found["bound_gap"], losses - optimum.loss, rtol=0, atol=1e-13)
    assert (found["bound_gap"] > 0).all() and (found["bound_bregman"] > 0).all()
    assert found["bound_gap"][-1] < 1e-9  # where a difference of losses has lost its digits
    error = run.thetas[-1] - optimum.theta
    hessians = run.model.hessian(optimum.theta), run.model.mirror_hessian(optimum.theta)
    for name, curvature in zip(("bound_gap", "bound_bregman"), hessians, strict=True):
        form = error @ curvature @ error / 2
        assert found[name][-1] == pytest.approx(form, rel=1e-3)


def test_largest_eigenvalue_is_followed_along_the_run(run, optimum):
    tops = bounds.analyse(run)["bound_lambda"]
    assert len(tops) == len(run.thetas)
    assert tops[0] == spectrum(run.model, run.thetas[0])[0][0]
    assert tops[-1] == pytest.approx(spectrum(run.model, optimum.theta)[0][0], abs=1e-5)


def terms(run):
    found = bounds.analyse(run)
    return tuple(np.array(found[f"bound_{name}"]) for name in ("gap", "bregman", "alpha"))


def test_em_step_contracts_the_divergence_by_the_secant(run):
    """I2 at theta_hat: D_t+1 + gap_t+1 <= (1 - alpha_t) D_t, whatever the sign of alpha_t."""
    gap, size, alpha = terms(run)
    kept = np.isfinite(alpha[:-1])
    assert kept.sum() >= 8
    assert ((size + gap)[1:] <= (1 - alpha[:-1] + 1e-5) * size[:-1])[kept].all()


def test_gradient_steps_break_the_bound_of_em():
    """The control: the bound is EM's, not a property of any descent."""
    run = make_run(SymmetricLinear(), 1.25, 1.25, GradientDescent(0.1), 100)
    gap, size, alpha = terms(run)
    assert (np.diff(gap) < 0).all()
    assert ((size + gap)[1:] > (1 - alpha[:-1] + 1e-3) * size[:-1]).mean() > 0.9


def test_gap_is_sublinear_where_all_secants_are_nonnegative():
    """gap_T <= D_0 / T, on every case that meets the hypothesis; some do."""
    met = 0
    for case in CASES:
        gap, size, alpha = terms(make_run(*case.values[0]))
        if (alpha[np.isfinite(alpha)] >= 0).all():
            met += 1
            steps = np.arange(1, len(gap))
            assert (gap[1:] <= size[0] / steps).all()
            linear = size[0] * np.cumprod(1 - alpha[:-1])
            kept = np.isfinite(linear)
            assert (size[1:][kept] <= linear[kept] * (1 + 1e-3)).all()
    assert met >= 2


def test_smallest_step_is_bounded_by_the_decrease_of_the_loss_from_any_start(run, optimum):
    """I1, summed: min over t < T of D_A(theta_t, theta_t+1) <= (L_0 - L*) / T."""
    steps = [bregman(run.model, *pair) for pair in zip(run.thetas, run.thetas[1:], strict=False)]
    decrease = run.model.loss(run.thetas[0]) - optimum.loss
    bound = decrease / np.arange(1, len(run.thetas))
    assert (np.minimum.accumulate(steps) <= bound).all()
    assert np.sum(steps) <= decrease


def test_bounds_against_no_strict_minimum_are_missing(run):
    saddle = Run(run.model, run.fitter, run.truth, np.zeros((3, 10)), "max_iterations")
    found = bounds.analyse(saddle)
    assert found.keys() == bounds.analyse(run).keys()
    for name in ("bound_gap", "bound_bregman", "bound_alpha"):
        assert len(found[name]) == 3 and np.isnan(found[name]).all()
    assert np.isfinite(found["bound_lambda"]).all()
