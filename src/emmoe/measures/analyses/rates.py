"""The observed linear rate of a run, and what the Jacobian at its limit predicts.

e_t = theta_t - limit, in the norm of Hess A(limit); the limit is the last state polished by
Newton's method, and theta_hat the sample optimum, found from the truth. The window runs
from the first |e_t| <= 1e-3 |limit| to the last one above both 1e-11 |limit| and 1000 times the
limit's own error. The rate is exp of the least-squares slope of log |e_t| over the window's last
half; the prediction applies the same to |J^k e| from where that half begins. A run that the cap
cuts off has shown no linear phase to its end: it has no rate.
"""

import numpy as np
import scipy

from emmoe.lab.fit import Run
from emmoe.lab.recorder import CONVERGED, MAX_ITERATIONS
from emmoe.models.mirror import MirrorModel, missing_share
from emmoe.models.objective import Array, Column
from emmoe.theory.optimum import Optimum, nearest, polish, settle

MIN_POINTS = 6
SAME_LOSS = 1e-9  # relative: two optima closer than this in loss are one
ELSEWHERE = 1e-3  # nats: a strict minimum that much above theta_hat is a spurious one
TOLERANCE = 1e-6  # relative: |e_t| at which a run counts as arrived

NEEDS = MirrorModel
COLUMNS = (
    Column("outcome", "how the run ended, against theta_hat",
           type=("optimum", "elsewhere", "other", "capped", "undefined")),
    Column("rate", "observed linear rate; missing where unresolved", "per iteration"),
    Column("rate_predicted", "the same estimator on |J^k e|", "per iteration"),
    Column("curve_gap", "max |log10 observed - log10 predicted| of |e_t|"),
    Column("lambda_1", "largest eigenvalue of the iteration's Jacobian at the limit, in size"),
    Column("lambda_2", "second largest"),
    Column("window", "iterations of the linear phase", "iterations"),
    Column("defect", "median |e_t+1 - J e_t| / |e_t|^2"),
    Column("defect_slope", "slope of the defect on log axes"),
    Column("rho_hat", "lambda_max(M) at the sample optimum theta_hat"),
    Column("recovery_error", "|theta_hat - theta*|"),
    Column("loss_gap", "L(limit) - L(theta_hat)", "nats"),
    Column("entry", "first t with |e_t| <= 1e-3 |theta_hat|", "iterations"),
    Column("iterations_to_tolerance", "first t with |e_t| <= 1e-6 |theta_hat|", "iterations"),
    Column("limit_gradient", "|grad L| at the limit"),
    Column("limit_curvature", "smallest eigenvalue of Hess L at the limit"),
    Column("limit_rate", "lambda_max(M) at the limit"),
)  # fmt: skip


def analyse(run: Run) -> dict[str, float | str]:
    """Return the outcome of a run and its observed and predicted rates; NaN where there is none.

    A run may end below theta_hat, the optimum near the truth: it counts as arrived, its loss_gap is
    negative."""
    columns: dict[str, float | str] = {column.name: np.nan for column in COLUMNS}
    optimum = settle(run.model, run.truth)
    if optimum.certified:
        columns["rho_hat"] = _top_eigenvalue(run, optimum.theta)
        columns["recovery_error"] = _recovery_error(run, optimum)
    if run.status not in (CONVERGED, MAX_ITERATIONS):
        return columns | {"outcome": "other" if optimum.certified else "undefined"}
    limit = polish(run.model, run.thetas[-1])
    gap = limit.loss - optimum.loss if optimum.certified else np.nan
    columns |= {"outcome": _outcome(run.status, limit, optimum), "loss_gap": gap}
    columns |= {"limit_gradient": limit.gradient_norm, "limit_curvature": limit.curvature}
    if limit.certified:
        columns["limit_rate"] = _top_eigenvalue(run, limit.theta)
        columns |= _local(run, limit, arrived=gap <= SAME_LOSS * (1 + abs(optimum.loss)))
    return columns


def _outcome(status: str, limit: Optimum, optimum: Optimum) -> str:
    if not optimum.certified:
        return "undefined"
    if status == MAX_ITERATIONS:
        return "capped"
    gap = limit.loss - optimum.loss
    if gap <= SAME_LOSS * (1 + abs(optimum.loss)) and limit.certified:
        return "optimum"
    return "elsewhere" if gap > ELSEWHERE and limit.certified else "other"


def _top_eigenvalue(run: Run, theta: Array) -> float:
    """lambda_max(M) at theta, whatever the fitter."""
    return float(np.abs(np.linalg.eigvals(missing_share(run.model, theta))).max())


def _recovery_error(run: Run, optimum: Optimum) -> float:
    return float(np.linalg.norm(nearest(run.model, optimum, run.truth).theta - run.truth))


def _local(run: Run, limit: Optimum, arrived: bool) -> dict[str, float]:
    """The local convergence of a run towards its limit."""
    root = scipy.linalg.cholesky(run.model.mirror_hessian(limit.theta))
    errors = (run.thetas - limit.theta) @ root.T
    sizes, scale = np.linalg.norm(errors, axis=1), float(np.linalg.norm(root @ limit.theta))
    found: dict[str, float] = {}
    if arrived:
        found["entry"] = _first(sizes <= 1e-3 * scale)
        found["iterations_to_tolerance"] = _first(sizes <= TOLERANCE * scale)
    step = run.fitter.jacobian(run.model, limit.theta)
    if step is None:
        return found
    values = np.sort(np.abs(np.linalg.eigvals(step)))[::-1]
    found |= {"lambda_1": float(values[0]), "lambda_2": float(values[1])}
    # In the coordinates of `errors` the Jacobian is root J root^-1.
    step = np.linalg.solve(root.T, (root @ step).T).T
    window = _window(sizes, scale, _own_error(run, limit, root))
    found |= _defect(errors, sizes, step, scale)
    return found | _rates(errors, sizes, step, window, run.status == CONVERGED)


def _first(reached: np.ndarray) -> float:
    """The first iteration that reached something, NaN if none did (the run is censored)."""
    return float(np.argmax(reached)) if reached.any() else np.nan


def _own_error(run: Run, limit: Optimum, root: Array) -> float:
    """How far the limit itself may be from the stationary point: its Newton step, and rounding."""
    gradient = run.model.loss_and_gradient(limit.theta)[1]
    newton = np.linalg.norm(root @ np.linalg.solve(run.model.hessian(limit.theta), gradient))
    return float(newton + np.finfo(float).eps * np.linalg.norm(root @ limit.theta))


def _window(sizes: Array, scale: float, own_error: float) -> range:
    """The iterations, t first to last, over which convergence is linear and not yet rounding."""
    near = np.flatnonzero(sizes <= 1e-3 * scale)
    resolved = np.flatnonzero(sizes >= max(1e-11 * scale, 1000 * own_error))
    if not len(near) or not len(resolved):
        return range(0)
    return range(int(near[0]), int(resolved[-1]) + 1)


def _rates(
    errors: Array, sizes: Array, step: Array, window: range, complete: bool
) -> dict[str, float]:
    found: dict[str, float] = {"window": float(len(window))}
    if len(window) < MIN_POINTS or not complete:
        return found
    half = window[len(window) // 2 :]
    predicted = [errors[half[0]]]
    for _ in half[1:]:
        predicted.append(step @ predicted[-1])
    curves = sizes[half.start : half.stop], np.linalg.norm(predicted, axis=1)
    observed, expected = (np.exp(np.polyfit(np.arange(len(half)), np.log(c), 1)[0]) for c in curves)
    gap = np.abs(np.log10(curves[0]) - np.log10(curves[1])).max()
    return found | {"rate": observed, "rate_predicted": expected, "curve_gap": float(gap)}


def _defect(errors: Array, sizes: Array, step: Array, scale: float) -> dict[str, float]:
    """How far the step is from linear: |e_t+1 - J e_t| / |e_t|^2, and its slope on log axes."""
    defects = np.linalg.norm(errors[1:] - errors[:-1] @ step.T, axis=1)
    used = (sizes[:-1] <= 1e-3 * scale) & (defects >= 1e-13 * scale)
    if used.sum() < 4:
        return {}
    x, y = np.log(sizes[:-1][used]), np.log(defects[used])
    return {
        "defect": float(np.exp(np.median(y - 2 * x))),
        "defect_slope": float(np.polyfit(x, y, 1)[0]),
    }
