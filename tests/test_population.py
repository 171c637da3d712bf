"""The population rate against the definition of I_z, Monte Carlo and its exact symmetries."""

import math
import timeit

import numpy as np
import pytest
from scipy.linalg import eigh

from emmoe.theory import population_blocks, population_rate

MODELS = ["symmetric_linear", "symmetric_logistic"]
CASES = [
    ("symmetric_linear", 1.0, 1.0, 45.0),
    ("symmetric_linear", 0.5, 2.0, 90.0),
    ("symmetric_linear", 2.0, 1.0, 0.0),
    ("symmetric_linear", 1.25, 4.0, 179.9),
    ("symmetric_logistic", 1.0, 1.0, 45.0),
    ("symmetric_logistic", 2.0, 4.0, 120.0),
    ("symmetric_logistic", 0.5, 2.0, 180.0),
    ("symmetric_logistic", 8.0, 8.0, 1.0),
    ("symmetric_logistic", 12.0, 0.25, 60.0),
]


def sech(u):
    return 1 / np.cosh(u)


def half_plane(step, radius=8.5):
    """x of shape (n, 2) with x1 >= 0, and weights of a standard Gaussian (symmetry x ~ -x)."""
    z = step * np.arange(-math.ceil(radius / step), math.ceil(radius / step) + 1)
    x = np.stack(np.meshgrid(z[z >= 0], z, indexing="ij"), axis=-1).reshape(-1, 2)
    weights = step**2 / (2 * np.pi) * np.exp(-(x**2).sum(1) / 2)
    return x, np.where(x[:, 0] > 0, 2 * weights, weights)


def y_moments_of_sech2(model, a, b):
    """E_y[y^k sech^2(phi/2) | x] for k = 0, 1, 2, y averaged over its mixture given x."""
    if model == "symmetric_logistic":
        chance = {y: (1 + y * np.tanh(a / 2) * np.tanh(b / 2)) / 2 for y in (1, -1)}
        terms = {y: chance[y] * sech((a + y * b) / 2) ** 2 for y in (1, -1)}
        even = terms[1] + terms[-1]
        return even, terms[1] - terms[-1], even
    y = np.arange(-8.5, 8.5, 0.1)
    gauss = 0.1 / math.sqrt(2 * math.pi) * np.exp(-(y**2) / 2)
    inner = sech(a[:, None] / 2 + b[:, None] * y) @ np.stack([gauss, gauss * y, gauss * y**2], 1)
    return (sech(a / 2) * np.exp(-(b**2) / 2) * inner.T)[:3]


def blocks_by_definition(model, norm_beta, norm_w, angle_deg, cross=1.0):
    """(span, orthogonal) from I_z and HessA of theory.md on a plain grid, x1 along w."""
    top = max(norm_beta, norm_w) if model == "symmetric_linear" else (norm_beta + norm_w) / 2
    x, weights = half_plane(min(0.3, 0.18 / top))
    angle = math.radians(angle_deg)
    a, b = norm_w * x[:, 0], norm_beta * (x @ [math.cos(angle), math.sin(angle)])
    w0, w1, w2 = y_moments_of_sech2(model, a, b)
    if model == "symmetric_linear":
        missing = [[w2, cross * w1 / 2], [cross * w1 / 2, w0 / 4]]
        complete = [np.ones_like(a), sech(a / 2) ** 2 / 4]
    else:
        missing = [[w2 / 4, cross * w1 / 4], [cross * w1 / 4, w0 / 4]]
        complete = [sech(b / 2) ** 2 / 4, sech(a / 2) ** 2 / 4]
    columns = 1 if angle_deg in (0, 180) else 2

    def assemble(x):
        blocks = [[(x.T * (weights * k)) @ x for k in row] for row in missing]
        hess_a = [(x.T * (weights * k)) @ x for k in complete]
        zero = np.zeros_like(hess_a[0])
        return np.block(blocks), np.block([[hess_a[0], zero], [zero, hess_a[1]]])

    parts = assemble(x[:, :columns]), assemble(np.ones((len(x), 1)))
    return [eigh(*part, eigvals_only=True)[-1] for part in parts]


@pytest.mark.parametrize("case", CASES)
def test_both_blocks_are_the_eigenvalues_of_the_definition(case):
    blocks = population_blocks(*case)
    span, orthogonal = blocks_by_definition(*case)
    assert blocks.span == pytest.approx(span, abs=1e-9)
    assert blocks.orthogonal == pytest.approx(orthogonal, abs=1e-9)
    assert population_rate(*case) == max(blocks.span, blocks.orthogonal)


@pytest.mark.parametrize("case", [CASES[0], CASES[3], CASES[4], CASES[7]])
def test_the_comparison_rejects_a_rate_without_the_cross_information(case):
    span, orthogonal = blocks_by_definition(*case, cross=0.0)
    assert abs(population_blocks(*case).span - span) > 1e-3
    assert abs(population_blocks(*case).orthogonal - orthogonal) > 1e-3


def sample_blocks(model, norm_beta, norm_w, angle_deg, n, rng):
    """Sums over n draws of (I_z, HessA) in d = 3, parameters (beta, w), shape (2, 6, 6)."""
    angle = math.radians(angle_deg)
    x = rng.standard_normal((n, 3))
    b = norm_beta * x[:, 0]
    a = norm_w * (x @ [math.cos(angle), math.sin(angle), 0])
    z = np.where(rng.random(n) < 1 / (1 + np.exp(-a)), 1, -1)
    if model == "symmetric_linear":
        y = z * b + rng.standard_normal(n)
        scale, vector = sech(a / 2 + y * b) ** 2, [y, np.full(n, 0.5)]
        complete = [np.ones(n), sech(a / 2) ** 2 / 4]
    else:
        y = np.where(rng.random(n) < 1 / (1 + np.exp(-z * b)), 1, -1)
        scale, vector = sech((a + y * b) / 2) ** 2 / 4, [y, np.ones(n)]
        complete = [sech(b / 2) ** 2 / 4, sech(a / 2) ** 2 / 4]
    features = np.hstack([x * v[:, None] for v in vector])
    hess_a = np.zeros((6, 6))
    for k, weight in enumerate(complete):
        hess_a[3 * k : 3 * k + 3, 3 * k : 3 * k + 3] = (x.T * weight) @ x
    return np.stack([(features.T * scale) @ features, hess_a])


@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[4], CASES[5]])
def test_blocks_agree_with_draws_from_the_model(case):
    rng = np.random.default_rng(7)
    batches = np.stack([sample_blocks(*case, 20_000, rng) for _ in range(20)])
    blocks = population_blocks(*case)
    for axes, expected in (([0, 1, 3, 4], blocks.span), ([2, 5], blocks.orthogonal)):
        part = batches[:, :, axes][..., axes]
        left_out = [eigh(*(part.sum(0) - one), eigvals_only=True)[-1] for one in part]
        error = math.sqrt(19) * np.std(left_out)
        assert error < 5e-3
        assert abs(eigh(*part.sum(0), eigvals_only=True)[-1] - expected) < 5 * error


@pytest.mark.parametrize("norms", [(0.25, 12.0), (1.0, 1.25), (4.0, 4.0)])
@pytest.mark.parametrize("angle", [0.01, 30.0, 89.0, 90.0])
def test_angles_theta_and_180_minus_theta_are_equivalent(norms, angle):
    for model in MODELS:
        left, right = (population_blocks(model, *norms, t) for t in (angle, 180 - angle))
        assert left.span_gap == pytest.approx(right.span_gap, rel=1e-8)
        assert left.orthogonal_gap == pytest.approx(right.orthogonal_gap, rel=1e-8)


@pytest.mark.parametrize("norms", [(0.25, 12.0), (1.0, 1.25), (1.0, 2.01)])
def test_symmetric_logistic_is_symmetric_in_gate_and_expert(norms):
    for angle in (0.0, 1.0, 60.0, 90.0):
        one = population_blocks("symmetric_logistic", *norms, angle)
        other = population_blocks("symmetric_logistic", *norms[::-1], angle)
        assert one.gap == pytest.approx(other.gap, rel=1e-10)
        assert one.span_gap == pytest.approx(other.span_gap, rel=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_rate_is_continuous_at_collinear_vectors(model):
    for end, near in ((0.0, 1e-4), (180.0, 179.9999)):
        at, by = (population_rate(model, 2.0, 3.0, t) for t in (end, near))
        assert at == pytest.approx(by, abs=1e-9)


@pytest.mark.parametrize("norm", [0.25, 1.0, 12.0])
def test_symmetric_logistic_is_singular_exactly_where_w_is_beta_or_minus_beta(norm):
    for angle in (0, 180):
        assert population_rate("symmetric_logistic", norm, norm, angle) == 1.0
    # a quadratic zero: its constant needs 1 - rho to relative, not absolute, precision
    gaps = [population_blocks("symmetric_logistic", norm, norm, t).gap for t in (1e-3, 1e-5)]
    assert gaps[1] > 0
    assert gaps[0] / gaps[1] == pytest.approx(1e4, rel=1e-6)


def test_unidentified_parameters_give_rate_one_and_w_zero_is_legitimate_for_linear():
    assert population_rate("symmetric_linear", 0, 2, 30) == 1.0
    assert population_rate("symmetric_logistic", 0, 2, 30) == 1.0
    assert population_rate("symmetric_logistic", 2, 0, 30) == 1.0
    rates = [population_rate("symmetric_linear", 1.0, w, 30) for w in (0, 1e-9)]
    assert 0 < rates[0] < 0.99
    assert rates[0] == pytest.approx(rates[1], abs=1e-12)
    gaps = [population_blocks("symmetric_linear", b, 2.0, 40).gap / b**2 for b in (1e-3, 1e-6)]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-4)


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("softmax", 1, 1, 0), "model = 'softmax'"),
        (("symmetric_linear", -0.5, 1, 0), "norm_beta = -0.5"),
        (("symmetric_linear", 1, math.nan, 0), "norm_w = nan"),
        (("symmetric_logistic", math.inf, 1, 0), "norm_beta = inf"),
        (("symmetric_logistic", 1, "2", 0), "norm_w = 2"),
        (("symmetric_logistic", 1, 1, 180.5), "angle_deg = 180.5"),
    ],
)
def test_a_bad_argument_is_named_in_one_line_with_its_range(arguments, named):
    with pytest.raises(ValueError, match=named) as caught:
        population_rate(*arguments)
    assert "\n" not in str(caught.value)
    assert "must be" in str(caught.value)


@pytest.mark.parametrize("model", MODELS)
def test_one_call_takes_less_than_50_ms(model):
    calls = timeit.repeat(lambda: population_rate(model, 12.0, 12.0, 89.0), number=1, repeat=5)
    assert min(calls) < 0.05
