"""Logistic experts under a soft-max gate against plain numpy, differences and scikit-learn."""

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.linear_model import LogisticRegression

from emmoe.datasets.random_invert_digits import RandomInvertDigits
from emmoe.lab.recorder import record
from emmoe.models._shared import softmax as kernel
from emmoe.models._shared import whitened_lbfgs
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.models.regression import Sample
from emmoe.record import registry
from emmoe.store.errors import DataError

SHAPES = [(2, 3), (2, 2), (3, 4)]  # (experts, classes)


def joint(model, theta, x):
    """log P(z = k, y = c | x), shape (n, K, C), from the definition."""
    k, c, d = model.experts, model.classes, x.shape[1]
    gate = log_softmax(x @ theta[: k * d].reshape(k, d).T, axis=1)
    of_experts = np.einsum("nd,kcd->nkc", x, theta[k * d :].reshape(k, c, d))
    return gate[:, :, None] + log_softmax(of_experts, axis=2)


def reference(model, theta, x, y):
    """The loss, and the responsibilities (K, n)."""
    of_target = joint(model, theta, x)[np.arange(len(y)), :, y]
    return -logsumexp(of_target, axis=1).mean(), softmax(of_target, axis=1).T


def images(n=60, d=4, classes=3, replicates=None, seed=0):
    """A sample with features in [0, 1], random labels and, with replicates, random signs."""
    rng = np.random.default_rng(seed)
    shape = (replicates or 1, n)
    signs = None if replicates is None else rng.choice([-1, 1], shape).astype(np.int8)
    return Sample(rng.random((n, d)), rng.integers(classes, size=n), signs)


def inverted(x, signs):
    return np.where(signs[:, None] < 0, 1 - x, x)


def parameters(model, d, replicates=None, seed=1):
    shape = (model.blocks(d)["experts"].stop,)
    shape = shape if replicates is None else (replicates, *shape)
    return np.random.default_rng(seed).standard_normal(shape)


def relative(a, b):
    return np.linalg.norm(np.asarray(a, float) - b) / np.linalg.norm(b)


def m_step(model, theta, tolerance):
    _, gradient, statistic = model.e_step(theta)
    solution = model.m_step(theta, statistic, gradient, tolerance)
    left = model.q_gradient(solution, statistic)
    return solution, np.abs(left).max() / np.abs(gradient).max()


@pytest.fixture(params=SHAPES, ids=lambda shape: "{}-experts-{}-classes".format(*shape))
def bound(request):
    experts, classes = request.param
    return LogisticExperts(experts, classes).bind(images(classes=classes))


def plain_gradient(model, theta, x, y, responsibilities):
    """The gradient of -Q at theta for responsibilities (K, n), from the definition."""
    k, c, d = model.experts, model.classes, x.shape[1]
    gate = softmax(x @ theta[: k * d].reshape(k, d).T, axis=1).T - responsibilities
    of_experts = softmax(np.einsum("nd,kcd->knc", x, theta[k * d :].reshape(k, c, d)), axis=2)
    of_experts[:, np.arange(len(y)), y] -= 1
    weighted = responsibilities[:, :, None] * of_experts
    return np.concatenate([(gate @ x).ravel(), (weighted.transpose(0, 2, 1) @ x).ravel()]) / len(y)


@pytest.mark.parametrize("n", [5, 127, 128, 2047, 2049, 4500])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-6)])
def test_pass_is_that_of_plain_numpy_in_both_precisions(n, dtype, tolerance):
    """Around the sizes of a chunk and of its lanes, with images inverted and not."""
    model, sample = LogisticExperts(3, 4), images(n, 5, 4, replicates=2)
    sample = Sample(sample.x.astype(dtype), sample.y, sample.signs)
    bound, theta = model.bind(sample), (4 * parameters(model, 5, 2)).astype(dtype)
    loss, gradient, statistic = bound.e_step(theta)
    of_q = bound.q_gradient(theta / 2, statistic)
    for r, signs in enumerate(sample.signs):
        x, exact = inverted(sample.x.astype(float), signs), theta[r].astype(float)
        expected, posterior = reference(model, exact, x, sample.y)
        assert loss[r] == pytest.approx(expected, rel=tolerance)
        assert relative(statistic[r], posterior) <= tolerance
        assert (
            relative(gradient[r], plain_gradient(model, exact, x, sample.y, posterior)) <= tolerance
        )
        known = statistic[r].astype(float)
        assert relative(of_q[r], plain_gradient(model, exact / 2, x, sample.y, known)) <= tolerance


def test_identifiable_parameters_are_the_rank_of_the_hessian(bound):
    theta = parameters(bound, 4)
    product = bound.hessian_product(theta)
    hessian = np.array([product(axis) for axis in np.eye(len(theta))])
    rank = np.linalg.matrix_rank(hessian, tol=1e-10 * np.abs(hessian).max())
    assert rank == bound.identifiable < len(theta)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_huge_logits_give_finite_numbers(dtype):
    model, sample = LogisticExperts(2, 3), images(replicates=2)
    sample = Sample(sample.x.astype(dtype), sample.y, sample.signs)
    bound, theta = model.bind(sample), (1e4 * parameters(model, 4, 2)).astype(dtype)
    loss, gradient, statistic = bound.e_step(theta)
    for r, signs in enumerate(sample.signs):
        expected, _ = reference(model, theta[r].astype(float), inverted(sample.x, signs), sample.y)
        assert loss[r] == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(gradient).all() and np.isfinite(statistic).all()
    np.testing.assert_allclose(statistic.sum(axis=1), 1, rtol=1e-6)


def test_loss_and_posterior_follow_from_the_definition(bound):
    theta = parameters(bound, 4)
    loss, posterior = reference(bound, theta, bound.sample.x, bound.sample.y)
    assert bound.loss(theta) == pytest.approx(loss, rel=1e-13)
    assert bound.loss_and_gradient(theta)[0] == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(bound.posterior(theta), posterior, rtol=1e-11)
    of_e_step, _, statistic = bound.e_step(theta)
    assert of_e_step == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(statistic[0], posterior, rtol=1e-11)


def test_gradient_equals_finite_differences(bound, gradient_by_differences):
    theta, sample = parameters(bound, 4), bound.sample
    expected = gradient_by_differences(lambda t: reference(bound, t, sample.x, sample.y)[0], theta)
    assert relative(bound.loss_and_gradient(theta)[1], expected) <= 1e-7


def test_q_gradient_equals_finite_differences(bound, gradient_by_differences):
    theta, other, sample = parameters(bound, 4), parameters(bound, 4, seed=2), bound.sample
    posterior = reference(bound, theta, sample.x, sample.y)[1].T
    rows = np.arange(len(sample.y))

    def minus_q(u):
        return -(posterior * joint(bound, u, sample.x)[rows, :, sample.y]).sum(axis=1).mean()

    statistic = bound.e_step(theta)[2]
    for u in (theta, other):
        expected = gradient_by_differences(minus_q, u)
        assert relative(bound.q_gradient(u, statistic), expected) <= 1e-7


def test_gradient_with_inverted_images_equals_finite_differences(gradient_by_differences):
    model = LogisticExperts(2, 3).bind(images(replicates=1))
    theta = parameters(model, 4)
    x = inverted(model.sample.x, model.sample.signs[0])
    expected = gradient_by_differences(lambda t: reference(model, t, x, model.sample.y)[0], theta)
    assert relative(model.loss_and_gradient(theta)[1], expected) <= 1e-7


def test_stacked_replicates_equal_separate_fits_on_inverted_copies(fitter_name, make_fitter):
    sample, model, fitter = images(replicates=3), LogisticExperts(2, 3), make_fitter(fitter_name)
    # A cycle of SQUAREM's is three EM steps; later ones leap where this small sample separates.
    iterations = 1 if fitter_name == "squarem" else 4
    start = parameters(model, 4, replicates=3)
    states = []
    together = model.bind(sample)
    if fitter.refuses(together) is not None:
        pytest.skip(fitter.refuses(together))
    record(fitter, together, start, iterations=iterations, observe=lambda s: states.append(s) or {})
    for r, signs in enumerate(sample.signs):
        alone = model.bind(Sample(inverted(sample.x, signs), sample.y))
        own = []
        observe = lambda s, own=own: own.append(s) or {}  # noqa: E731
        record(fitter, alone, start[r], iterations=iterations, observe=observe)
        assert len(own) == len(states) == iterations + 1
        for state, expected in zip(states, own, strict=True):
            assert state.loss[r] == pytest.approx(expected.loss, rel=1e-9)
            assert relative(state.theta[r], expected.theta) <= 1e-5
        posterior = alone.posterior(own[-1].theta)
        np.testing.assert_allclose(together.posterior(states[-1].theta)[r], posterior, atol=1e-5)
    assert relative(states[1].theta[0], states[1].theta[1]) > 0.1


@pytest.mark.parametrize("replicates", [None, 3])
def test_chunk_boundaries_do_not_change_the_result(monkeypatch, replicates):
    sample = images(replicates=replicates)
    model = LogisticExperts(2, 3).bind(Sample(sample.x, sample.y, sample.signs, test=sample))
    theta = parameters(model, 4, replicates)

    def everything():
        loss, gradient, statistic = model.e_step(theta)
        of_q = model.q_gradient(1 - theta, statistic)
        held_out = model.held_out(theta).values()
        return [loss, gradient, statistic, of_q, *held_out, *model.loss_and_gradient(theta)]

    whole = everything()
    for chunk in (1, 7, 59, 60, 61):
        monkeypatch.setattr(kernel, "CHUNK", chunk)
        for part, expected in zip(everything(), whole, strict=True):
            np.testing.assert_allclose(part, expected, rtol=1e-12, atol=1e-14)


def test_single_precision_agrees_with_double():
    sample = images(n=3000, d=50, classes=10, replicates=2)
    double, single = LogisticExperts().bind(sample), LogisticExperts()
    single = single.bind(Sample(sample.x.astype(np.float32), sample.y, sample.signs))
    theta = 0.1 * parameters(double, 50, 2)
    loss, gradient = single.loss_and_gradient(theta.astype(np.float32))
    assert gradient.dtype == np.float32
    assert relative(loss, double.loss(theta)) <= 1e-6
    assert relative(gradient, double.loss_and_gradient(theta)[1]) <= 1e-6
    posterior = single.posterior(theta.astype(np.float32))
    assert relative(posterior, double.posterior(theta)) <= 1e-6


def test_m_step_on_digits_reaches_its_relative_tolerance():
    rngs = [np.random.default_rng(5)]
    dataset = RandomInvertDigits()
    _, sample = next(dataset.samples(None, [None], rngs, np.random.default_rng(6), {}))
    model = LogisticExperts().bind(sample)
    start = registry.build("starts", "gaussian", {"variance": 1 / 64}, "start")
    theta = start.draw(model.blocks(64), None, np.random.default_rng(7))
    left = m_step(model, theta, 1e-6)[1]
    assert left <= 1e-6
    assert model.work["unsolved_m_steps"] == 0


def test_m_step_predicts_as_weighted_logistic_regression(bound):
    sample, theta = bound.sample, parameters(bound, 4)
    k, c = bound.experts, bound.classes
    solution, left = m_step(bound, theta, 1e-7)
    assert left <= 1e-7
    weights = reference(bound, theta, sample.x, sample.y)[1]

    def probabilities(x, y, weight):
        settings = {"C": np.inf, "fit_intercept": False, "tol": 1e-11, "max_iter": 10_000}
        solver = LogisticRegression(solver="newton-cg", **settings)
        return solver.fit(x, y, sample_weight=weight).predict_proba(sample.x)

    gate, experts = solution[: k * 4].reshape(k, 4), solution[k * 4 :].reshape(k, c, 4)
    labels = np.repeat(np.arange(k), len(sample.x))
    expected = probabilities(np.tile(sample.x, (k, 1)), labels, weights.ravel())
    np.testing.assert_allclose(softmax(sample.x @ gate.T, axis=1), expected, atol=1e-6)
    for expert, weight in zip(experts, weights, strict=True):
        expected = probabilities(sample.x, sample.y, weight)
        np.testing.assert_allclose(softmax(sample.x @ expert.T, axis=1), expected, atol=1e-6)


def test_an_m_step_left_unsolved_is_counted(bound, monkeypatch):
    theta = parameters(bound, 4)
    m_step(bound, theta, 1e-6)
    assert bound.work["unsolved_m_steps"] == 0
    monkeypatch.setattr(whitened_lbfgs, "MAX_EVALUATIONS", 3)
    m_step(bound, theta, 1e-6)
    assert bound.work["unsolved_m_steps"] == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_weights_give_finite_numbers(bound, dtype):
    model = bound.bind(Sample(bound.sample.x.astype(dtype), bound.sample.y))
    theta = 1e4 * parameters(model, 4)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, gradient = model.loss_and_gradient(theta.astype(dtype))
        of_q = model.q_gradient(theta.astype(dtype), model.posterior(theta.astype(dtype))[None])
    assert np.isfinite(gradient).all() and np.isfinite(of_q).all()
    assert loss == pytest.approx(
        reference(model, theta, model.sample.x, model.sample.y)[0], rel=1e-5
    )


def test_permutations_and_common_shifts_keep_the_loss_and_the_recovery_errors(bound):
    theta, rng = parameters(bound, 4), np.random.default_rng(8)
    k, c = bound.experts, bound.classes
    gate, experts = theta[: k * 4].reshape(k, 4), theta[k * 4 :].reshape(k, c, 4)
    order = rng.permutation(k)[::-1] if k > 2 else [1, 0]
    gate = gate[order] + rng.standard_normal(4)
    experts = experts[order] + rng.standard_normal((k, 1, 4))
    moved = np.concatenate([gate.ravel(), experts.ravel()])
    for member in (moved, *bound.orbit(theta)):
        assert bound.loss(member) == pytest.approx(bound.loss(theta), rel=1e-13)
        assert bound.recovery_errors(member, theta) == pytest.approx({"gate": 0, "experts": 0})
    doubled = bound.recovery_errors(2 * moved, theta)
    assert doubled == pytest.approx({"gate": 1, "experts": 1})


def test_held_out_accuracy_and_cross_entropy_are_those_of_the_inverted_images():
    train, test = images(replicates=2), images(n=50, replicates=2, seed=3)
    alone = LogisticExperts(3, 3).bind(Sample(train.x, train.y, train.signs, test=test))
    theta = 3 * parameters(alone, 4, 2)
    measured = alone.held_out(theta)
    both = Sample(train.x, train.y, train.signs, test=train, validation=test)
    of_validation = alone.bind(both).held_out(theta)
    for name in ("accuracy", "cross_entropy"):
        assert np.array_equal(of_validation[f"validation_{name}"], measured[f"test_{name}"])
    for r, signs in enumerate(test.signs):
        log_probability = logsumexp(joint(alone, theta[r], inverted(test.x, signs)), axis=1)
        accuracy = (log_probability.argmax(axis=1) == test.y).mean()
        cross_entropy = -log_probability[np.arange(50), test.y].mean()
        assert measured["test_accuracy"][r] == accuracy
        assert measured["test_cross_entropy"][r] == pytest.approx(cross_entropy, rel=1e-12)


def test_targets_that_are_no_classes_are_refused():
    with pytest.raises(DataError, match=r"0\.\.2"):
        LogisticExperts(2, 3).bind(images(classes=4))
