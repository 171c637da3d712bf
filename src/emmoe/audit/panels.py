"""What settings predict of a part of a curve, beside its readings: the one test of the audit.

Simulations are kept as means and standard deviations at the readings. How the readings move
together is kept in one number a part, the effective number of independent readings: the one for
which Sidak's critical value is the one that was simulated (`emmoe.evidence.statistics`). From it
follows the critical value at any level, and so of several parts at once. It does not depend on what
the paper reports, so a changed claim is tested anew in no time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit  # of Student's t: scipy.stats loads for long

from emmoe.audit.parts import Part
from emmoe.calibration.spreads import LIMIT, factors
from emmoe.models.objective import Array

Effective = Mapping[tuple[str, str, str], tuple[int, float]]


@dataclass(frozen=True)
class Panel:
    """names (s,): of the settings, or seeds; mean, error, factor (s, k): predictions, standard
    errors of their differences to the readings, and factors between the standard deviations;
    reported (k,); critical (s,): of the largest |z|."""

    names: tuple[str, ...]
    mean: Array
    error: Array
    factor: Array
    reported: Array
    critical: Array

    @cached_property
    def z(self) -> Array:
        """The differences (s, k) in standard errors; 0 or infinite where nothing varies."""
        difference = self.mean - self.reported
        with np.errstate(divide="ignore", invalid="ignore"):
            z = difference / self.error
        if (self.error > 0).all():
            return z
        equal = np.isclose(self.mean, self.reported, rtol=1e-9, atol=1e-12)
        return np.where(self.error > 0, z, np.where(equal, 0.0, np.copysign(np.inf, difference)))

    @cached_property
    def each(self) -> Array:
        """How far each reading is from being met (s, k), up to 1; infinite for a run that
        diverged. The larger of |z| over its critical value and of the standard deviations' factor,
        in logarithms, over its limit's."""
        with np.errstate(invalid="ignore"):
            means = np.abs(self.z) / self.critical[:, None]
        return np.nan_to_num(
            np.maximum(means, np.log(self.factor) / np.log(LIMIT)), nan=np.inf, posinf=np.inf
        )

    @cached_property
    def ratios(self) -> Array:
        """How far each setting (s,) is from meeting the whole part."""
        return self.each.max(axis=1)

    def at(self, reading: int, reported: float) -> "Panel":
        """Return the panel with another reported value of a reading."""
        values = self.reported.copy()
        values[reading] = reported
        return replace(self, reported=values)


@dataclass(frozen=True)
class Predicted:
    """Means and standard deviations of settings at iterations, each (settings, iterations)."""

    names: tuple[str, ...]
    iterations: tuple[int, ...]
    mean: Array
    std: Array
    replicates: Array

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Predicted":
        """Take rows of one curve: setting, iteration, mean, std, replicates."""
        wide = rows.pivot(index="setting", columns="iteration", values=["mean", "std"])
        counts = rows.groupby("setting")["replicates"].first().to_numpy(float)
        mean, std = wide["mean"], wide["std"]
        times = tuple(int(t) for t in mean.columns)
        return cls(tuple(mean.index), times, mean.to_numpy(float), std.to_numpy(float), counts)

    def positions(self, part: Part) -> list[int] | None:
        """Return where a part's iterations are, None if one was not simulated."""
        known = {iteration: at for at, iteration in enumerate(self.iterations)}
        found = [known.get(int(iteration)) for iteration in part.readings["iteration"]]
        return None if None in found else found

    def restricted(self, names: Sequence[str]) -> "Predicted":
        """Return the predictions of some settings, in their order."""
        at = [self.names.index(name) for name in names]
        return replace(
            self, names=tuple(names), mean=self.mean[at], std=self.std[at],
            replicates=self.replicates[at],
        )  # fmt: skip


def panel(
    predicted: Predicted, part: Part, effective: Effective, level: float, parts: int
) -> Panel | None:
    """Return what settings predict of a part, tested at a level over so many parts at once; None
    where not all its iterations were simulated.

    effective: by (setting, curve, part), how many readings the part had and how many of them are
    effectively independent; where the part has others now, all count as independent."""
    at = predicted.positions(part)
    if at is None:
        return None
    mean, std = predicted.mean[:, at], predicted.std[:, at]
    error, freedom = errors(std, predicted.replicates, part)
    known = [effective.get((name, part.predicted_as, part.part)) for name in predicted.names]
    size = len(at)
    count = np.array([own[1] if own and own[0] == size else size for own in known], float)
    factor = factors(std, *(part.readings[n].to_numpy(float) for n in ("spread", "uncertainty")))
    reported = part.readings["reported"].to_numpy(float)
    critical = critical_value(count, freedom, level, parts)
    return Panel(predicted.names, mean, error, factor, reported, critical)


def errors(std: Array, replicates: Array, part: Part) -> tuple[Array, Array]:
    """Return the standard errors (s, k) of differences to readings, and the degrees of freedom (s,)
    of the least certain (Welch and Satterthwaite); std (s, k), replicates (s,): of our means."""
    spread, uncertainty = (part.readings[n].to_numpy(float) for n in ("spread", "uncertainty"))
    m1, m2 = part.instances, replicates[:, None]
    ours, theirs = np.square(std) / m2, np.square(np.where(np.isnan(spread), std, spread)) / m1
    error = np.sqrt(ours + theirs + uncertainty**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = error**4 / (ours**2 / (m2 - 1) + theirs**2 / (m1 - 1))
    return error, np.nan_to_num(freedom, nan=np.inf).min(axis=1).clip(max=1e6)


def critical_value(effective: Array, freedom: Array, level: float, parts: int = 1) -> Array:
    """Return the critical value of the largest |z| of so many effectively independent readings, in
    each of some parts (Sidak, 1967: no correlation makes it too small)."""
    tail = -np.expm1(np.log1p(-level) / (np.maximum(effective, 1.0) * parts))
    return -stdtrit(freedom, tail / 2)


def effective_number(critical: Array, freedom: Array, level: float) -> Array:
    """Return for how many independent readings a simulated critical value is Sidak's."""
    return np.log1p(-level) / np.log1p(-2 * stdtr(freedom, -critical))
