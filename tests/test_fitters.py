"""What every fitter does on every model, and how the three algorithms relate to each other."""

from itertools import islice, pairwise

import numpy as np
import pytest

from emmoe.fitters.em import EM
from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.fitters.gradient_em import GradientEM
from emmoe.models.regression import RegressionModel, Sample
from emmoe.store.errors import DataError

WRITTEN_OUT = ["symmetric_linear", "symmetric_logistic"]  # below, apart from the models


def states(fitter, model, start, count):
    """The states 0, 1, ..., count - 1; skips a pair that the fitter declares impossible."""
    reason = fitter.refuses(model)
    if reason is not None:
        pytest.skip(reason)
    return list(islice(fitter.iterate(model, start), count))


def loss_from_components(name, model, theta):
    """L for real or complex theta, from the densities of y given z and the gate."""
    x, y = model.sample.x, model.sample.y
    beta, w = np.split(theta, 2)
    z = np.array([[1.0], [-1.0]])
    gate = 1 / (1 + np.exp(-z * (x @ w)))
    if name == "symmetric_linear":
        density = np.exp(-((y - z * (x @ beta)) ** 2) / 2) / np.sqrt(2 * np.pi)
    else:
        density = 1 / (1 + np.exp(-y * z * (x @ beta)))
    return -np.log((gate * density).sum(axis=0)).mean()


def loss_gradient(name, model, theta):
    """grad L to round-off by complex steps: it shares no formula with the E-step."""
    axes = np.eye(len(theta))
    return np.array(
        [loss_from_components(name, model, theta + 1e-30j * e).imag / 1e-30 for e in axes]
    )


def mirror_gradient(name, model, theta):
    """grad A as in theory.md, not by the model's own method."""
    x = model.sample.x
    beta, w = np.split(theta, 2)
    b, a = x @ beta, x @ w
    of_beta = b if name == "symmetric_linear" else np.tanh(b / 2) / 2
    return np.concatenate([x.T @ of_beta, x.T @ (np.tanh(a / 2) / 2)]) / len(x)


def mirror_residual(name, model, before, after):
    """|grad A(after) - grad A(before) + grad L(before)| relative to |grad L(before)|."""
    gradient = loss_gradient(name, model, before)
    change = mirror_gradient(name, model, after) - mirror_gradient(name, model, before)
    return np.linalg.norm(change + gradient) / np.linalg.norm(gradient)


def test_iteration_begins_at_the_start_with_its_loss_and_gradient(
    model_name, fitter_name, problem, make_fitter
):
    model, _, start = problem(model_name)
    first = states(make_fitter(fitter_name), model, start.copy(), 1)[0]
    loss, gradient = model.loss_and_gradient(start)
    assert np.array_equal(first.theta, start)
    assert first.loss == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(first.gradient, gradient, rtol=0, atol=1e-13)


def test_ten_iterations_stay_finite_and_lower_the_loss(
    model_name, fitter_name, problem, make_fitter
):
    model, _, start = problem(model_name)
    found = states(make_fitter(fitter_name), model, start, 11)
    for state in found:
        assert np.isfinite(state.loss) and np.isfinite(state.gradient).all()
        assert state.theta.shape == state.gradient.shape == start.shape
        assert state.loss == pytest.approx(model.loss(state.theta), rel=1e-13)
    assert found[10].loss < found[0].loss - 1e-4


def test_a_fitter_leaves_the_start_and_earlier_states_as_they_are(
    model_name, fitter_name, problem, make_fitter
):
    model, _, start = problem(model_name)
    kept, copies = [], []
    for state in states(make_fitter(fitter_name), model, start, 4):
        kept.append(state)
        copies.append(state.theta.copy())
    assert np.array_equal(kept[0].theta, problem(model_name).start)
    for state, loss in zip(kept, [model.loss(theta) for theta in copies], strict=True):
        assert state.loss == pytest.approx(loss, rel=1e-13)
    assert len({state.theta.tobytes() for state in kept}) == 4


def test_repeated_runs_agree_to_the_last_bit(model_name, fitter_name, problem, make_fitter):
    runs = []
    for _ in range(2):
        model, _, start = problem(model_name)
        runs.append(states(make_fitter(fitter_name), model, start, 6))
    for one, other in zip(*runs, strict=True):
        assert one.theta.tobytes() == other.theta.tobytes()
        assert one.loss == other.loss


def test_single_precision_data_keep_single_precision_parameters(fitter_name, problem, make_fitter):
    model, _, start = problem("logistic_experts")
    model = model.bind(Sample(model.sample.x.astype(np.float32), model.sample.y))
    found = states(make_fitter(fitter_name), model, start.astype(np.float32), 3)
    assert {s.theta.dtype for s in found} == {s.gradient.dtype for s in found} == {np.dtype("f4")}


def test_a_step_by_block_moves_each_block_by_its_own(model_name, problem):
    model, _, start = problem(model_name)
    blocks = model.layout
    sizes = {name: 0.1 * 2**i for i, name in enumerate(blocks)}
    gradient = model.loss_and_gradient(start)[1]
    for fitter in (GradientDescent(sizes), GradientEM(sizes)):
        after = states(fitter, model, start, 2)[1].theta
        for name, part in blocks.items():
            expected = start[part] - sizes[name] * gradient[part]
            np.testing.assert_allclose(after[part], expected, rtol=1e-13)


@pytest.mark.parametrize("replicates", [None, 3])
def test_gradient_em_with_one_step_equals_gradient_descent(model_name, problem, replicates):
    model, _, start = problem(model_name)
    if replicates is not None:
        if not model.stacked:
            pytest.skip(f"{model_name} takes no stacked replicates")
        rng = np.random.default_rng(1)
        signs = rng.choice([-1, 1], (replicates, len(model.sample.x)))
        model = model.bind(Sample(model.sample.x, model.sample.y, signs))
        start = rng.standard_normal((replicates, start.size))
    step = {name: 0.2 * (i + 1) for i, name in enumerate(model.layout)}
    descent = states(GradientDescent(step), model, start, 21)
    for one, other in zip(descent, states(GradientEM(step), model, start, 21), strict=True):
        assert np.linalg.norm(one.theta - other.theta) <= 1e-12 * np.linalg.norm(one.theta)
    two_inner_steps = states(GradientEM(step, inner_steps=2), model, start, 21)
    assert np.linalg.norm(two_inner_steps[20].theta - descent[20].theta) > 1e-2


def test_gradient_em_with_many_inner_steps_tends_to_em(symmetric_name, problem):
    model, _, start = problem(symmetric_name)
    solved = states(EM(), model, start, 2)[1].theta
    errors = [
        np.linalg.norm(states(GradientEM(0.5, inner_steps=k), model, start, 2)[1].theta - solved)
        for k in (1, 10, 100, 1000)
    ]
    assert all(later < 0.7 * earlier for earlier, later in pairwise(errors))
    assert errors[-1] <= 1e-9 * np.linalg.norm(solved)


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_em_never_increases_the_loss(symmetric_name, problem, scale):
    """Up to round-off, from starts of all sizes; data of other sizes than the start."""
    for seed in range(8):
        model, _, start = problem(symmetric_name, seed=seed)
        losses = np.array([s.loss for s in states(EM(), model, scale * start, 101)])
        assert np.diff(losses).max() <= 8 * np.finfo(float).eps * np.abs(losses).max()
        assert losses[-1] < losses[0] - 1e-3


@pytest.mark.parametrize("symmetric_name", WRITTEN_OUT)
def test_em_step_equals_unit_mirror_step(symmetric_name, problem):
    """grad A(theta+) = grad A(theta) - grad L(theta), relative to |grad L|."""
    checked = 0
    for seed in range(5):
        model, _, start = problem(symmetric_name, n=300, seed=seed)
        for before, after in pairwise(states(EM(), model, start, 60)):
            if np.linalg.norm(before.gradient) > 1e-6:
                residual = mirror_residual(symmetric_name, model, before.theta, after.theta)
                assert residual <= 1e-8
                checked += 1
    assert checked >= 50


@pytest.mark.parametrize("symmetric_name", WRITTEN_OUT)
@pytest.mark.parametrize("wrong", ["half a step", "twice the step", "gradient step", "no step"])
def test_other_steps_are_no_unit_mirror_step(symmetric_name, problem, wrong):
    """The negative controls of the test before: a bound that they passed would show nothing."""
    model, _, start = problem(symmetric_name)
    for before, after in pairwise(states(EM(), model, start, 6)):
        moves = {
            "half a step": (after.theta - before.theta) / 2,
            "twice the step": 2 * (after.theta - before.theta),
            "gradient step": -before.gradient,
            "no step": 0 * before.theta,
        }
        residual = mirror_residual(symmetric_name, model, before.theta, before.theta + moves[wrong])
        assert residual > 1e-2


def test_samples_that_do_not_fit_are_refused(model_name, problem):
    model = problem(model_name).model
    if not isinstance(model, RegressionModel):
        pytest.skip(f"{model_name} is not {RegressionModel.described}")
    x, y = model.sample.x, model.sample.y
    broken = np.where(np.arange(len(x)) == 5, np.nan, y)
    for sample in ((x[:2], y[:2]), (x, y[1:]), (np.inf * x, y), (x, broken)):
        with pytest.raises(DataError):
            model.bind(Sample(*sample))
