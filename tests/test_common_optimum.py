"""All fitters find the same optimum from a start in a convex neighbourhood of it."""

import dataclasses
from itertools import islice

import numpy as np
import pytest
from fitter_helpers import STEPS
from scipy.optimize import minimize


@pytest.mark.parametrize("symmetric_name", STEPS)
def test_every_fitter_reaches_the_optimum_of_lbfgs(
    symmetric_name, near_optimum, fitter_name, make_fitter
):
    model, optimum, start = near_optimum
    options = {"ftol": 0, "gtol": 0}
    best = minimize(model.loss_and_gradient, start, jac=True, method="L-BFGS-B", options=options)
    step = 0.02 if fitter_name == "adam" else STEPS[symmetric_name]
    needed = {"step": step, "batch_size": len(model.sample.x)}
    fields = dataclasses.fields(make_fitter(fitter_name))
    required = [f.name for f in fields if f.default is dataclasses.MISSING]
    if not needed.keys() >= set(required):
        pytest.skip(f"{fitter_name} has settings of which none is known to be small enough")
    settings = {name: needed[name] for name in required}
    fitter = make_fitter(fitter_name, **settings)
    assert model.loss(start) > best.fun + 1e-4
    for state in islice(fitter.iterate(model, start), 8000):
        if np.linalg.norm(state.gradient) <= 1e-9:
            break
    assert abs(state.loss - best.fun) <= 1e-8
    reachable = 2e-8 / optimum.curvature
    for solution in (best.x, optimum.theta):
        assert np.linalg.norm(state.theta - solution) <= reachable
    assert reachable <= 2e-5 * np.linalg.norm(optimum.theta)
