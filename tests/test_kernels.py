"""The compiled kernels against plain numpy and scipy."""

import numpy as np
import pytest
from brute_force import plain_pass
from numba import njit
from scipy.optimize import root

from emmoe.models._compiled import newton, sums, symmetric_pass
from emmoe.models._compiled.exponential import decay
from emmoe.models.regression import Sample
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.models.symmetric_logistic import SymmetricLogistic

# Around the chunk's size, and where the number of features is odd, even and one.
SHAPES = [(1, 1), (255, 3), (256, 4), (257, 5), (2000, 1), (3001, 10)]
MODELS = [SymmetricLinear(), SymmetricLinear(noise_sd=0.3), SymmetricLogistic()]


def bound(model, n, d, norm=2.0):
    rng = np.random.default_rng([n, d])
    x, theta = rng.standard_normal((n, d)), norm * rng.standard_normal(2 * d)
    return model.bind(Sample(x, model.simulate(x, theta, rng))), theta


@njit
def decays(v):
    out = np.empty_like(v)
    for i in range(len(v)):
        out[i] = decay(v[i])
    return out


def test_decay_is_exp_to_two_units_in_the_last_place():
    rng = np.random.default_rng(0)
    v = np.concatenate([scale * rng.standard_normal(20000) for scale in (1e-9, 0.1, 1, 20, 200)])
    v = np.concatenate([v[np.abs(v) < 700], [0.0, -0.0, 700.0, -700.0]])
    np.testing.assert_allclose(decays(v), np.exp(-np.abs(v)), rtol=4.5e-16, atol=0)
    assert decays(np.array([0.0]))[0] == 1
    near = v[np.abs(v) < 87].astype(np.float32)
    found = decays(near)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.exp(-np.abs(near.astype(float))), rtol=2.4e-7, atol=0)


def test_decay_of_a_huge_logit_is_tiny_and_finite():
    assert (decays(np.array([709.0, 1e6, -1e300, np.inf])) < 1e-307).all()
    assert (decays(np.array([88.0, -1e30, np.inf], np.float32)) < 1e-37).all()


def test_half_tanh_difference_keeps_its_digits_where_both_have_saturated():
    """At 40 and 41 tanh has rounded to one; the difference is exp(-40) - exp(-41)."""
    for sign in (1, -1):
        u, v = sign * 40.0, sign * 41.0
        e, f = np.exp(-40), np.exp(-41)
        found = sums.half_tanh_difference(u, e, v, f, 1 / ((1 + e) * (1 + f)))
        assert found == pytest.approx(-sign * (e - f), rel=1e-12)


def test_half_tanh_difference_is_the_plain_one():
    rng = np.random.default_rng(1)
    for u, v in 3 * rng.standard_normal((200, 2)):
        e, f = np.exp(-abs(u)), np.exp(-abs(v))
        found = sums.half_tanh_difference(u, e, v, f, 1 / ((1 + e) * (1 + f)))
        assert found == pytest.approx((np.tanh(u / 2) - np.tanh(v / 2)) / 2, abs=3e-16)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("model", MODELS, ids=["linear", "linear-noise-0.3", "logistic"])
@pytest.mark.parametrize("norm", [0.0, 2.0, 50.0])
def test_pass_is_that_of_plain_numpy(model, shape, norm):
    model, theta = bound(model, *shape, norm)
    for point in (theta, -0.7 * theta + norm / 10):
        loss, gradient, statistic = plain_pass(model, point)
        found = model.e_step(point)
        assert found[0] == pytest.approx(loss, rel=1e-12)
        scale = np.linalg.norm(statistic) + np.linalg.norm(gradient) + 1e-300
        assert np.linalg.norm(found[1] - gradient) <= 1e-12 * scale
        assert np.linalg.norm(found[2] - statistic) <= 1e-12 * scale


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gram_is_the_weighted_sum_of_outer_products(shape):
    rng = np.random.default_rng(2)
    x, weights = rng.standard_normal(shape), rng.standard_normal(shape[0])
    expected = np.einsum("i,ij,ik->jk", weights, x, x) / shape[0]
    found = symmetric_pass.gram(x.T.copy(), weights)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)
    assert np.array_equal(found, found.T)


@pytest.mark.parametrize("shape", [(255, 3), (256, 4), (2001, 1), (3001, 10)], ids=str)
def test_solution_is_that_of_a_general_root_finder(shape):
    rng = np.random.default_rng(3)
    x = rng.standard_normal(shape)
    target = x.T @ np.tanh(x @ rng.standard_normal(shape[1]) / 2) / (2 * len(x))

    def residual(v):
        return x.T @ np.tanh(x @ v / 2) / (2 * len(x)) - target

    start = rng.standard_normal(shape[1])
    found, *_, unsolved = newton.solve(x.T.copy(), target, start, residual(start), 1e-14)
    expected = root(residual, found + 1e-3, tol=1e-13).x
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert np.abs(residual(found)).max() <= 1e-14 and unsolved == 0
