"""How the cost grows with n, d and the replicates; fitted exponents, 1 where it grows linearly."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.cases.em_iteration import em_step, warm_start
from benchmarks.inputs import random_images, random_weights
from benchmarks.table import Outcome, number
from emmoe.models.logistic_experts import LogisticExperts

# The settings that are varied, and what the others are meanwhile.
SIZES = {
    "n": (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000),
    "d": (2, 5, 10, 20, 50, 100),
    "replicates": (1, 2, 5, 10, 25, 50),
}
FIXED = {"n": 20_000, "d": 10, "image_n": 10_000, "pixels": 784}
LEAST = 0.3  # CPU seconds to spend on each point


class Point(NamedTuple):
    """What is called at one size."""

    curve: str
    varied: str
    size: int
    call: Callable[[], Any]


def run(
    sizes: dict[str, tuple[int, ...]] = SIZES, fixed: dict[str, int] = FIXED, least: float = LEAST
) -> Outcome:
    """Time passes and EM iterations of two linear experts by n and d, and passes over images by
    their number and the replicates."""
    points = pd.DataFrame(
        {"curve": p.curve, "varied": p.varied, "size": p.size} | _seconds(p.call, least)
        for p in _points(sizes, fixed)
    )
    fits = points.groupby(["varied", "curve"], sort=False).apply(exponent, include_groups=False)
    rows = [
        number(f"scaling: exponent of {varied}, {curve}", "exponent", value)
        for (varied, curve), value in fits.items()
    ]
    points["exponent"] = [fits[key] for key in zip(points.varied, points.curve, strict=True)]
    return Outcome(rows, {"scaling": points})


def _points(sizes: dict[str, tuple[int, ...]], fixed: dict[str, int]) -> Iterator[Point]:
    for varied in ("n", "d"):
        for size in sizes[varied]:
            shape = {"n": fixed["n"], "d": fixed["d"]} | {varied: size}
            model, theta = warm_start(**shape)
            yield Point(
                "EM iteration, linear experts", varied, size, partial(em_step, model, theta)
            )
            one_pass = partial(model.loss_and_gradient, theta)
            yield Point("pass, linear experts", varied, size, one_pass)
    d = fixed["pixels"]
    images = [("n", n, n, 5) for n in sizes["n"] if d <= n <= 6 * fixed["image_n"]]
    images += [("replicates", r, fixed["image_n"], r) for r in sizes["replicates"]]
    for varied, size, n, replicates in images:
        model = LogisticExperts().bind(random_images(n, replicates, d=d))
        one_pass = partial(model.loss_and_gradient, random_weights(replicates, d))
        yield Point("pass, images", varied, size, one_pass)


def _seconds(call: Callable[[], Any], least: float) -> dict[str, float]:
    """Return the median CPU seconds of a call and their range, of at least three calls."""
    call()
    found: list[float] = []
    while len(found) < 3 or sum(found) < least:
        started = time.process_time()
        call()
        found.append(time.process_time() - started)
    median = float(np.median(found))
    return {"cpu_seconds": median, "cpu_seconds_low": min(found), "cpu_seconds_high": max(found)}


def exponent(points: pd.DataFrame) -> float:
    """Return the least-squares slope of log seconds by log size."""
    return float(np.polyfit(np.log(points["size"]), np.log(points.cpu_seconds), 1)[0])
