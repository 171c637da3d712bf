"""Two lines

Half of the rows follow one line and half another; which one depends on x. The width of a line is
how likely its expert is there."""

import numpy as np

from emmoe import MixtureOfExpertsRegressor, plot

rng = np.random.default_rng(1)
x = rng.uniform(-3, 3, (400, 1))
first = rng.random(400) < 1 / (1 + np.exp(-2 * x[:, 0]))
y = np.where(first, 1 + 2 * x[:, 0], 1 - x[:, 0]) + 0.6 * rng.standard_normal(400)

model = MixtureOfExpertsRegressor(n_experts=2).fit(x, y)
figure = plot.fit(model, x, y).figure
