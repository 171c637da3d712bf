"""What a rival is expected to cost, from runs of which some fail and some are cut off."""

import numpy as np


def expected_cost(cost: np.ndarray, success: np.ndarray) -> np.ndarray | float:
    """Return E[cost] / P(success), the expected cost to reach the target when one starts again
    after every failure; infinite where no run succeeds. Runs lie along the last axis, failures
    with all that they spent (Auger and Hansen, 2005)."""
    spent, arrived = np.sum(cost, axis=-1, dtype=float), np.sum(success, axis=-1, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(arrived > 0, spent / arrived, np.inf)[()]


def median_cost(cost: np.ndarray, success: np.ndarray, capped: np.ndarray) -> float:
    """Return Kaplan and Meier's (1958) median cost to target; infinite where it is not reached.

    Capped runs are censored at what they spent; other failures never arrive, and so stay at risk
    for ever."""
    cost = np.where(success | capped, cost, np.inf)
    survival = 1.0
    for moment in np.unique(cost[success]):
        survival *= 1 - np.sum(success & (cost == moment)) / np.sum(cost >= moment)
        if survival <= 0.5 + 1e-12:
            return float(moment)
    return np.inf
