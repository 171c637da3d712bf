"""Mixtures of K experts of any family under a soft-max gate, fitted by EM and certified.

    from emmoe.mixture import Problem, fit
    fitted = fit(Problem(x, y, family="poisson"), 2)
    fitted.status, fitted.loglik, fitted.expert_rows, fitted.basins

`Problem` says what the data are and refuses, in one line (`DataError`), what cannot be fitted;
`fit` returns a `Fitted`: arrays, numbers and names, without data. `predict` and `inference` take a
Fitted and new x; `choice` compares numbers of experts. Needs numpy and scipy alone.
"""

from emmoe.mixture.fit import fit
from emmoe.mixture.fitted import Fitted
from emmoe.mixture.problem import Problem

__all__ = ["Fitted", "Problem", "fit"]
