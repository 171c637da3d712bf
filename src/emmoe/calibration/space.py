"""Where settings are looked for: points of low discrepancy in a box, and a part that spreads."""

from collections.abc import Mapping, Sequence

import numpy as np

from emmoe.models.objective import Array

Point = dict[str, int | float]  # whole ones stay so where they are written and read
Box = Mapping[str, Sequence[float]]


def draw(box: Box, count: int, rng: np.random.Generator) -> list[Point]:
    """Return points uniform in the logarithm of each range [low, high], by a randomly shifted
    Halton sequence; more points leave the first ones as they are. Four digits are kept."""
    from scipy.stats import qmc  # takes a second to import, and planning does not draw

    low, high = np.log(np.array([box[name] for name in box], float)).T
    shift = rng.random(len(box))
    unit = (qmc.Halton(len(box), scramble=False).random(count) + shift) % 1
    values = np.exp(low + unit * (high - low))
    return [{name: rounded(v) for name, v in zip(box, row, strict=True)} for row in values]


def rounded(value: float) -> float:
    """Return a number with four significant digits, so that tables hold what was simulated."""
    return float(f"{value:.4g}")


def spread(points: Sequence[Point], count: int) -> list[int]:
    """Return the positions of at most `count` points, in order, that spread over all: the first
    point, then always the one farthest from those chosen, in units of the points' log ranges."""
    if len(points) <= count:
        return list(range(len(points)))
    logs = np.log(np.array([list(point.values()) for point in points]))
    ranges = np.ptp(logs, axis=0)
    scaled = logs / np.where(ranges > 0, ranges, 1.0)
    chosen, nearest = [0], _distances(scaled, 0)
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, _distances(scaled, chosen[-1]))
    return sorted(chosen)


def _distances(points: Array, position: int) -> Array:
    return np.linalg.norm(points - points[position], axis=1)
