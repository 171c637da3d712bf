"""What all figures of a fit share: colours by expert, axes, features by name."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.utils.validation import check_is_fitted

from emmoe.mixture.estimators import MixtureOfExpertsClassifier
from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.mixture.estimators._errors import InvalidInput, value_errors
from emmoe.mixture.estimators._features import position

# Okabe and Ito (2008): told apart by people who do not see all colours.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")


def colour(expert: int) -> str:
    """Return an expert's colour; expert counts from 0."""
    return COLOURS[expert % len(COLOURS)]


def axes_of(ax: Axes | None) -> Axes:
    """Return the axes, or those of a new figure."""
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def legend(ax: Axes) -> None:
    """Add a legend above the axes, where it hides nothing."""
    ax.legend(
        frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4,
        columnspacing=1, handlelength=1.2,
    )  # fmt: skip


def named(model: MixtureOfExperts) -> list[str]:
    """Return the names of a fitted model's columns."""
    check_is_fitted(model)
    count = range(model.n_features_in_)
    return list(getattr(model, "feature_names_in_", [f"x{j}" for j in count]))


def place(model: MixtureOfExperts, feature: str | int) -> int:
    """Return a column's position; raises ValueError, with the nearest name, if there is none."""
    with value_errors():
        return position("feature", feature, named(model))


def path(model: MixtureOfExperts, X: Any, feature: int, points: int = 200) -> Any:
    """Return rows along a column's range, the other columns at their medians, as the model takes
    them."""
    x = np.asarray(X, dtype=float)
    rows = np.tile(np.median(x, axis=0), (points, 1))
    rows[:, feature] = np.linspace(x[:, feature].min(), x[:, feature].max(), points)
    return as_fitted(model, rows)


def as_fitted(model: MixtureOfExperts, rows: np.ndarray) -> Any:
    """Return rows with names, where the model was fitted with names."""
    names = getattr(model, "feature_names_in_", None)
    return rows if names is None else pd.DataFrame(rows, columns=names)


def check_regressor(model: MixtureOfExperts, what: str) -> None:
    """Raise ValueError for a classifier."""
    if isinstance(model, MixtureOfExpertsClassifier):
        raise InvalidInput(f"{what} needs a regressor: plot.gate and plot.coefficients take both")
