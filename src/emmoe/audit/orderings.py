"""Whether one algorithm is ahead of another, from runs in pairs: the same data, the same start.

The differences' means get a band that holds at all iterations at once, and differences that the
paper's figure could not show count as ties.
"""

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from emmoe.audit.groups import Group
from emmoe.audit.parts import Parts, Setup, readings
from emmoe.audit.runs import Run, Runs, at
from emmoe.evidence.statistics import shrunk_correlation
from emmoe.store.seeds import generator

AHEAD, TIED, BEHIND, UNCLEAR = "ahead", "tied", "behind", "unclear"
DRAWS = 4000
LARGER_IS_BETTER = {"test_accuracy"}


class Band(NamedTuple):
    """low, high (k,): of how far the first is ahead of the second at each iteration, in the
    metric's unit; margin (k,): differences that count as none."""

    low: np.ndarray
    high: np.ndarray
    margin: np.ndarray

    @property
    def detectable(self) -> float:
        """The smallest lead that it would show at its narrowest."""
        return float(((self.high - self.low) / 2 + self.margin).min())

    @property
    def state(self) -> str:
        """BEHIND: somewhere behind by more than the margin; AHEAD: nowhere that, and somewhere
        ahead by more; TIED: everywhere within it; UNCLEAR: the band is too wide to tell."""
        if (self.high < -self.margin).any():
            return BEHIND
        if (self.low > self.margin).any():
            return AHEAD
        inside = (self.low >= -self.margin) & (self.high <= self.margin)
        return TIED if inside.all() else UNCLEAR


class Ordering(NamedTuple):
    """state: of our runs' band; reported, share: of the iterations, theirs and ours, at which the
    first is ahead by more than the margin; detectable: the smallest lead that our band would show,
    in the metric's unit, where it shows most; pairs: whether it holds in each pair of settings."""

    state: str
    reported: float
    share: float
    detectable: float
    pairs: list[bool]


def compare(
    first: Run,
    second: Run,
    panel: tuple[str, str],
    parts: Parts,
    runs: Runs,
    group: Group | None,
    setup: Setup,
) -> Ordering | None:
    """Return how the first is placed to the second in a panel (where, metric), at the iterations
    after the start at which both can be read; None if there are not two pairs of our runs there."""
    where, metric = panel
    read = [readings(parts, where, fitter, metric) for _, fitter in (first, second)]
    iterations = [t for t in read[0].index.intersection(read[1].index) if t > 0]
    values = [at(runs.values(run, metric), iterations) for run in (first, second)]
    both = values[0].index.intersection(values[1].index)
    if not iterations or len(both) < 2:
        return None
    read = [table.loc[iterations] for table in read]
    margin = (read[0]["uncertainty"] + read[1]["uncertainty"]).to_numpy()
    reported = lead(*(table["reported"].to_numpy() for table in read), metric)
    leads = lead(*(table.loc[both].to_numpy() for table in values), metric)
    rng = generator(setup.seed, f"{where}/{metric}/{first}/{second}", 0, "audit")
    found = band(leads, margin, setup.level, rng)
    held = _pairs(group, (first[1], second[1]), panel, iterations, margin) if group else []
    shares = (float((ahead > margin).mean()) for ahead in (reported, found.low))
    return Ordering(found.state, *shares, float(found.detectable), held)


def lead(first: np.ndarray, second: np.ndarray, metric: str) -> np.ndarray:
    """Return how far the first is ahead of the second: positive is better."""
    return first - second if metric in LARGER_IS_BETTER else second - first


def band(leads: np.ndarray, margin: np.ndarray, level: float, rng: np.random.Generator) -> Band:
    """Return the simultaneous band of the mean of paired leads (m, k), of level 1 - level.

    Its width is the quantile of the largest of k Student variables that are correlated as the leads
    are; where all pairs agree it has none."""
    m, k = leads.shape
    mean, error = leads.mean(axis=0), leads.std(axis=0, ddof=1) / np.sqrt(m)
    error[np.ptp(leads, axis=0) == 0] = 0.0
    values, vectors = np.linalg.eigh(shrunk_correlation(leads))
    normals = rng.standard_normal((DRAWS, k)) @ (vectors * np.sqrt(values.clip(0))).T
    scale = np.sqrt(rng.chisquare(m - 1, DRAWS) / (m - 1))
    width = np.quantile(np.abs(normals).max(axis=1) / scale, 1 - level) * error
    return Band(mean - width, mean + width, margin)


def _pairs(
    group: Group,
    algorithms: tuple[str, str],
    panel: tuple[str, str],
    iterations: list[float],
    margin: np.ndarray,
) -> list[bool]:
    """Whether it holds in the means of each pair of accepted settings of the same data."""
    first, second = (_accepted_means(group, name, panel, iterations) for name in algorithms)
    found = []
    for data, means in first:
        same = np.array([other for own, other in second if own == data])
        if len(same):
            ahead = lead(means, same, panel[1])
            found += ((ahead >= -margin).all(axis=1) & (ahead > margin).any(axis=1)).tolist()
    return found


def _accepted_means(
    group: Group, algorithm: str, panel: tuple[str, str], iterations: list[float]
) -> list[tuple[Hashable, np.ndarray]]:
    """The data and the means (iterations,) of each accepted setting of a run in a panel."""
    own, columns = group.candidates[algorithm], {}
    for key, part in group.parts.items():
        if (part.algorithm, part.where, part.metric) == (algorithm, *panel) and key in own.panels:
            times = part.readings["iteration"]
            columns |= dict(zip(times, own.panels[key].mean.T, strict=True))
    if not set(iterations) <= set(columns):
        return []
    means = np.column_stack([columns[t] for t in iterations])
    return [(own.data[at], means[at]) for at in np.flatnonzero(own.accepted)]
