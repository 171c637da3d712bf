"""Optima

Where the starts ended, in nats below the best: the same data as above, with two experts for
three lines. Starts that agree are no proof, but starts that differ are a warning."""

import numpy as np

from emmoe import MixtureOfExpertsRegressor, plot

rng = np.random.default_rng(4)
x = rng.uniform(-1, 1, (600, 1))
z = rng.integers(3, size=600)
y = np.array([3, 0, -3])[z] * x[:, 0] + np.array([0, 2, 0])[z] + 0.2 * rng.standard_normal(600)

model = MixtureOfExpertsRegressor(n_experts=2).fit(x, y)
figure = plot.optima(model).figure
