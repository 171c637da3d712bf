"""Classes

Logistic experts under a gate: the effect of `dose` is turned round where `age` is high. The
slopes with their intervals."""

import numpy as np
import pandas as pd

from emmoe import MixtureOfExpertsClassifier, plot

rng = np.random.default_rng(3)
X = pd.DataFrame(rng.standard_normal((4000, 2)), columns=["dose", "age"])
old = rng.random(4000) < 1 / (1 + np.exp(-4 * X["age"]))
cured = rng.random(4000) < 1 / (1 + np.exp(-np.where(old, -2, 3) * X["dose"]))

model = MixtureOfExpertsClassifier(expert_features=["dose"], gate_features=["age"]).fit(X, cured)
figure = plot.coefficients(model).figure
