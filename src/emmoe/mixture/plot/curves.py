"""A fit along one column, the others at their medians."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from emmoe.mixture.estimators import MixtureOfExpertsRegressor
from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.mixture.plot._axes import axes_of, check_regressor, colour, legend, named, path, place


def fit(
    model: MixtureOfExpertsRegressor,
    X: Any,
    y: Any,
    feature: str | int = 0,
    *,
    level: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    """Draw the rows, coloured by their most responsible expert, each expert's mean, as wide as its
    gate is likely, the mean, and the band that holds y with probability `level`."""
    check_regressor(model, "plot.fit")
    ax, column = axes_of(ax), place(model, feature)
    along = path(model, X, column)
    at = np.asarray(along)[:, column]
    low, high = model.predict_interval(along, level).T
    ax.fill_between(at, low, high, color="0.9", label=f"{level:.0%} of y", zorder=0)
    owner = model.responsibilities(X, y).argmax(axis=1)
    values = np.asarray(X, dtype=float)[:, column]
    ax.scatter(values, y, s=8, c=[colour(k) for k in owner], alpha=0.6, linewidths=0)
    _draw_experts(model, along, at, ax)
    ax.plot(at, model.predict(along), color="black", linestyle="--", label="mean")
    ax.set(xlabel=named(model)[column], ylabel="y")
    legend(ax)
    return ax


def _draw_experts(model: MixtureOfExpertsRegressor, along: Any, at: np.ndarray, ax: Axes) -> None:
    means, gate = model.expert_predict(along), model.gate_proba(along)
    for expert in range(model.n_experts):
        points = np.column_stack([at, means[:, expert]])
        widths = 0.3 + 2.5 * gate[:-1, expert]
        parts = list(np.stack([points[:-1], points[1:]], axis=1))
        ax.add_collection(LineCollection(parts, linewidths=widths, colors=colour(expert)))
        ax.plot([], [], color=colour(expert), label=f"expert {expert + 1}")


def gate(
    model: MixtureOfExperts, X: Any, feature: str | int = 0, *, ax: Axes | None = None
) -> Axes:
    """Draw each expert's probability along a column."""
    ax, column = axes_of(ax), place(model, feature)
    along = path(model, X, column)
    at, share = np.asarray(along)[:, column], model.gate_proba(along)
    for expert in range(model.n_experts):
        ax.plot(at, share[:, expert], color=colour(expert), label=f"expert {expert + 1}")
    ax.set(xlabel=named(model)[column], ylabel="probability of the expert", ylim=(-0.02, 1.02))
    legend(ax)
    return ax
