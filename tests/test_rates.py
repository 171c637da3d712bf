"""The observed linear rate, its prediction, and the outcomes of a run."""

import numpy as np
import pytest

from emmoe.fitters.em import EM
from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.fitters.gradient_em import GradientEM
from emmoe.lab.fit import Run
from emmoe.lab.recorder import record
from emmoe.measures.analyses import rates
from emmoe.models.regression import Sample
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.theory.optimum import settle


def bound(cls, norm_beta, norm_w, n=2000, d=3, seed=0):
    """Return a model bound to a sample of its own, and the truth."""
    rng = np.random.default_rng(seed)
    u, v = (vector / np.linalg.norm(vector) for vector in rng.standard_normal((2, d)))
    truth, x = np.concatenate([norm_beta * u, norm_w * v]), rng.standard_normal((n, d))
    return cls().bind(Sample(x, cls().simulate(x, truth, rng))), truth


def fitted(model, truth, fitter, start, iterations=1000, tolerance=1e-12):
    thetas = []
    recording = record(
        fitter,
        model,
        start,
        iterations=iterations,
        tolerance=tolerance,
        visit=lambda state: thetas.append(state.theta),
    )
    return Run(model, fitter, truth, np.array(thetas), recording.status[0])


CASES = [
    (SymmetricLinear, 1.25, 1.25, EM()),
    (SymmetricLinear, 3.0, 2.0, EM()),
    (SymmetricLogistic, 6.0, 3.0, EM()),
    (SymmetricLinear, 1.25, 1.25, GradientDescent({"beta": 1.0, "w": 4.0})),
    (SymmetricLogistic, 3.0, 2.0, GradientDescent(10.0)),
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].__name__}-{type(case[3]).__name__}")
def run(request):
    cls, norm_beta, norm_w, fitter = request.param
    model, truth = bound(cls, norm_beta, norm_w)
    return fitted(model, truth, fitter, truth + 0.2, iterations=3000)


def test_observed_rate_is_the_one_the_jacobian_predicts(run):
    found = rates.analyse(run)
    assert found["outcome"] == "optimum"
    assert abs(np.log10(found["rate"] / found["rate_predicted"])) <= 2e-4
    assert found["rate"] <= found["lambda_1"] + 1e-5


def test_rate_equals_the_top_eigenvalue_where_the_second_has_died_out(run):
    found = rates.analyse(run)
    ratio = found["lambda_2"] / found["lambda_1"]
    assert (ratio ** (2 * found["window"]) < 1e-3) <= (
        abs(found["rate"] - found["lambda_1"]) <= 2e-2 * found["lambda_1"]
    )


def test_step_departs_from_its_linearisation_by_the_square_of_the_error(run):
    slope = rates.analyse(run)["defect_slope"]
    assert slope == pytest.approx(2, abs=0.15)


def test_jacobian_of_each_fitter_is_the_derivative_of_its_step(run):
    limit = settle(run.model, run.truth).theta
    jacobian = run.fitter.jacobian(run.model, limit)

    def step(theta):
        states = run.fitter.iterate(run.model, theta)
        next(states)
        return next(states).theta

    h = 1e-5
    columns = [(step(limit + h * e) - step(limit - h * e)) / (2 * h) for e in np.eye(len(limit))]
    np.testing.assert_allclose(jacobian, np.transpose(columns), atol=1e-6)


def test_rate_of_an_exactly_linear_trajectory_is_exact():
    model, truth = bound(SymmetricLinear, 2.0, 1.0)
    limit = settle(model, truth).theta
    step = EM().jacobian(model, limit)
    values, vectors = np.linalg.eig(step)
    error, thetas = 0.1 * np.real(vectors[:, values.argmax()]), []
    for _ in range(120):
        thetas.append(limit + error)
        error = step @ error
    found = rates.analyse(Run(model, EM(), truth, np.array(thetas), "converged"))
    assert found["rate"] == pytest.approx(values.max(), abs=1e-6)
    assert found["rate"] == pytest.approx(found["rate_predicted"], abs=1e-6)


def test_error_against_the_truth_would_give_a_rate_near_one(run):
    """What the definition avoids: |theta_t - theta*| stops at the statistical floor."""
    floor = np.linalg.norm(run.thetas - run.truth, axis=1)
    slope = np.exp(np.polyfit(np.arange(10), np.log(floor[-10:]), 1)[0])
    assert slope > 0.999 > rates.analyse(run)["rate"]


def test_run_too_short_for_a_window_is_unresolved():
    model, truth = bound(SymmetricLinear, 1.25, 1.25)
    found = rates.analyse(fitted(model, truth, EM(), truth + 0.2, iterations=12))
    assert found["outcome"] == "capped" and np.isnan(found["rate"])
    assert np.isfinite(found["rho_hat"]) and np.isnan(found["iterations_to_tolerance"])


def test_iterations_to_tolerance_are_the_first_at_which_the_error_is_small(run):
    found, limit = rates.analyse(run), rates.polish(run.model, run.thetas[-1]).theta
    metric = run.model.mirror_hessian(limit)
    sizes = [np.sqrt(e @ metric @ e) for e in run.thetas - limit]
    scale = np.sqrt(limit @ metric @ limit)
    first = next(t for t, size in enumerate(sizes) if size <= 1e-6 * scale)
    assert found["iterations_to_tolerance"] == first >= found["entry"]


def test_strict_minimum_above_the_optimum_is_told_from_it():
    """A spurious local minimum (finding F6): large |w| / |beta|, orthogonal directions."""
    rng = np.random.default_rng(3)
    beta, w = np.array([0.8, 0, 0]), np.array([0, 8.0, 0])
    truth, x = np.concatenate([beta, w]), rng.standard_normal((2000, 3))
    model = SymmetricLinear().bind(Sample(x, SymmetricLinear().simulate(x, truth, rng)))
    starts = rng.standard_normal((40, 6))
    found = [rates.analyse(fitted(model, truth, EM(), start)) for start in starts]
    elsewhere = [f for f in found if f["outcome"] == "elsewhere"]
    assert {"optimum", "elsewhere"} <= {f["outcome"] for f in found}
    for f in elsewhere:
        assert f["loss_gap"] > 1e-3 and f["limit_curvature"] > 0 and f["limit_gradient"] < 1e-10
        assert f["limit_rate"] < 1 and np.isnan(f["iterations_to_tolerance"])


def test_start_at_the_saddle_is_no_optimum():
    model, truth = bound(SymmetricLinear, 1.25, 1.25)
    assert rates.analyse(fitted(model, truth, EM(), np.zeros(6)))["outcome"] == "other"


def test_separated_gate_leaves_the_rate_undefined():
    """With so few points and so little noise the sample has no finite optimum."""
    model, truth = bound(SymmetricLogistic, 60.0, 60.0, n=20, d=3)
    found = rates.analyse(fitted(model, truth, EM(), truth, iterations=300))
    assert found["outcome"] == "undefined" and np.isnan(found["rate"])


def test_saturated_point_is_no_certified_optimum():
    """Where all logits saturate, gradient and curvature vanish alike, on the way to infinity."""
    model, truth = bound(SymmetricLogistic, 1.0, 12.0, n=8, d=5)
    assert not settle(model, truth).certified


def test_diverged_run_still_tells_the_optimum_of_its_sample():
    model, truth = bound(SymmetricLinear, 3.0, 2.0)
    run = fitted(model, truth, GradientDescent(50.0), truth + 0.2, iterations=2000)
    found = rates.analyse(run)
    assert run.status == "diverged" and found["outcome"] == "other"
    assert found["rho_hat"] == rates.analyse(fitted(model, truth, EM(), truth))["rho_hat"]


def test_fitter_without_a_known_jacobian_has_no_prediction():
    model, truth = bound(SymmetricLinear, 1.25, 1.25)
    found = rates.analyse(fitted(model, truth, GradientEM(0.5, inner_steps=3), truth + 0.1))
    assert np.isnan(found["rate"]) and found["outcome"] == "optimum"
