"""Mixtures of experts on bundled data: the best known maxima, and one expert against a GLM."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.datasets import engel, fair, randhie

from emmoe.mixture import Problem, fit, inference


def expenditure():
    """Food expenditure by income, in thousands (Engel, 1857)."""
    data = engel.load_pandas().data / 1000
    return Problem(data[["income"]].to_numpy(), data["foodexp"].to_numpy())


def visits():
    """Visits to the doctor (RAND health insurance experiment)."""
    data = randhie.load_pandas().data
    data = data.assign(disea=data["disea"] / 10)
    x = data[["lncoins", "physlm", "disea", "lpi"]].to_numpy()
    return Problem(x, data["mdvis"].to_numpy(), "poisson")


def affairs():
    """Whether there was one (Fair, 1978)."""
    data = fair.load_pandas().data
    x = data[["rate_marriage", "age", "yrs_married", "religious"]].to_numpy() / [1, 10, 10, 1]
    return Problem(x, (data["affairs"] > 0).to_numpy(), "logistic")


def classes():
    """Three classes of how the marriage is rated, of the same survey."""
    given, data = affairs(), fair.load_pandas().data
    rating = np.clip(data["rate_marriage"].to_numpy() - 3, 0, 2)
    return Problem(given.x[:, 1:], rating, "multinomial")


ONE = {  # problem, statsmodels' model
    "gaussian": (expenditure, sm.OLS),
    "poisson": (visits, sm.Poisson),
    "logistic": (affairs, sm.Logit),
    "multinomial": (classes, sm.MNLogit),
}


@pytest.mark.parametrize("family", ONE)
def test_one_expert_agrees_with_statsmodels(family):
    """Likelihoods to 1e-10, standard errors to 1e-8, of the observed and the sandwich kind."""
    make, model = ONE[family]
    given = make()
    # Our reference is the last class, theirs the first.
    y = 2 - given.y if family == "multinomial" else given.y
    settings = {} if family == "gaussian" else {"method": "newton", "tol": 1e-14, "disp": 0}
    theirs = model(np.asarray(y, float), sm.add_constant(given.x)).fit(**settings)
    ours = fit(given, 1)
    assert ours.status == "maximum"
    assert ours.loglik == pytest.approx(theirs.llf, rel=1e-10)
    rows = ours.expert_rows[0]
    params = np.asarray(theirs.params).reshape(len(given.x[0]) + 1, -1).T
    factor = 1.0
    if family == "gaussian":  # they divide by n - p
        factor = np.sqrt(theirs.df_resid / len(y))
    if family == "multinomial":
        rows = rows[::-1]
    assert rows == pytest.approx(params, rel=1e-7, abs=1e-9)
    errors = inference.errors(inference.covariance(ours))[: rows.size].reshape(rows.shape)
    errors = errors[::-1] if family == "multinomial" else errors
    theirs_errors = np.asarray(theirs.bse).reshape(params.shape[::-1]).T
    assert errors == pytest.approx(theirs_errors * factor, rel=1e-8)


@pytest.mark.parametrize(
    ("make", "best", "size", "bic", "rho"),
    [
        (expenditure, 253.761301, 8, -463.846, 0.975532),
        pytest.param(visits, -47361.888173, 15, 94872.470, 0.848171, marks=pytest.mark.slow),
        pytest.param(affairs, -3411.771888, 15, 6954.925, 0.950808, marks=pytest.mark.slow),
    ],
)
def test_two_experts_reach_the_best_known_maximum(make, best, size, bic, rho):
    found = fit(make(), 2)
    assert found.status == "maximum"
    assert found.loglik >= best - 1e-6
    assert found.n_parameters == size
    assert found.bic <= bic + 1e-3
    if found.loglik < best + 1e-3:
        assert found.rate == pytest.approx(rho, abs=1e-5)


def test_three_experts_on_expenditure_are_separable():
    """A gate that cuts incomes in two."""
    found = fit(expenditure(), 3)
    assert found.status == "separable"
    assert found.supremum == pytest.approx(277.05122, abs=1e-4)
    assert np.isnan(found.bic)


def test_penalised_fit_of_separable_data_keeps_its_variances():
    """The ridge does not bound the likelihood: of a hundred starts one ends at a vanishing s."""
    found = fit(expenditure(), 3, n_init=100, seed=1)
    assert found.status == "separable"
    assert found.loglik < found.supremum < 277.1
    assert found.sigma.min() > 1e-2
