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


def plain_pass(model, theta):
    """L, its gradient and the expected statistic in plain numpy, from tanh and the posterior."""
    x, y, c = model.sample.x, model.sample.y, model.statistic_weight
    beta, w = np.split(theta, 2)
    b, a = x @ beta, x @ w
    latent = np.tanh((a + 2 * c * y * b) / 2)
    slope = c * b if isinstance(model, SymmetricLinear) else np.tanh(b / 2) / 2
    statistic = np.concatenate([(c * y * latent) @ x, (latent / 2) @ x]) / len(x)
    mirror = np.concatenate([slope @ x, np.tanh(a / 2) @ x / 2]) / len(x)
    return brute_loss(model, theta), mirror - statistic, statistic


def brute_loss(model, theta):
    return -logsumexp(log_joint(model, theta), axis=0).mean()


def log_bayes(model, theta):
    """log P(z | x, y; theta) for z = +1 and -1, shape (2, n)."""
    joint = log_joint(model, theta)
    return joint - logsumexp(joint, axis=0)
