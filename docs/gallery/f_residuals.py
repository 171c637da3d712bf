"""Residuals by expert

The noise of these data has heavy tails, which the experts' normal law does not know: their
residuals leave the diagonal. Robust standard errors (`covariance="robust"`) stand that."""

import numpy as np

from emmoe import MixtureOfExpertsRegressor, plot

rng = np.random.default_rng(5)
x = rng.uniform(-3, 3, (800, 1))
first = rng.random(800) < 1 / (1 + np.exp(-2 * x[:, 0]))
y = np.where(first, 1 + 2 * x[:, 0], 1 - x[:, 0]) + 0.5 * rng.standard_t(4, 800)

model = MixtureOfExpertsRegressor(covariance="robust").fit(x, y)
figure = plot.residuals(model, x, y).figure
