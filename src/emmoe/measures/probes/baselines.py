"""What multinomial logistic regression (scikit-learn's) gets on Random Invert, and what is lost.

One model on the original images, one on the randomly inverted ones, and an oracle: a model for
each inversion state, which is told the state of every image.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from emmoe.lab.probe import Probed
from emmoe.models.objective import Array, Column
from emmoe.models.regression import RegressionModel, Sample

NEEDS = RegressionModel
COLUMNS = (
    Column("baseline", "what the models were given", type="string"),
    Column("train_images", "how many they were trained on", type="integer"),
    Column("test_images", "how many they were tested on", type="integer"),
    Column("accuracy", "share of the test images told right"),
    Column("cut_short", "whether a fit ended at its last step", type=(False, True)),
)


def measure(scene: Probed, train_size: int, iterations: int) -> pd.DataFrame:
    """Return a row for each baseline; iterations: the most steps of L-BFGS of a fit.

    train_size: the first images of the training set. Models have intercepts and scikit-learn's
    own weight penalty."""
    train, test = scene.model.sample, scene.model.sample.test
    rows = slice(0, train_size)
    train = Sample(train.x[rows], train.y[rows], train.signs[:, rows])
    inverted = _inverted(train), _inverted(test)
    everything = [(np.full(len(train.x), True), np.full(len(test.x), True))]
    states = [(train.signs[0] == s, test.signs[0] == s) for s in (1, -1)]
    cases = {
        "original images": (train.x, test.x, everything),
        "Random Invert": (*inverted, everything),
        "oracle pair": (*inverted, states),
    }
    table = [
        {"baseline": name, "train_images": len(train.x), "test_images": len(test.x)}
        | _score(x, train.y, held_out, test.y, parts, iterations)
        for name, (x, held_out, parts) in cases.items()
    ]
    return pd.DataFrame(table)


def _inverted(sample: Sample) -> Array:
    return np.where(sample.signs[0][:, None] > 0, sample.x, 1 - sample.x)


def _score(
    x: Array, y: Array, test_x: Array, test_y: Array, parts: list, iterations: int
) -> dict[str, float | bool]:
    """Return the accuracy of a model a part, each trained and tested on its own rows."""
    hits, cut_short = 0, False
    for rows, test_rows in parts:
        model = LogisticRegression(max_iter=iterations)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x[rows], y[rows])
        hits += int((model.predict(test_x[test_rows]) == test_y[test_rows]).sum())
        cut_short |= bool(model.n_iter_.max() >= iterations)
    return {"accuracy": hits / len(test_y), "cut_short": cut_short}
