"""What a rival is expected to cost, from runs of which some fail and some are cut off; shares."""

import numpy as np
from scipy.special import ndtri


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


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the ends of Wilson's (1927) interval for a share; scipy.stats, which has it too, loads
    for long."""
    share, square = successes / trials, ndtri((1 + level) / 2) ** 2 / trials
    half = np.sqrt(square * (share * (1 - share) + square / 4))
    low, high = ((share + square / 2 + side * half) / (1 + square) for side in (-1, 1))
    return 0.0 if successes == 0 else float(low), 1.0 if successes == trials else float(high)
