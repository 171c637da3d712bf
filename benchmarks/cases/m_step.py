"""The M-step of logistic experts: weighted soft-max regressions, against scikit-learn.

Targets come from a mixture with overlap, so that the regressions have solutions. Both start from
the same parameters and stop at the same largest entry of -Q's gradient; what was reached is shown.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.inputs import CLASSES, SEED
from benchmarks.measure import interleave
from benchmarks.table import Case, Outcome, number
from emmoe.models.latent import LatentModel
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.models.objective import Array
from emmoe.models.regression import Sample
from emmoe.store.seeds import generator


def run(n: int = 20_000, d: int = 64, rounds: int = 3, tolerance: float = 1e-6) -> Outcome:
    """Time the solved M-step of one replicate."""
    model, theta = problem(n, d)
    _, gradient, statistic = model.e_step(theta)
    bound = tolerance * np.abs(gradient).max()

    def left(solution: Array) -> float:
        return float(np.abs(model.q_gradient(solution, statistic)).max() / np.abs(gradient).max())

    calls = {
        "ours": lambda: model.m_step(theta, statistic, gradient, tolerance),
        "scikit-learn": lambda: by_scikit_learn(model, theta, statistic[0], bound),
    }
    timed = interleave(calls, rounds)
    name = f"M-step, two experts of {CLASSES} classes, n = {n}, d = {d}"
    case = Case(name, timed["ours"])
    case.peer("scikit-learn's LogisticRegression, lbfgs", timed["scikit-learn"])
    for who, timing in timed.items():
        reached = left(timing.returned[-1])
        left_by = f"{name}: gradient left by {who}"
        case.rows.append(number(left_by, "relative", reached, 1.01 * tolerance))
    return Outcome(case.rows)


def problem(n: int, d: int) -> tuple[LatentModel, Array]:
    """Return the model bound to pixels in [0, 1] and labels from a mixture, and a theta near it."""
    rng = generator(SEED, f"m_step {n} {d}", 0, "sample")
    x, model = rng.random((n, d)), LogisticExperts(2, CLASSES)
    theta = 2 * rng.standard_normal(2 * (1 + CLASSES) * d) / np.sqrt(d / 3)
    unlabelled = Sample(x, np.zeros(n, int))
    log_probability = model.bind(unlabelled).log_probability(theta, unlabelled)[0]
    y = (log_probability + rng.gumbel(size=(CLASSES, n))).argmax(axis=0)
    return model.bind(Sample(x, y)), theta + 0.5 * rng.standard_normal(len(theta)) / np.sqrt(d / 3)


def by_scikit_learn(
    model: LatentModel, theta: Array, responsibilities: Array, bound: float
) -> Array:
    """Return argmin -Q: a weighted regression for the gate, whose two targets each observation has
    in proportion, and one for each expert, all from theta."""
    x, y = model.sample.x, model.sample.y
    n, d = x.shape
    rows = theta.reshape(-1, d)
    twice, targets = np.concatenate([x, x]), np.repeat([0, 1], n)
    difference = _regress(twice, targets, responsibilities.ravel(), rows[1:2] - rows[:1], n, bound)
    solved = [-difference / 2, difference / 2]
    for weights, start in zip(responsibilities, rows[2:].reshape(2, -1, d), strict=True):
        solved.append(_regress(x, y, weights, start, n, bound))
    return np.concatenate(solved).ravel()


def _regress(x: Array, y: Array, weights: Array, start: Array, n: int, bound: float) -> Array:
    """Return the coefficients of an unpenalised regression; scikit-learn's tolerance is on the
    gradient of the weighted mean, ours on that of the mean."""
    tolerance = bound * n / weights.sum()
    one = LogisticRegression(
        C=np.inf, fit_intercept=False, tol=tolerance, max_iter=10_000, warm_start=True
    )
    one.coef_, one.intercept_ = start, np.zeros(len(start))
    return one.fit(x, y, sample_weight=weights).coef_
