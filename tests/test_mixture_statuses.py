"""Mixtures of experts: degenerate cases say what they are, and no result is NaN where it says
`maximum`."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from mixture_cases import bound, model_of, problem
from sklearn.datasets import load_iris

from emmoe.mixture import Problem, fit, status
from emmoe.mixture.maximise import maximise
from emmoe.store.errors import DataError

RNG = np.random.default_rng(5)
X = RNG.standard_normal((120, 1))
LINE = 1 + X[:, 0] + 0.5 * RNG.standard_normal(120)
TWO = np.where(RNG.random(120) < 0.6, 3 + X[:, 0], -X[:, 0]) + 0.5 * RNG.standard_normal(120)
STEP = np.where(X[:, 0] > 0, 5 + X[:, 0], -5 - X[:, 0]) + 0.1 * RNG.standard_normal(120)


@pytest.fixture(autouse=True)
def no_warning_of_numpy():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def few(given, experts=2, **settings):
    return fit(given, experts, **{"n_init": 4, **settings})


def test_two_rows_with_an_expert_of_their_own_are_degenerate():
    y = np.append(LINE[:-2], [60.0, 70.0])
    found = fit(Problem(X, y), 2, n_init=4)
    assert found.status == "degenerate"
    assert "degenerate" in {run["status"] for run in found.restarts}
    assert all(basin["status"] != "degenerate" for basin in found.basins)
    assert found.variance_penalty > 0
    assert found.sigma.min() > 0
    assert np.isnan([found.aic, found.bic]).all()
    assert "variance_penalty" in found.warnings[0]


def test_variance_floor_holds_after_newton_too():
    model = model_of(Problem(X, STEP), 2)
    theta = np.zeros(model.layout.size)
    theta[-2:] = [0.0, -0.5]
    assert maximise(model, theta, floor=-0.4, tolerance=1e-10).floored


def test_curvature_that_is_no_number_ends_the_run():
    model, theta = bound("poisson", n=150, experts=3)
    with np.errstate(all="ignore"):
        end = maximise(model, np.full_like(theta, 700.0), -np.inf, 1e-10)
        assert not end.converged
        assert status.status_of(model, end)[0] not in ("maximum", "flat")


def test_penalised_variances_are_chen_tan_and_zhangs():
    """s^2 = (E r e^2 + 2a s_0^2) / (E r + 2a), at a stationary point."""
    a, given = 3.0, Problem(X, TWO)
    found = few(given, variance_penalty=a)
    model = model_of(given, 2)
    r = model.responsibilities(found.theta)
    (part,) = model.parts(found.theta)
    squares = (r * part.residual[:, 0] ** 2).sum(axis=1)
    expected = (squares + 2 * a * found.pooled) / (r.sum(axis=1) + 2 * a)
    assert np.exp(2 * model.layout.split(found.theta)[2]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("given", "experts", "blocks"),
    [
        (Problem(X, STEP), 2, {"gate"}),
        (Problem(X, (X[:, 0] > 0.1) * 1.0, "logistic"), 1, {"expert 0"}),
        (Problem(X, np.zeros(120), "poisson"), 1, {"expert 0"}),
        (Problem(X, np.ones(120), "logistic"), 1, {"expert 0"}),
    ],
)
def test_separable_data_end_in_a_penalised_fit(given, experts, blocks):
    found = few(given, experts)
    assert (found.status, set(found.separable)) == ("separable", blocks)
    assert found.alpha == 1e-3
    assert found.supremum > found.loglik
    assert np.isfinite(found.theta_given).all()
    assert found.warnings[0].startswith("separable")
    hidden = np.isnan(np.diag(found.covariance))
    assert hidden.any()
    assert hidden.all() == (experts == 1)  # the experts beside a separable gate have errors


FEW = (np.arange(120) < 8) * 1.0
DUMMY = np.column_stack([X, FEW])
EITHER = (RNG.random(120) < 1 / (1 + np.exp(-X[:, 0]))) * 1.0
CROSSED = np.where((FEW > 0) | (RNG.random(120) < 0.5), 6 + X[:, 0], -X[:, 0])
PARTLY = {
    "an expert of one class": (Problem(DUMMY, np.maximum(EITHER, FEW), "logistic"), 1),
    "an expert without counts": (
        Problem(DUMMY, (1 - FEW) * RNG.poisson(3, 120), "poisson"), 1
    ),
    "a gate of one expert": (
        Problem(DUMMY, CROSSED + 0.5 * RNG.standard_normal(120), expert_columns=(0,)), 2
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTLY)
def test_dummy_whose_rows_are_of_one_kind_is_separable(name):
    """Though the rest of its block has a finite maximum, so that doubling all of it costs."""
    given, experts = PARTLY[name]
    found = few(given, experts)
    block = "gate" if experts == 2 else "expert 0"
    assert (found.status, found.separable) == ("separable", (block,))
    assert found.alpha > 0 and found.supremum > found.loglik
    plain = few(replace(given, x=X, expert_columns=None), experts)
    assert plain.status == "maximum"


@pytest.mark.parametrize("offset", [1000, -1000, 1e6, -1e300])
def test_offset_of_any_size_moves_the_intercepts_alone(offset):
    counts = RNG.poisson(np.exp(np.where(RNG.random(120) < 0.5, 3, 0.5 * X[:, 0])))
    base = few(Problem(X, counts, "poisson"))
    found = few(Problem(X, counts, "poisson", offset=np.full(120, float(offset))))
    assert (found.status, base.status) == ("maximum", "maximum")
    assert found.loglik == pytest.approx(base.loglik, abs=1e-8)
    assert found.expert_rows[:, 0, 1] == pytest.approx(base.expert_rows[:, 0, 1], rel=1e-6)


def test_classes_that_two_features_tell_are_separable():
    x, y = load_iris(return_X_y=True)
    found = few(Problem(x[:, :2], y, "multinomial"))
    assert found.status == "separable"


def test_doubling_of_a_finite_maximum_falls():
    given = problem("gaussian")
    found, model = few(given, 3), model_of(given, 3)
    assert found.status == "maximum"
    assert status.separable_blocks(model, found.theta) == ()
    for _, change in status.doublings(model, found.theta):
        assert model.loss(found.theta + change) > model.loss(found.theta)


def test_needless_expert_is_told_by_its_rows_and_by_bic():
    fits = [fit(Problem(X, LINE), k, n_init=8) for k in (1, 3)]
    assert fits[1].effective_rows.sum() == pytest.approx(120)
    assert not fits[1].bic < fits[0].bic


def test_expert_with_few_rows_is_warned_of():
    y = np.append(LINE[:-3], [60.0, 70.0, 50.0])
    found = few(Problem(X, y), variance_penalty=1.0)
    assert any("fewer than 4 effective rows" in line for line in found.warnings)


def test_unidentified_experts_are_flat_without_errors():
    found = few(Problem(X > 0, LINE > 1, "logistic"))
    assert found.status == "flat"
    assert np.isnan(found.covariance).all()
    assert found.basins[0]["status"] == "flat"


def test_dropped_columns_are_named_and_not_counted():
    wide = np.column_stack([X, 2 * X + 1, np.ones(120), X**2])
    found = few(Problem(wide, LINE, names=("a", "b", "one", "square")))
    assert found.dropped_features == {"gate": ("b", "one"), "experts": ("b", "one")}
    assert found.n_parameters == few(Problem(wide[:, [0, 3]], LINE)).n_parameters
    assert (found.expert_rows[:, 0, [2, 3]] == 0).all()
    assert any("b, one" in line for line in found.warnings)


@pytest.mark.parametrize("experts", [1, 2])
@pytest.mark.parametrize("y", [np.full(120, 3.0), np.zeros(120), 2 + 3 * X[:, 0]])
def test_targets_without_noise_are_fitted_and_warned_of(y, experts):
    found = few(Problem(X, y), experts)
    assert found.status == "degenerate"
    size = np.abs(y).max() + 1
    mean = found.expert_rows[0, 0] @ [1, 0.5]
    assert mean == pytest.approx(y[0] if (y == y[0]).all() else 3.5, abs=1e-6 * size)


@pytest.mark.parametrize("n", [2, 3, 12])
def test_fewer_rows_than_parameters_give_a_penalised_fit(n):
    x = RNG.standard_normal((n, 5))
    found = few(Problem(x, RNG.standard_normal(n)))
    assert found.status == "degenerate"
    assert np.isfinite(found.theta_given).all()


@pytest.mark.parametrize("scale", [1e-100, 1e-8, 1e8, 1e100])
def test_scale_of_the_data_does_not_matter(scale):
    found, base = few(Problem(X * scale, TWO * scale)), few(Problem(X, TWO))
    assert found.status == base.status == "maximum"
    assert found.loglik + 120 * np.log(scale) == pytest.approx(base.loglik, abs=1e-6)
    assert found.expert_rows[:, 0, 1] == pytest.approx(base.expert_rows[:, 0, 1], rel=1e-5)
    assert np.isfinite(found.covariance).all()


Y = LINE.copy()
REFUSED = {
    "column of NaN": (Problem(np.full((120, 1), np.nan), Y), 2, "120 rows are not finite in x0"),
    "an infinity": (Problem(X, np.append(Y[:-1], np.inf)), 2, "finite in y; the first: 119"),
    "one row": (Problem(X[:1], Y[:1]), 1, "a fit needs at least 2"),
    "no rows": (Problem(X[:0], Y[:0]), 1, "0 row"),
    "negative counts": (Problem(X, -np.ones(120), "poisson"), 2, "needs counts"),
    "half a count": (Problem(X, np.full(120, 0.5), "poisson"), 2, "needs counts"),
    "two as a truth": (Problem(X, np.full(120, 2.0), "logistic"), 2, "needs 0 and 1"),
    "one class": (Problem(X, np.zeros(120), "multinomial"), 2, "classes >= 2"),
    "unseen class": (Problem(X, np.full(120, 5.0), "multinomial", classes=3), 2, "classes 0..2"),
    "negative weights": (Problem(X, Y, weights=np.r_[-1, np.ones(119)]), 2, "1 weights are neg"),
    "no weight": (Problem(X, Y, weights=np.zeros(120)), 2, "all weights are zero"),
    "weights of others": (Problem(X, Y, weights=np.ones(3)), 2, "weights must be 120 finite"),
    "more experts than rows": (Problem(X[:3], Y[:3]), 4, "4 experts for 3 rows"),
    "no experts": (Problem(X, Y), 0, "n_experts must be a whole number"),
    "huge x": (Problem(X * 1e300, Y), 2, "column x0 has values beyond"),
    "huge y": (Problem(X, Y * 1e300), 2, "y has values beyond"),
    "text": (Problem([["a"]] * 120, Y), 2, "x must be numbers"),
    "shapes": (Problem(X[:, 0], Y), 2, "x must be (n, d)"),
    "no such family": (Problem(X, Y, "gamma"), 2, "no family 'gamma'"),
    "no such column": (Problem(X, Y, gate_columns=(1,)), 2, "gate_columns must be"),
    "tiny y": (Problem(X, Y * 1e-300), 2, "y has no value beyond 1e-140: rescale it"),
    "huge counts": (
        Problem(X, np.full(120, 2e10), "poisson"), 2, "counts beyond 1e+10: take family gaussian"
    ),
    "huge weights": (Problem(X, Y, weights=np.full(120, 1e139)), 2, "weights add up to 1.2e+141"),
    "tiny weights": (Problem(X, Y, weights=np.full(120, 1e-300)), 2, "weights add up to 1.2e-298"),
    "infinite sum": (Problem(X, Y, weights=np.full(120, 1e307)), 2, "weights add up to inf"),
    "offset of gaussians": (Problem(X, Y, offset=Y), 2, "takes no offset"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_fitted_is_refused_in_one_line(name):
    given, experts, message = REFUSED[name]
    with pytest.raises(DataError) as refusal:
        few(given, experts)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def rough(name):
    """Counts whose likelihood is steep: none at all, columns of long tails, rows far away."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 2)), rng.poisson(2.0, 200).astype(float)
    far = np.where(np.arange(200) < 1, 10.0 ** np.array([[3], [6], [9]]), 0)
    given = {
        "no counts": Problem(x, 0 * y, "poisson"),
        "one count": Problem(x, np.eye(200)[3], "poisson"),
        "long tails": Problem(np.exp(3 * x), y, "poisson"),
        "offsets": Problem(x, y, "poisson", offset=np.where(x[:, 1] > 0, 800.0, 0.0)),
    }
    given |= {f"far {k}": Problem(x + far[k][:, None], y, "poisson") for k in range(3)}
    return given[name]


ROUGH = ("no counts", "one count", "long tails", "offsets", "far 0", "far 1", "far 2")


@pytest.mark.parametrize("name", ROUGH)
def test_steep_counts_are_fitted_without_a_word_of_numpy(name):
    with warnings.catch_warnings(action="error"):
        found = fit(rough(name), 2, n_init=4)
    assert found.status in status.STATUSES
    assert np.isfinite([found.loglik, *found.theta, *found.certificate.values()]).all()
    if found.status == "maximum":
        assert found.certificate.get("unprojected", 1.0) > 0.01


@pytest.mark.parametrize(
    "settings",
    [
        {"alpha": -1}, {"tol": 0}, {"n_init": 2.5}, {"variance_floor": np.nan},
        {"tol": "low"}, {"alpha": None}, {"variance_penalty": True},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(DataError, match=next(iter(settings))):
        few(Problem(X, LINE), **settings)


@pytest.mark.parametrize("seed", range(25))
def test_no_small_table_gives_a_traceback_or_a_hidden_nan(seed):
    rng = np.random.default_rng(seed)
    n, d, k = int(rng.integers(1, 15)), int(rng.integers(0, 4)), int(rng.integers(1, 4))
    family = rng.choice(["gaussian", "logistic", "multinomial", "poisson"])
    x = rng.integers(-1, 2, size=(n, d)) * 10.0 ** rng.integers(-8, 9)
    y = rng.integers(0, 3 if family != "logistic" else 2, size=n)
    try:
        found = fit(Problem(x, y, family, weights=rng.integers(0, 3, size=n)), k, n_init=2)
    except DataError as refusal:
        assert "\n" not in str(refusal)
        return
    assert found.status in status.STATUSES
    assert np.isfinite(found.theta_given).all()
    assert np.isfinite([found.loglik, *found.effective_rows]).all()
    if found.status == "maximum":
        assert np.isfinite(found.covariance).all()
    else:
        assert found.warnings
