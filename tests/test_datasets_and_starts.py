"""Data sets and start laws: their distributions, and that a replicate depends on nothing else."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import records
from scipy import stats
from sklearn.datasets import load_digits

from emmoe.datasets.random_invert_digits import RandomInvertDigits
from emmoe.datasets.random_invert_fashion_mnist import RandomInvertFashionMnist
from emmoe.datasets.synthetic import Synthetic
from emmoe.lab.scene import draw
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.record import cells, registry

SYNTHETIC = {
    "model": {"name": "symmetric_linear"},
    "data": {"name": "synthetic", "n": 40, "d": 3, "norm_beta": 2, "norm_w": 1, "angle": 30},
    "start": {"name": "near_truth", "distance": {"beta": [0.5, 0.1], "w": [0.5, 0.1]}},
}
DIGITS = {
    "model": {"name": "logistic_experts"},
    "data": {"name": "random_invert_digits", "test_size": 1600},
    "start": {"name": "gaussian", "variance": 0.01},
}


def rng(seed=0):
    return np.random.default_rng(seed)


def config(base, **changes):
    limits = {"replicates": 6, "replicates_per_block": 6, "iterations": 3}
    fitters = {"gd": {"algorithm": "gradient_descent", "step": 0.1}}
    return records.experiment({"fitters": fitters} | base | limits | changes, "e", seed=3)


def traces(own, fitter="gd"):
    """The losses of an experiment's fits by (cell, replicate, iteration)."""
    rows = [row for block in cells.grid(own).names for row in records.fit(own, fitter, block).rows]
    return {(row["cell"], row["replicate"], row["iteration"]): row["loss"] for row in rows}


def angle(u, v):
    """Degrees between two vectors, accurate near 0 and 180 too."""
    u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
    return np.rad2deg(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


def synthetic(**changes):
    return Synthetic(**({"n": 50, "d": 4, "norm_beta": 2.0, "norm_w": 0.5, "angle": 60} | changes))


@pytest.mark.parametrize("degrees", [0, 1e-3, 45, 90, 135.5, 180])
@pytest.mark.parametrize("d", [2, 10])
def test_synthetic_truth_has_the_stated_norms_and_angle(degrees, d):
    for seed in range(20):
        beta, w = np.split(synthetic(d=d, angle=degrees).truth({}, rng(seed)), 2)
        norms = np.linalg.norm(beta), np.linalg.norm(w)
        assert norms == pytest.approx((2.0, 0.5), rel=1e-14)
        assert angle(beta, w) == pytest.approx(degrees, abs=1e-12)


def test_random_angle_means_independent_uniform_directions():
    truths = np.array([synthetic(d=3, angle="random").truth({}, rng(seed)) for seed in range(2000)])
    beta, w = truths[:, :3] / 2, truths[:, 3:] / 0.5
    for cosine in ((beta * w).sum(axis=1), *beta.T, *w.T):  # uniform on a sphere in 3 dimensions
        assert stats.kstest(cosine, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_synthetic_features_are_standard_normal_and_independent():
    dataset, model = synthetic(n=20_000), SymmetricLinear()
    _, sample = next(dataset.samples(model, [np.ones(8)], [rng()], rng(), {}))
    assert sample.x.shape == (20_000, 4) and sample.y.shape == (20_000,)
    for column in sample.x.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
    off = sample.x.T @ sample.x / len(sample.x) - np.eye(4)
    assert np.abs(off).max() < 5 * np.sqrt(2 / len(sample.x))


def test_linear_targets_have_the_moments_of_the_mixture():
    """E[y^2 (xx' - I)] = 2 beta beta', and given x: E y = b tanh(a/2), E y^2 = b^2 + sigma^2."""
    draws, n = rng(1), 400_000
    beta, w = np.array([1.0, -0.5, 0.0]), np.array([0.3, 1.0, -1.0])
    model, theta = SymmetricLinear(noise_sd=0.7), np.concatenate([beta, w])
    x = draws.standard_normal((n, 3))
    y_squared = model.simulate(x, theta, draws)[:, None, None] ** 2
    terms = y_squared * (x[:, :, None] * x[:, None] - np.eye(3))
    error = np.abs(terms.mean(axis=0) - 2 * np.outer(beta, beta))
    assert (error < 5 * terms.std(axis=0) / np.sqrt(n)).all()
    row = np.array([1.0, 0.5, -0.7])
    y, (a, b) = model.simulate(np.tile(row, (n, 1)), theta, draws), (row @ w, row @ beta)
    assert abs(y.mean() - b * np.tanh(a / 2)) < 5 * y.std() / np.sqrt(n)
    assert abs((y**2).mean() - b**2 - 0.49) < 5 * (y**2).std() / np.sqrt(n)


def test_logistic_targets_have_the_probability_of_the_mixture():
    draws, n, cdf = rng(2), 400_000, stats.logistic.cdf
    theta = np.array([1.0, -0.5, 0.3, 1.0])
    for row in ([1.0, 0.5], [-1.0, 1.0], [0.2, -2.0]):
        y = SymmetricLogistic().simulate(np.tile(row, (n, 1)), theta, draws)
        a, b = row @ theta[2:], row @ theta[:2]
        expected = cdf(a) * cdf(b) + cdf(-a) * cdf(-b)
        assert set(np.unique(y)) == {-1, 1}
        assert abs((y == 1).mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / n)


def test_a_replicate_has_the_same_data_whatever_else_the_grid_holds():
    alone = traces(config(SYNTHETIC))
    data = SYNTHETIC["data"] | {"norm_beta": [1, 2], "angle": [0, 30]}
    more = {"a": {"algorithm": "em"}, "gd": {"algorithm": "gradient_descent", "step": 0.1}}
    changes = {"replicates": 5, "replicates_per_block": 2, "cells_per_block": 2, "fitters": more}
    others = config(SYNTHETIC | {"data": data}, **changes)
    found = traces(others)
    shared = {(cell, r, t): loss for (cell, r, t), loss in alone.items() if r < 5}
    assert shared and all(found[index] == loss for index, loss in shared.items())
    assert len({loss for (_, _, t), loss in found.items() if t == 0}) == 4 * 5
    first = {index: loss for index, loss in found.items() if index[2] == 0}
    of_em = traces(others, "a")
    assert all(of_em[index] == pytest.approx(loss, rel=1e-13) for index, loss in first.items())


def test_an_inverted_replicate_is_the_same_whatever_its_block_holds():
    together, apart = (traces(config(DIGITS, replicates_per_block=size)) for size in (6, 1))
    assert set(together) == set(apart)
    assert all(apart[index] == pytest.approx(loss, rel=1e-12) for index, loss in together.items())
    assert len({loss for (_, _, t), loss in together.items() if t == 3}) == 6


@pytest.mark.parametrize("base", [SYNTHETIC, DIGITS], ids=["near_truth", "gaussian"])
def test_draws_of_a_replicate_do_not_depend_on_its_block(base):
    own = config(base)
    given = own.seed, own.model, own.start, cells.grid(own).first()
    truths, whole = draw(*given, range(6))
    (truth,), one = draw(*given, [3])
    assert whole.shape[0] == 6 and np.array_equal(whole[[3]], one)
    assert len(np.unique(whole, axis=0)) == 6
    if base is SYNTHETIC:
        assert np.array_equal(truths[3], truth) and len(np.unique(truths, axis=0)) == 6
    else:
        assert truths == [None] * 6 and truth is None


def fashion_files(folder):
    """Write random images and labels in Fashion-MNIST's format: the files and the arrays."""
    files, arrays, shapes = {}, [], [(800, 28, 28), (800,), (60, 28, 28), (60,)]
    for name, shape in zip(RandomInvertFashionMnist.files, shapes, strict=True):
        arrays.append(rng(5).integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8))
        header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
        files[name] = (folder / Path(name).name, None)
        files[name][0].write_bytes(gzip.compress(header + arrays[-1].tobytes()))
    return files, arrays


@pytest.fixture(params=["digits", "fashion_mnist"])
def images(request, tmp_path):
    """A random-invert sample of 5 replicates, and the images and labels it is made of."""
    if request.param == "digits":
        dataset, files, (x, y) = RandomInvertDigits(), {}, load_digits(return_X_y=True)
        x = x / 16
    else:
        dataset = RandomInvertFashionMnist(train_size=790)
        files, arrays = fashion_files(tmp_path)
        x = np.concatenate([arrays[0][:790], arrays[2]]).reshape(850, -1) / 255
        y = np.concatenate([arrays[1][:790], arrays[3]])
    generators = [rng(seed) for seed in range(5)]
    ((positions, sample),) = dataset.samples(None, [None] * 5, generators, rng(9), files)
    assert positions == [0, 1, 2, 3, 4]
    assert sample.x.dtype == dataset.dtype and sample.x.shape[1] == dataset.shape
    return sample, x.astype(dataset.dtype), y


def test_images_are_read_once_and_anew_once_a_file_has_changed(tmp_path):
    dataset, (files, arrays) = RandomInvertFashionMnist(train_size=790), fashion_files(tmp_path)

    def read():
        ((_, sample),) = dataset.samples(None, [None], [rng(0)], rng(9), files)
        return sample

    one, two = read(), read()
    assert np.shares_memory(one.x, two.x) and one.x is not two.x
    path = files[dataset.files[0]][0]
    header = gzip.decompress(path.read_bytes())[:16]
    path.write_bytes(gzip.compress(header + (255 - arrays[0]).tobytes()))
    os.utime(path, ns=(1, 1))
    np.testing.assert_allclose(read().x, 1 - one.x, atol=1e-6)


def test_half_of_the_images_are_inverted_in_training_and_test(images):
    for part in (images[0], images[0].test):
        n = len(part.x)
        assert part.signs.shape == (5, n) and set(np.unique(part.signs)) == {-1, 1}
        assert (np.abs(part.signs.mean(axis=1)) < 5 / np.sqrt(n)).all()
        assert len(np.unique(part.signs, axis=0)) == 5
        overlap = np.abs(part.signs @ part.signs.T.astype(float) / n - np.eye(5))
        assert overlap.max() < 5 / np.sqrt(n)


def test_pixels_span_0_to_1_and_every_image_keeps_its_label(images):
    sample, x, y = images
    parts = sample, sample.test
    assert all(part.x.min() == 0 and part.x.max() == 1 for part in parts)

    def rows(*arrays):  # 4080 is a multiple of both depths, 16 and 255
        whole = [np.column_stack([np.rint(4080 * x), y]).astype(int) for x, y in arrays]
        return sorted(row.tobytes() for row in np.concatenate(whole))

    assert rows(*((part.x, part.y) for part in parts)) == rows((x, y))


def test_digits_are_split_alike_for_all_replicates():
    one, other, moved = (
        next(RandomInvertDigits().samples(None, [None], [rng(own)], rng(split), {}))[1]
        for own, split in ((0, 9), (1, 9), (0, 8))
    )
    assert np.array_equal(one.x, other.x) and np.array_equal(one.test.x, other.test.x)
    assert not np.array_equal(one.signs, other.signs)
    assert not np.array_equal(one.test.x, moved.test.x)
    assert (len(one.x), len(one.test.x)) == (1437, 360)


def starts(name, truth, count=3000, **settings):
    law, blocks = registry.build("starts", name, settings, "start"), SymmetricLinear().blocks(3)
    return np.array([law.draw(blocks, truth, rng(seed)) for seed in range(count)])


def test_near_truth_distances_are_normal_and_directions_uniform():
    truth, law = np.array([1.0, 2.0, 2.0, 0.0, 0.3, 0.4]), {"beta": [1.1, 0.2], "w": [0.8, 0.1]}
    moves = starts("near_truth", truth, distance=law) - truth
    for part, size, (mean, sd) in ((moves[:, :3], 3, law["beta"]), (moves[:, 3:], 0.5, law["w"])):
        distances = np.linalg.norm(part, axis=1)
        assert stats.kstest(distances / size, stats.norm(mean, sd).cdf).pvalue > 1e-3
        for cosine in (part / distances[:, None]).T:
            assert stats.kstest(cosine, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_near_truth_distances_below_the_floor_become_the_floor():
    settings = {"distance": {"beta": [0.5, 0.2], "w": [-9.0, 0.1]}, "floor": 0.4}
    moves = starts("near_truth", np.ones(6), **settings) - 1
    beta, w = (np.linalg.norm(part, axis=1) / np.sqrt(3) for part in (moves[:, :3], moves[:, 3:]))
    assert beta.min() == pytest.approx(0.4) and w == pytest.approx(0.4)
    at_floor = np.isclose(beta, 0.4, rtol=1e-12).mean()
    assert abs(at_floor - stats.norm.cdf(-0.5)) < 5 * 0.5 / np.sqrt(len(beta))


LAW = {"beta": [1.1, 0.2], "w": [0.8, 0.1]}


def test_inclined_start_in_a_random_direction_is_the_one_near_the_truth():
    truth, cosine = np.array([1.0, 2.0, 2.0, 0.0, 0.3, 0.4]), {"beta": "random", "w": "random"}
    own = starts("inclined", truth, 20, distance=LAW, cosine=cosine, floor=0.5)
    assert np.array_equal(own, starts("near_truth", truth, 20, distance=LAW, floor=0.5))


def test_inclined_start_has_the_stated_distance_and_cosine_and_is_uniform_around_them():
    truth, cosine = np.array([1.0, 2.0, 2.0, 0.0, 0.3, 0.4]), {"beta": 0.9, "w": -0.5}
    moves = starts("inclined", truth, distance=LAW, cosine=cosine) - truth
    for block, part in (("beta", slice(0, 3)), ("w", slice(3, 6))):
        own, size = moves[:, part], np.linalg.norm(truth[part])
        distances = np.linalg.norm(own, axis=1)
        assert stats.kstest(distances / size, stats.norm(*LAW[block]).cdf).pvalue > 1e-3
        towards = -truth[part] / size
        assert own @ towards / distances == pytest.approx(cosine[block], abs=1e-12)
        first, second = np.linalg.svd(towards[None])[2][1:]  # of the plane across
        angles = np.arctan2(own @ first, own @ second)
        assert stats.kstest(angles, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3


def test_inclined_start_of_one_parameter_and_of_a_vanishing_truth_is_finite():
    law = registry.build(
        "starts", "inclined", {"distance": LAW, "cosine": {"beta": 0.5, "w": 0.5}}, ""
    )
    found = law.draw(SymmetricLinear().blocks(1), np.array([2.0, 0.0]), rng(0))
    assert np.isfinite(found).all() and found[1] == 0 and found[0] != 2


def test_gaussian_start_has_the_stated_variance_in_every_parameter():
    for column in starts("gaussian", None, variance=0.25).T:
        assert stats.kstest(column, stats.norm(0, 0.5).cdf).pvalue > 1e-3


def test_validation_images_are_the_last_of_the_training_images_with_their_signs():
    rngs = lambda: [np.random.default_rng(r) for r in (1, 2)]  # noqa: E731
    split = lambda: np.random.default_rng(0)  # noqa: E731
    whole, part = (
        next(RandomInvertDigits(360, size).samples(None, [None] * 2, rngs(), split(), {}))[1]
        for size in (None, 100)
    )
    assert whole.validation is None and len(whole.x) == 1437
    assert (len(part.x), len(part.validation.x)) == (1337, 100)
    for name, axis in (("x", 0), ("y", 0), ("signs", 1)):
        joined = np.concatenate([getattr(part, name), getattr(part.validation, name)], axis=axis)
        np.testing.assert_array_equal(joined, getattr(whole, name))
        np.testing.assert_array_equal(getattr(part.test, name), getattr(whole.test, name))


def test_validation_may_not_take_more_than_half_of_the_training_images():
    for dataset, most in ((RandomInvertDigits, 718), (RandomInvertFashionMnist, 30000)):
        dataset(validation_size=most)
        for size in (0, -1, most + 1):
            with pytest.raises(ValueError, match=rf"validation_size must be within 1\.\.{most}"):
                dataset(validation_size=size)
