"""Rows that do not fit into memory: `partial_fit` of a mixture of two gaussian experts."""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.inputs import SEED
from benchmarks.measure import resident
from benchmarks.table import Outcome, number
from emmoe import MixtureOfExpertsRegressor
from emmoe.models.objective import Array
from emmoe.store.seeds import generator

MEMORY, LOSS = 300.0, 1.0  # MB above the imports; % of the log-likelihood a row


def run(n: int = 10_000_000, d: int = 10, part: int = 100_000, batch: int = 1_000_000) -> Outcome:
    """Stream n rows in parts; compare with a fit of `batch` rows on part of the same law that
    neither saw. Memory is the peak of the process, its parts included, above that of imports."""
    model, imports = MixtureOfExpertsRegressor(), resident()
    began = time.process_time()
    for x, y in _parts(d, part, n // part):
        model.partial_fit(x, y)
    seconds, memory = time.process_time() - began, resident("VmHWM") - imports
    parts = list(_parts(d, part, batch // part))
    x, y = (np.concatenate(of) for of in zip(*parts, strict=True))
    whole = MixtureOfExpertsRegressor().fit(x, y)
    ((x, y),) = _parts(d, part, 1, first=n // part)
    losses = [own.log_likelihood(x, y) / len(y) for own in (whole, model)]
    lost = 100 * (losses[0] - losses[1]) / abs(losses[0])
    case = f"partial_fit of {n} rows by {part}, d = {d}"
    return Outcome([
        number(f"{case}: memory", "MB", memory, MEMORY),
        number(f"{case}: log-likelihood a row below a fit of {batch}", "%", lost, LOSS),
        number(f"{case}: with the drawing of rows", "CPU s", seconds),
    ])  # fmt: skip


def _parts(d: int, rows: int, count: int, first: int = 0) -> Iterator[tuple[Array, Array]]:
    """Yield x (rows, d) and y (rows,), drawn anew each time: experts that overlap."""
    law = generator(SEED, f"stream {d}", 0, "law")
    gate, experts = 1.5 * law.standard_normal(d) / np.sqrt(d), law.standard_normal((2, d))
    for position in range(first, first + count):
        rng = generator(SEED, f"stream {d}", position, "sample")
        x = rng.standard_normal((rows, d))
        z = (rng.random(rows) > 1 / (1 + np.exp(-x @ gate))).astype(int)
        noise = np.array([0.7, 0.5])[z] * rng.standard_normal(rows)
        yield x, (x @ experts.T)[np.arange(rows), z] + noise
