"""Mixtures of experts on many rows: searched on a part of them, whitened when they are used."""

import sys

import numpy as np
import pytest
from mixture_cases import CASES, Case, draw, model_of

from emmoe.mixture import Problem, em, fit, inference, sample, search
from emmoe.mixture.fit import searched_part
from emmoe.mixture.maximise import Factor, maximise
from emmoe.mixture.search import Rules, finish, race
from emmoe.mixture.watch import Watch

BASE = CASES["gaussian"]
MANY = Case(
    "gaussian", 24_000, 5, BASE.gate, BASE.experts, 0.0, 0.0, 0.0, BASE.extra
)  # fmt: skip


@pytest.fixture(scope="module")
def many():
    return Problem(*draw(MANY))


def test_search_on_a_part_ends_at_the_maximum_of_all_rows(many):
    lines = []
    found = fit(many, 3, n_init=4, watch=Watch(say=lines.append))
    assert found.status == "maximum"
    assert "5000 of 24000 rows" in lines[0]
    truth = np.array(BASE.experts)[:, 0]
    order = np.abs(found.expert_rows[:, None, 0] - truth).sum(axis=2).argmin(axis=0)
    assert sorted(order) == [0, 1, 2]
    assert found.expert_rows[order, 0] == pytest.approx(truth, abs=0.05)
    assert found.n_rows == 24_000
    assert found.certificate["moving"] < 1e-8


def test_rows_that_are_not_stored_give_the_same_fit(many, monkeypatch):
    kept = fit(many, 3, n_init=2)
    monkeypatch.setattr(sample, "STORED", 0)
    made = fit(many, 3, n_init=2)
    assert made.loglik == pytest.approx(kept.loglik, rel=1e-12)
    assert made.theta_given == pytest.approx(kept.theta_given, rel=1e-8)


def test_race_takes_the_best_five_of_many_parameters_to_the_end(many, monkeypatch):
    monkeypatch.setattr(search, "FEW", 0)
    found = fit(Problem(many.x[:600], many.y[:600]), 3, n_init=8)
    statuses = [run["status"] for run in found.restarts]
    assert statuses.count("raced") == 3
    assert statuses.count("maximum") == sum(basin["hits"] for basin in found.basins) == 5
    behind = [run["log_likelihood"] for run in found.restarts if run["status"] == "raced"]
    assert max(behind) < found.loglik
    assert all(run["basin"] is None for run in found.restarts if run["status"] == "raced")


def test_race_ends_a_run_that_has_converged(many, monkeypatch):
    """EM gains by factors of rho^2 an iteration: where rho is small it is done long before the
    race's end, and where round-off is all that moves it no step is tried twice."""
    x, side = many.x[:2000], np.random.default_rng(0).random(2000) < 0.4
    y = np.where(side, 4, -4) * x[:, 1] + many.y[:2000] / 10
    model, steps = model_of(Problem(x, y), 2), []
    step = em.newton_em_step
    monkeypatch.setattr(
        search.em, "newton_em_step", lambda *at: steps.append(at) or step(*at)
    )  # fmt: skip
    runs = race(model, 4, 0, Rules(2000, 1e-10, -9.0))
    done = [run.iterations for run in runs]
    assert min(done) < search.SHORT
    assert len(steps) <= sum(done) + len(runs)
    for run in runs:
        assert run.iterations == search.SHORT or run.path[-1] - run.path[-2] < search.STILL
        assert (np.diff(run.path) > -1e-9).all()


def test_factor_of_some_rows_leads_to_the_maximum_of_all(many):
    model = model_of(many, 3)
    some = model.on(model.sample.take(np.arange(0, 24_000, 5)))
    (run,) = race(some, 1, 0, Rules(200, 1e-10, -9.0))
    part = maximise(some, run.theta, -9.0, 1e-10)
    ends = [maximise(model, part.theta, -9.0, 1e-10, known) for known in (None, part.factor)]
    assert all(end.converged and not end.factor.saddle for end in ends)
    assert ends[1].loss == pytest.approx(ends[0].loss, rel=1e-14)
    assert ends[1].theta == pytest.approx(ends[0].theta, abs=1e-9)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize("ones", [3, 8])
def test_dummy_of_few_rows_that_the_searched_part_may_lack(family, ones, monkeypatch):
    """The fit is that of a search on all rows, and comes to an end."""
    rng, n = np.random.default_rng(ones), 20_500
    x = rng.standard_normal((n, 3))
    x[:, 2] = 0
    x[rng.choice(n, ones, replace=False), 2] = 1
    eta = np.where(rng.random(n) < 1 / (1 + np.exp(-x[:, 0])), 1, -1) * (1 + x[:, 1])
    eta += 1.5 * x[:, 2]
    y = rng.poisson(np.exp(0.5 * eta)) if family == "poisson" else eta + rng.standard_normal(n)
    given = Problem(x, y.astype(float), family, gate_columns=(0,))
    part = fit(given, 2, n_init=4)
    assert part.status == "maximum"
    monkeypatch.setattr(sys.modules["emmoe.mixture.fit"], "MANY", n)
    whole = fit(given, 2, n_init=4)
    assert part.loglik == pytest.approx(whole.loglik, rel=1e-12)
    assert np.allclose(part.covariance, whole.covariance, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("dummies", "ones"), [(0, 0), (1, 3), (20, 2), (40, 12)])
def test_searched_part_lacks_no_rare_dummy_and_stands_for_all(many, dummies, ones):
    """Its weighted moments are, on average over seeds, those of all rows; only of dummies that a
    part may happen to have too many of, more."""
    rng = np.random.default_rng(0)
    rare = np.zeros((len(many.x), dummies))
    for column in rare.T:
        column[rng.choice(len(rare), ones, replace=False)] = 1
    x = np.column_stack([many.x, rare])
    weights = rng.random(len(x)) + 0.5
    data = model_of(Problem(x, many.y, weights=weights, gate_columns=(0,)), 2).sample
    parts = [searched_part(data, 5000, seed) for seed in range(60)]
    for part in parts:
        assert len(part) == 5000 if not dummies else 5000 <= len(part) <= 5000 + 20 * dummies
        assert part.weight.sum() == pytest.approx(1)
        assert part.total == pytest.approx(data.total * len(part) / len(data), rel=0.02)
        assert np.linalg.eigvalsh(part.gram)[0] > 0.01
    drawn = np.array([part.gram for part in parts])
    error = np.std(drawn, axis=0) / np.sqrt(len(parts))
    near = np.abs(drawn.mean(axis=0) - data.gram) < 4.5 * error + 1e-3
    assert near[:3, :3].all()
    assert (np.diag(drawn.mean(axis=0)) < 3).all()


@pytest.mark.parametrize("gate_columns", [(), (0,), (0, 1)])
def test_one_expert_has_no_gate_whatever_its_columns(many, gate_columns):
    x, y = many.x, many.y
    found = fit(Problem(x, y, gate_columns=gate_columns), 1)
    z = np.column_stack([np.ones(len(x)), x])
    theirs, (rest,), *_ = np.linalg.lstsq(z, y, rcond=None)
    assert found.status == "maximum"
    assert found.expert_rows[0, 0] == pytest.approx(theirs, rel=1e-10)
    errors = np.sqrt(np.diag(np.linalg.inv(z.T @ z)) * rest / len(x))
    assert inference.errors(inference.covariance(found))[:3] == pytest.approx(errors, rel=1e-9)


def test_factor_that_leaves_directions_flat_is_not_followed(many):
    model = model_of(many, 3)
    flat = Factor(np.r_[0.0, np.ones(model.layout.size - 1)], np.eye(model.layout.size))
    assert not flat.definite
    theta = np.zeros(model.layout.size)
    theta[0] = 1.0
    ends = [maximise(model, theta, -9.0, 1e-10, known) for known in (None, flat)]
    assert ends[0].theta.tobytes() == ends[1].theta.tobytes()


def test_race_goes_on_where_the_weights_are_small(many):
    """The threshold is in nats of as many rows of weight one."""
    x, y = many.x[:600], many.y[:600]
    runs = [
        race(model_of(Problem(x, y, weights=np.full(600, own)), 3), 3, 0, Rules(200, 1e-10, -9.0))
        for own in (1.0, 1e-6)
    ]
    assert [run.iterations for run in runs[0]] == [run.iterations for run in runs[1]]


def test_start_of_the_best_run_is_repeated_by_its_number(many):
    """Each start has a seed of its own: the race of more starts begins with the same runs."""
    model = model_of(Problem(many.x[:2000], many.y[:2000]), 3)
    rules = Rules(50, 1e-10, -9.0)
    few, more = race(model, 2, 7, rules), race(model, 4, 7, rules)
    assert [run.log_likelihood for run in few] == [run.log_likelihood for run in more[:2]]
    path = np.array(finish(model, few[0], rules).path)
    assert (np.diff(path) >= -1e-9 * np.abs(path[0])).all()
