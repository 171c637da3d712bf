"""Intervals of shares."""

import numpy as np
from scipy.special import ndtri


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the ends of Wilson's (1927) interval for a share; scipy.stats, which has it too, loads
    for long."""
    share, square = successes / trials, ndtri((1 + level) / 2) ** 2 / trials
    half = np.sqrt(square * (share * (1 - share) + square / 4))
    low, high = ((share + square / 2 + side * half) / (1 + square) for side in (-1, 1))
    return 0.0 if successes == 0 else float(low), 1.0 if successes == trials else float(high)
