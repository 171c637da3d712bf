"""L-BFGS: scipy's own iterates through the fitters' interface, and a clean end."""

import threading
from itertools import islice

import numpy as np
import pytest
from fitter_helpers import states
from scipy.optimize import minimize

from emmoe.fitters.lbfgs import LBFGS
from emmoe.lab.recorder import record
from emmoe.models.regression import Sample
from emmoe.store.errors import DataError


def test_lbfgs_iterates_are_scipys_own(symmetric_name, problem):
    model, _, start = problem(symmetric_name)
    path, evaluations = [start], []

    def objective(theta):
        evaluations.append(len(path))
        return model.loss_and_gradient(theta)

    options = {"maxcor": 7, "ftol": 0, "gtol": 0, "maxiter": 10}
    minimize(objective, start, jac=True, method="L-BFGS-B", callback=path.append, options=options)
    model.work.clear()
    found = states(LBFGS(memory=7), model, start, 11)
    assert [s.theta.tobytes() for s in found] == [theta.tobytes() for theta in path]
    assert model.passes() == model.work["forward"] == len(evaluations)


def test_lbfgs_repeats_its_last_state_at_no_cost_when_scipy_is_done(near_optimum):
    model, optimum, start = near_optimum
    iterator = LBFGS().iterate(model, start)
    found = list(islice(iterator, 300))
    done = model.passes()
    assert next(iterator) is found[-1] is found[-2]
    assert model.passes() == done < 300
    assert found[-1].loss <= optimum.loss + 1e-13


def test_lbfgs_leaves_no_thread_behind(problem):
    model, _, start = problem("symmetric_linear")
    before = threading.active_count()
    iterator = LBFGS().iterate(model, start)
    assert threading.active_count() == before
    next(iterator), next(iterator)
    assert threading.active_count() == before + 1
    iterator.close()
    assert threading.active_count() == before
    record(LBFGS(), model, start, iterations=3)
    assert threading.active_count() == before


def test_lbfgs_passes_on_what_the_model_raises(problem, monkeypatch):
    model, _, start = problem("symmetric_linear")
    iterator = LBFGS().iterate(model, start)
    next(iterator)

    def broken(theta):
        raise DataError("no more rows")

    monkeypatch.setattr(model, "loss_and_gradient", broken)
    before = threading.active_count()
    with pytest.raises(DataError, match="no more rows"):
        next(iterator)
    assert threading.active_count() == before


def test_lbfgs_takes_one_replicate_and_says_how_to_get_there(stacked_name, problem):
    model, _, start = problem(stacked_name)
    signs = np.ones((2, len(model.sample.x)))
    stacked = model.bind(Sample(model.sample.x, model.sample.y, signs))
    assert "replicates_per_block: 1" in LBFGS().refuses(stacked)
    one = model.bind(Sample(model.sample.x, model.sample.y, signs[:1]))
    found = states(LBFGS(), one, start[None], 5)
    alone = states(LBFGS(), model, start, 5)
    for single, state in zip(alone, found, strict=True):
        assert state.theta.shape == state.gradient.shape == (1, start.size)
        np.testing.assert_allclose(state.theta[0], single.theta, rtol=1e-9, atol=1e-12)
