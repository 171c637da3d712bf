"""How many experts?

`select_n_experts` fits each number and compares them by BIC; three lines made these data."""

import numpy as np

from emmoe import MixtureOfExpertsRegressor, plot, select_n_experts

rng = np.random.default_rng(4)
x = rng.uniform(-1, 1, (600, 1))
z = rng.integers(3, size=600)
y = np.array([3, 0, -3])[z] * x[:, 0] + np.array([0, 2, 0])[z] + 0.2 * rng.standard_normal(600)

table, model = select_n_experts(MixtureOfExpertsRegressor(gate_features=[]), x, y, range(1, 6))
figure = plot.criterion(table).figure
