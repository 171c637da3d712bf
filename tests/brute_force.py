"""The symmetric models once more, slowly, from scipy's distributions alone."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from emmoe.models.symmetric_linear import SymmetricLinear


def log_joint(model, theta):
    """log p(y, z | x) for z = +1 and -1, shape (2, n), from scipy's distributions."""
    x, y = model.sample.x, model.sample.y
    beta, w = np.split(theta, 2)
    z = np.array([[1.0], [-1.0]])
    gate = stats.logistic.logcdf(z * (x @ w))
    if isinstance(model, SymmetricLinear):
        return gate + stats.norm.logpdf(y, z * (x @ beta), model.noise_sd)
    return gate + stats.logistic.logcdf(y * z * (x @ beta))


def brute_loss(model, theta):
    return -logsumexp(log_joint(model, theta), axis=0).mean()


def log_bayes(model, theta):
    """log P(z | x, y; theta) for z = +1 and -1, shape (2, n)."""
    joint = log_joint(model, theta)
    return joint - logsumexp(joint, axis=0)
