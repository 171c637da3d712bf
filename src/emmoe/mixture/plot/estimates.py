"""Estimates, optima, residuals and criteria of fits."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.stats import norm

from emmoe.mixture.estimators import MixtureOfExpertsRegressor
from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.mixture.estimators._errors import InvalidInput
from emmoe.mixture.estimators.select import CRITERIA
from emmoe.mixture.plot._axes import axes_of, check_regressor, colour, legend

SAME = 1e-3  # nats between ends that are drawn at about one height


def coefficients(model: MixtureOfExperts, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
    """Draw the slopes of gate and experts with their intervals; intercepts and variances are in
    `model.summary()`."""
    ax, table = axes_of(ax), model.summary(level=level)
    table = table[(table["feature"] != "(intercept)") & (table["block"] != "log_sigma")]
    places = np.arange(len(table))[::-1]
    labels = [f"{row.block} {row.expert}: {row.feature}" for row in table.itertuples()]
    for place, row in zip(places, table.itertuples(), strict=True):
        ax.plot([row.low, row.high], [place, place], color=colour(row.expert - 1))
        ax.plot(row.estimate, place, "o", color=colour(row.expert - 1), markersize=4)
    ax.axvline(0, color="0.7", linewidth=0.8, zorder=0)
    ax.set_yticks(places, labels, fontsize="small")
    ax.set_xlabel(f"slope, {level:.0%} interval")
    return ax


def optima(model: MixtureOfExperts, *, ax: Axes | None = None) -> Axes:
    """Draw how far each start's end lies below the best one, in nats, by the law of the start;
    starts whose run was stopped in the race are hollow."""
    ax, table = axes_of(ax), model.restarts_
    below = table["log_likelihood"].max() - table["log_likelihood"]
    for number, (law, own) in enumerate(table.groupby("law", sort=False)):
        ended = own["status"] != "raced"
        for part, face in ((own[ended], colour(number)), (own[~ended], "none")):
            label = law if face != "none" or not ended.any() else None
            ax.scatter(
                part["start"] + 1, below[part.index], label=label if len(part) else None,
                facecolors=face, edgecolors=colour(number), s=24,
            )  # fmt: skip
    ax.set_yscale("symlog", linthresh=SAME)
    ax.set_ylim(max(2 * below.max(), 10 * SAME), -SAME / 2)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="start", ylabel="nats below the best")
    legend(ax)
    return ax


def residuals(model: MixtureOfExpertsRegressor, X: Any, y: Any, *, ax: Axes | None = None) -> Axes:
    """Draw, for each expert, the quantiles of the standardised residuals of the rows that it is
    most responsible for against the normal ones: on the diagonal where its law holds."""
    check_regressor(model, "plot.residuals")
    ax, owner = axes_of(ax), model.responsibilities(X, y).argmax(axis=1)
    means = model.expert_predict(X)[np.arange(len(owner)), owner]
    scale = model.sigma_[owner] if model.family == "gaussian" else np.sqrt(means)
    standard = (np.asarray(y, dtype=float) - means) / scale
    for expert in range(model.n_experts):
        own = np.sort(standard[owner == expert])
        normal = norm.ppf((np.arange(len(own)) + 0.5) / max(len(own), 1))
        ax.plot(normal, own, ".", color=colour(expert), label=f"expert {expert + 1}")
    ax.axline((0, 0), slope=1, color="0.7", linewidth=0.8, zorder=0)
    ax.set(xlabel="normal quantile", ylabel="standardised residual")
    legend(ax)
    return ax


def criterion(table: pd.DataFrame, name: str = "bic", *, ax: Axes | None = None) -> Axes:
    """Draw a criterion over the number of experts; penalised fits have none and are left out."""
    if name not in CRITERIA:
        raise InvalidInput(f"criterion must be one of {', '.join(CRITERIA)}, got {name!r}")
    ax, known = axes_of(ax), table.dropna(subset=[name])
    ax.plot(known["n_experts"], known[name], "o-", color=colour(0))
    ax.set_xticks(table["n_experts"])
    ax.set(xlabel="experts", ylabel=name.upper())
    return ax
