"""The worst mirror step of a run of EM, done again in extended precision (numpy's longdouble).

The certificate asks of a step that |grad A(t+) - grad A(t) + grad L(t)| <= 1e-8 |grad L(t)|. Where
the estimate goes to infinity some steps fail. Here the M-step is solved on from t+ in extended
precision, with grad L from the components' densities and Bayes' rule. If the solution passes but
its rounding fails, it was theta's rounding that failed; if both pass, the M-step ended too early.
"""

from itertools import islice, pairwise

import numpy as np
import pandas as pd

from emmoe.lab.probe import Probed
from emmoe.measures.analyses.certificate import RESOLVED
from emmoe.models.objective import Array, Column
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.theory.mirror import halves, independent_gradient, mirror_residual

ROUNDS = 20  # Newton steps, their curvature in double precision

NEEDS = SymmetricLogistic
RELATIVE = "residual of the mirror step, relative to |grad L|"
COLUMNS = (
    Column("iteration", "t, of the step with the largest residual", type="integer"),
    Column("gradient_norm", "|grad L(theta_t)|"),
    Column("theta_norm", "|theta_t+1|"),
    Column("residual", f"as the run took it: {RELATIVE}"),
    Column("residual_extended", f"solved in extended precision: {RELATIVE}"),
    Column("residual_rounded", f"that rounded to double precision: {RELATIVE}"),
    Column("theta_change", "|theta_t+1 - the extended one|, relative to its size"),
)


def measure(scene: Probed, fitter: str) -> pd.DataFrame:
    """Return one row; fitter: EM, of which the steps with |grad L| above the certificate's bound
    are looked at."""
    model, states = scene.model, scene.fitters[fitter].iterate(scene.model, scene.start)
    thetas = [np.ravel(state.theta) for state in islice(states, scene.iterations + 1)]
    norms = [np.linalg.norm(independent_gradient(model, theta)) for theta in thetas]
    steps = [
        (mirror_residual(model, old, new), t)
        for t, (old, new) in enumerate(pairwise(thetas))
        if norms[t] > RESOLVED
    ]
    _, t = max(steps)
    return pd.DataFrame([{"iteration": t, **_redone(model, thetas[t], thetas[t + 1])}])


def _redone(model: SymmetricLogistic, old: Array, new: Array) -> dict[str, float]:
    wide = old.astype(np.longdouble)
    gradient = extended_gradient(model, wide)
    target, size = model.mirror_gradient(wide) - gradient, np.linalg.norm(gradient)

    def residual(theta: Array) -> float:
        return float(np.linalg.norm(model.mirror_gradient(theta) - target) / size)

    solved = new.astype(np.longdouble)
    for _ in range(ROUNDS):
        left = (model.mirror_gradient(solved) - target).astype(float)
        solved = solved - np.linalg.solve(model.mirror_hessian(solved.astype(float)), left)
    return {
        "gradient_norm": float(size),
        "theta_norm": float(np.linalg.norm(new)),
        "residual": residual(new.astype(np.longdouble)),
        "residual_extended": residual(solved),
        "residual_rounded": residual(solved.astype(float).astype(np.longdouble)),
        "theta_change": float(np.linalg.norm(solved - new) / np.linalg.norm(new)),
    }


def extended_gradient(model: SymmetricLogistic, theta: Array) -> Array:
    """Return grad L(theta), (p,), in the precision of theta."""
    x, y = model.sample.x.astype(theta.dtype), model.sample.y
    b, a = (x @ part for part in halves(theta))
    z = np.array([[1], [-1]])
    joint = -np.logaddexp(0, -z * a) - np.logaddexp(0, -z * y * b)
    weights = z * _sigmoid(joint - joint[::-1])
    slopes = weights * y * _sigmoid(-z * y * b), weights * _sigmoid(-z * a)
    return -(np.stack([slope.sum(axis=0) for slope in slopes]) @ x / len(x)).ravel()


def _sigmoid(values: Array) -> Array:
    return (1 + np.tanh(values / 2)) / 2
