"""Counts

Poisson experts: a log-linear rate each, here with a gate that sees no column, so that the shares
are the same everywhere."""

import numpy as np

from emmoe import MixtureOfExpertsRegressor, plot

rng = np.random.default_rng(2)
x = rng.uniform(0, 2, (500, 1))
busy = rng.random(500) < 0.4
y = rng.poisson(np.exp(np.where(busy, 1 + x[:, 0], 0.5)))

model = MixtureOfExpertsRegressor(family="poisson", gate_features=[]).fit(x, y)
figure = plot.fit(model, x, y).figure
