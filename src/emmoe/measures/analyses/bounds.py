"""The paper's bounds along a run, against theta_hat: the certified sample optimum near its end.

Legend: L the loss, A the mirror map, D_F(u, t) the Bregman divergence of F, M = (Hess A)^-1 I_z.
With D_t = D_A(theta_hat, theta_t), gap_t = L(theta_t) - L(theta_hat) and the secant
alpha_t = D_L(theta_hat, theta_t) / D_t, EM has D_t+1 + gap_t+1 <= (1 - alpha_t) D_t at every t;
if all alpha_t >= 0 then gap_T <= D_0 / T. L is locally convex relative to A where
lambda_max(M(theta_t)) <= 1: the hypothesis of the paper's rates, which a start need not meet.
"""

import numpy as np

from emmoe.lab.fit import Run
from emmoe.models.objective import Array, Column
from emmoe.models.symmetric import SymmetricModel
from emmoe.theory.information import spectrum
from emmoe.theory.mirror import bregman, loss_bregman, secant_alpha
from emmoe.theory.optimum import nearest, settle

NEEDS = SymmetricModel
COLUMNS = (
    Column("bound_gap", "L(theta_t) - L(theta_hat), over t", "nats", "list"),
    Column("bound_bregman", "D_A(theta_hat, theta_t), over t", "nats", "list"),
    Column("bound_alpha", "D_L / D_A at (theta_hat, theta_t), over t", type="list"),
    Column("bound_lambda", "lambda_max(M(theta_t)), over t", type="list"),
)
ROUND_OFF = 1e-10  # relative to |theta_hat|: a distance that theta_hat's own error may blur


def analyse(run: Run) -> dict[str, list[float]]:
    """Return lists over t = 0, ..., T: gap_t, D_t, alpha_t (NaN within round-off of theta_hat) and
    lambda_max(M(theta_t)) (NaN where Hess A is singular). All but the last are NaN where the run's
    end leads to no strict local minimum."""
    columns = np.full((len(COLUMNS), len(run.thetas)), np.nan)
    columns[3] = [_top_eigenvalue(run.model, theta) for theta in run.thetas]
    columns[:3] = _against_optimum(run.model, run.thetas)
    names = (column.name for column in COLUMNS)
    return dict(zip(names, columns.tolist(), strict=True))


def _against_optimum(model: SymmetricModel, thetas: Array) -> Array:
    """Return gap_t, D_t and alpha_t, shape (3, T + 1)."""
    settled = settle(model, thetas[-1])
    optimum = nearest(model, settled, thetas[-1]).theta
    if not settled.certified:
        return np.full((3, len(thetas)), np.nan)
    gradient = model.loss_and_gradient(optimum)[1]
    # L's difference from its Bregman divergence: no cancellation where the losses are close
    gaps = [loss_bregman(model, t, optimum) + gradient @ (t - optimum) for t in thetas]
    sizes = [bregman(model, optimum, t) for t in thetas]
    distance = np.linalg.norm(thetas - optimum, axis=1)
    far = distance > ROUND_OFF * np.linalg.norm(optimum)
    pairs = zip(thetas, far, strict=True)
    alphas = [secant_alpha(model, optimum, t) if resolved else np.nan for t, resolved in pairs]
    return np.array([gaps, sizes, alphas])


def _top_eigenvalue(model: SymmetricModel, theta: Array) -> float:
    try:
        return float(spectrum(model, theta)[0][0])
    except np.linalg.LinAlgError:
        return np.nan
