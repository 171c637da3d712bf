"""Mixtures of experts: what must not change a fit, and what one expert is known to be."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from mixture_cases import CASES, differences, draw, problem
from scipy.optimize import minimize
from scipy.special import gammaln

from emmoe.mixture import Problem, fit, inference, predict

RNG = np.random.default_rng(11)


def same(first, second, tolerance=1e-8):
    """Assert equal estimates, standard errors and likelihood."""
    assert first.status == second.status
    assert second.loglik == pytest.approx(first.loglik, rel=tolerance)
    assert second.theta_given == pytest.approx(first.theta_given, rel=tolerance, abs=tolerance)
    for kind in ("observed", "robust"):  # "sampling" takes weights for what repeated rows are not
        pair = [inference.errors(inference.covariance(f, kind)) for f in (first, second)]
        assert pair[1] == pytest.approx(pair[0], rel=100 * tolerance, nan_ok=True)


@pytest.fixture(scope="module", params=CASES)
def case(request):
    x, y = draw(CASES[request.param])
    x, y = x[:600], y[:600]
    k = len(CASES[request.param].experts)
    return request.param, x, y, k, fit(Problem(x, y, request.param), k, n_init=4)


def test_order_of_rows_does_not_matter(case):
    family, x, y, k, found = case
    order = RNG.permutation(len(y))
    same(found, fit(Problem(x[order], y[order], family), k, n_init=4))


def test_weights_are_repeated_rows(case):
    family, x, y, k, _ = case
    counts = RNG.integers(0, 4, size=len(y))
    weighted = fit(Problem(x, y, family, weights=counts), k, n_init=4)
    repeated = fit(Problem(np.repeat(x, counts, 0), np.repeat(y, counts), family), k, n_init=4)
    same(weighted, repeated)
    assert weighted.bic == pytest.approx(repeated.bic, nan_ok=True)


def test_units_of_x_only_change_the_units_of_slopes(case):
    family, x, y, k, found = case
    other = fit(Problem(x * [100, 0.01] + [1e4, 3], y, family), k, n_init=4)
    assert other.loglik == pytest.approx(found.loglik, abs=1e-7)
    assert other.expert_rows[..., 1:] * [100, 0.01] == pytest.approx(
        found.expert_rows[..., 1:], abs=1e-6
    )
    at = predict.gate_proba(found, x[:9])
    assert predict.gate_proba(other, x[:9] * [100, 0.01] + [1e4, 3]) == pytest.approx(at, abs=1e-7)


def test_combinations_of_columns_give_the_same_fit():
    """Another basis turns the starts, so that the best of them are compared."""
    x, y = draw(CASES["gaussian"])
    mixed = x @ [[1.0, 0.9], [0.3, 1.0]]
    fits = [fit(Problem(z, y), 3, n_init=4) for z in (x, mixed)]
    assert fits[1].loglik == pytest.approx(fits[0].loglik, abs=1e-7)


def test_units_of_y_only_change_the_units_of_gaussian_experts():
    x, y = draw(CASES["gaussian"])
    found, other = (fit(Problem(x, z), 3, n_init=4) for z in (y, 1000 * y + 7e4))
    assert other.loglik + len(y) * np.log(1000) == pytest.approx(found.loglik, abs=1e-6)
    assert other.sigma == pytest.approx(1000 * found.sigma, rel=1e-7)
    assert other.expert_rows[..., 1:] == pytest.approx(1000 * found.expert_rows[..., 1:], rel=1e-5)


def test_more_starts_repeat_the_first_ones():
    few, many = (fit(problem("gaussian"), 3, n_init=n) for n in (3, 6))
    assert [run["law"] for run in many.restarts] == [
        "near", "wide", "near", "gatefit", "near", "wide",
    ]  # fmt: skip
    for first, second in zip(few.restarts, many.restarts, strict=False):
        assert first["log_likelihood"] == pytest.approx(second["log_likelihood"], rel=1e-12)


def test_offset_is_an_exposure():
    """Counts over twice the time are counts at half the rate."""
    x, y = draw(CASES["poisson"])
    plain = fit(problem("poisson"), 2, n_init=4)
    offset = np.full(len(y), np.log(2.0))
    found = fit(problem("poisson", offset=offset), 2, n_init=4)
    assert found.expert_rows[:, 0, 0] + np.log(2) == pytest.approx(plain.expert_rows[:, 0, 0])
    means = [predict.mean(plain, x[:5]), predict.mean(found, x[:5], offset[:5])]
    assert means[0] == pytest.approx(means[1], rel=1e-8)


def test_fit_is_small_and_travels(case):
    _, x, _, _, found = case
    packed = pickle.dumps(found)
    assert len(packed) < 50_000
    assert (predict.mean(pickle.loads(packed), x) == predict.mean(found, x)).all()


def test_number_of_cores_does_not_matter():
    """One and two threads give the same digits, for a sample of more than one chunk."""
    code = (
        "from mixture_cases import problem; from emmoe.mixture import fit;"
        "f = fit(problem('multinomial'), 2, n_init=2); print(repr(f.loglik), f.theta.tolist())"
    )
    seen = []
    for threads in ("1", "2"):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=os.path.dirname(__file__), env=environment,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seen.append(done.stdout)
    values = [np.array(eval(text.split(" ", 1)[1])) for text in seen]
    assert values[0] == pytest.approx(values[1], rel=1e-8, abs=1e-10)


def losses(family, x, y):
    """Return minus the log-likelihood of a generalised linear model, written anew."""
    full = np.column_stack([np.ones(len(y)), x])

    def gaussian(b):
        e = (y - full @ b[:-1]) / np.exp(b[-1])
        return (e @ e) / 2 + len(y) * (b[-1] + np.log(2 * np.pi) / 2)

    def logistic(b):
        return np.logaddexp(0, full @ b).sum() - y @ (full @ b)

    def poisson(b):
        return (np.exp(full @ b) - y * (full @ b) + gammaln(y + 1)).sum()

    def multinomial(b):
        eta = np.column_stack([full @ b.reshape(2, 3).T, np.zeros(len(y))])
        return (np.log(np.exp(eta).sum(1)) - eta[np.arange(len(y)), y.astype(int)]).sum()

    sizes = {"gaussian": 4, "logistic": 3, "poisson": 3, "multinomial": 6}
    return locals()[family], sizes[family]


@pytest.mark.parametrize("family", CASES)
def test_one_expert_is_the_generalised_linear_model(family):
    """Maximum by BFGS, and errors by differences, of a likelihood that is written anew."""
    x, y = draw(CASES[family])
    loss, size = losses(family, x, y)
    best = minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-6})
    found = fit(Problem(x, y, family), 1)
    assert found.status == "maximum"
    assert found.loglik == pytest.approx(-best.fun, abs=1e-7)
    assert found.theta_given == pytest.approx(best.x, abs=1e-5)
    hessian = differences(lambda b: differences(loss, b), found.theta_given)
    exact = np.sqrt(np.diag(np.linalg.inv(hessian)))
    errors = inference.errors(inference.covariance(found))
    assert errors == pytest.approx(exact, rel=1e-6)


def test_one_gaussian_expert_is_least_squares():
    x, y = draw(CASES["gaussian"])
    full = np.column_stack([np.ones(len(y)), x])
    beta, squares = np.linalg.lstsq(full, y)[:2]
    found = fit(Problem(x, y), 1)
    assert found.expert_rows[0, 0] == pytest.approx(beta, rel=1e-12)
    assert found.sigma[0] ** 2 == pytest.approx(squares[0] / len(y), rel=1e-12)
    errors = np.sqrt(np.diag(np.linalg.inv(full.T @ full)) * squares[0] / len(y))
    own = inference.errors(inference.covariance(found))[:3]
    assert own == pytest.approx(errors, rel=1e-10)
