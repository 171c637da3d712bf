"""The mixture of experts as a model of the project: its coordinates are those of x and y."""

import numpy as np
import pytest
from mixture_cases import CASES, differences, draw
from records import smoke_settings

from emmoe.fitters.em import EM
from emmoe.lab.contest import run_contest
from emmoe.mixture import Problem, fit
from emmoe.mixture.information import complete
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.regression import Sample
from emmoe.record import plan, read
from emmoe.store.errors import DataError


def bound(name):
    case = CASES[name]
    model = MixtureOfExperts(name, len(case.experts), 3 if name == "multinomial" else None)
    scale = np.log(case.extra["s"]) if case.extra else []
    truth = np.concatenate([np.ravel(case.gate), np.ravel(case.experts), scale])
    return model.bind(Sample(*draw(case))), truth


TRUTHS = {  # log-likelihoods of the cases at the truth
    "gaussian": -880.831172,
    "logistic": -1831.995946,
    "multinomial": -2599.300141,
    "poisson": -1979.223258,
}


@pytest.mark.parametrize("name", CASES)
def test_loss_at_the_truth_is_the_references(name):
    model, truth = bound(name)
    assert -model.loss(truth) * model.observations == pytest.approx(TRUTHS[name], abs=1e-6)
    gradient = differences(model.loss, truth)
    assert model.loss_and_gradient(truth)[1] == pytest.approx(gradient, abs=1e-8)


def test_em_ends_where_the_library_does():
    model, truth = bound("poisson")
    states = EM().iterate(model, truth)
    for _ in range(150):
        state = next(states)
    found = fit(Problem(*draw(CASES["poisson"]), "poisson"), 2, n_init=2)
    assert -state.loss * 800 == pytest.approx(found.loglik, abs=1e-8)
    assert state.theta == pytest.approx(found.theta_given, abs=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_draws_follow_the_model(name):
    """The mean score of fresh draws at the truth is zero, within five standard errors."""
    model, truth = bound(name)
    rng = np.random.default_rng(8)
    x = rng.standard_normal((20_000, 2))
    fresh = model.bind(Sample(x, model.simulate(x, truth, rng)))
    scores = fresh.loss_and_gradient(truth)[1]
    parts = [
        fresh.bind(Sample(x[rows], fresh.sample.y[rows])).loss_and_gradient(truth)[1]
        for rows in np.split(np.arange(20_000), 200)
    ]
    assert np.mean(parts, axis=0) == pytest.approx(scores, abs=1e-10)
    errors = np.std(parts, axis=0) / np.sqrt(len(parts))
    assert (np.abs(scores) < 5 * errors).all()


def test_work_of_a_solved_m_step_is_counted():
    model, truth = bound("gaussian")
    _, gradient, statistic = model.e_step(truth)
    before = dict(model.work)
    model.m_step(truth, statistic, gradient, 1e-9)
    gate, experts = model.work["gram"] - 3, 3  # each expert is one Gram
    assert gate % 3 == 0  # the gate's two rows have three blocks a step
    assert gate >= 3 * 2
    share = (2 * gate / 3 + experts) / 5
    assert model.work["forward"] - before["forward"] == pytest.approx(share)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"family": "gamma"}, "no family"),
        ({"family": "multinomial"}, "classes"),
        ({"experts": 1}, "experts must be"),
        ({"experts": 9}, "experts must be"),
    ],
)
def test_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MixtureOfExperts(**settings)


def test_samples_are_refused():
    x = np.arange(60.0).reshape(30, 2)
    with pytest.raises(DataError, match="determined by others"):
        MixtureOfExperts().bind(Sample(x, np.ones(30)))
    with pytest.raises(DataError, match="needs counts"):
        MixtureOfExperts("poisson").bind(Sample(x, -np.ones(30)))
    with pytest.raises(DataError, match="10 rows for 11 parameters"):
        MixtureOfExperts().bind(Sample(x[:10], np.ones(10)))


def test_loss_above_the_maximum_is_the_excess_over_the_librarys():
    case = CASES["poisson"]
    sample, plain = Sample(*draw(case)), bound("poisson")[0]
    model = MixtureOfExperts("poisson", 2, above_maximum=True).bind(sample)
    found = fit(Problem(*draw(case), "poisson"), 2)
    assert model.loss(found.theta_given) == pytest.approx(0, abs=1e-12)
    theta = found.theta_given + 0.1
    loss, gradient = plain.loss_and_gradient(theta)
    excess = loss + found.loglik / case.n
    for other in (model.loss_and_gradient(theta), model.e_step(theta)):
        assert other[0] == pytest.approx(excess, abs=1e-12)
        assert np.array_equal(other[1], gradient)


def test_loss_above_a_maximum_that_is_not_there_is_refused():
    x = np.random.default_rng(0).standard_normal((80, 1))
    model = MixtureOfExperts("logistic", 2, above_maximum=True)
    with pytest.raises(DataError, match=r"above_maximum: .* no certified maximum, it is separable"):
        model.bind(Sample(x, (x[:, 0] > 0).astype(float)))


def test_newton_step_leads_downhill_where_q_is_not_convex():
    model, truth = bound("gaussian")
    theta = truth.copy()
    theta[:-3] += 3.0  # residuals that are large beside sigma
    curvature = complete(model._mixture, model._inner(theta))
    assert np.linalg.eigvalsh(curvature)[0] < 0
    gradient = model.loss_and_gradient(theta)[1]
    assert model.newton_step(theta, gradient) @ gradient > 0


@pytest.mark.parametrize("name", ["general_gaussian_2", "general_engel"])
def test_contest_measures_from_the_maximum_that_no_rival_has_a_part_in(name):
    """Nobody gets below it; all come near, of Engel's data to a maximum that is the second best."""
    content = smoke_settings()
    contest = content["contests"][name] | {"passes": 200}
    contest["rivals"] = {own: contest["rivals"][own] for own in ("em", "lbfgs", "truncated_newton")}
    content |= {section: {} for section in ("figures", "tables", "findings", "audit")}
    task = plan.contest_task(read.check(content | {"contests": {name: contest}}).contests[name])
    rows = run_contest(task, {}, lambda line: None)
    assert set(rows["rival"]) == set(contest["rivals"])
    assert rows["loss"].min() > -1e-9
    ends = rows[rows["phase"] == "comparison"].groupby("rival")["loss"].min()
    assert (ends < 3e-3).all()
