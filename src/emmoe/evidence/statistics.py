"""Whether our replicates' mean curve is the reported one, at several readings at once.

A curve's readings move together: replicates that start badly stay behind for many iterations. So
the largest |z| over the readings is held against its own null distribution, which is simulated with
the correlation of our replicates. (Max-type tests: Westfall and Young, 1993.)
"""

from typing import NamedTuple

import numpy as np
import scipy

from emmoe.models.objective import Array

DRAWS = 4000  # of the null distribution: a level of 0.01 is 40 draws in the tail


class CurveTest(NamedTuple):
    """statistic: the largest |z|, inf where a difference has nothing to explain it; critical: its
    quantile at 1 - level under the null; p_value; participation: the effective number of
    readings, tr(C)^2 / tr(C^2) for the correlation C of the z under the null; z: (k,)."""

    statistic: float
    critical: float
    p_value: float
    participation: float
    z: Array

    @property
    def met(self) -> bool:
        """Whether the curve agrees at all readings."""
        return self.statistic <= self.critical


def curve_test(
    values: Array,
    reported: Array,
    spread: Array,
    uncertainty: Array,
    instances: int,
    *,
    rng: np.random.Generator,
    level: float = 0.05,
    draws: int = DRAWS,
) -> CurveTest:
    """Test whether one curve's replicates and its k readings share their mean at every reading.

    values (m2, k): our replicates at the readings; reported (k,): means over `instances` = m1;
    spread (k,): the reported standard deviations, ours where NaN; uncertainty (k,): of reading, a
    standard deviation, independent between readings.
    Under the null both means vary with the correlation of our replicates, shrunk (see
    `shrunk_correlation`), and every variance, ours and theirs, is as uncertain as its degrees of
    freedom say: with few replicates the critical value grows as Student's t does.
    Raises ValueError for fewer than two replicates, or for values that are not finite."""
    values = np.asarray(values, float)
    reported, spread, uncertainty = (np.asarray(v, float) for v in (reported, spread, uncertainty))
    _check(values, reported, uncertainty)
    m2, std = len(values), values.std(axis=0, ddof=1)
    std[np.ptp(values, axis=0) == 0] = 0.0  # equal values can have a mean that is rounded
    z = curve_z(values.mean(axis=0), std, m2, reported, spread, uncertainty, instances)
    statistic = float(np.abs(z).max())
    correlation = shrunk_correlation(values)
    simulated = _null(correlation, std, m2, spread, uncertainty, instances, rng, draws)
    return CurveTest(
        statistic,
        float(np.quantile(simulated, 1 - level, method="higher")),
        (1 + np.count_nonzero(simulated >= statistic)) / (1 + draws),
        _participation(correlation, std, m2, spread, uncertainty, instances),
        z,
    )


def curve_z(
    mean: Array,
    std: Array,
    m2: int,
    reported: Array,
    spread: Array,
    uncertainty: Array,
    instances: int,
) -> Array:
    """Return z_i = (mean_i - reported_i) / sqrt(s1_i^2 / m1 + s2_i^2 / m2 + u_i^2), shape (k,).

    mean, std (k,): of our m2 replicates (s2 is std, with m2 - 1); spread is s1, ours where NaN,
    over `instances` = m1. Where nothing varies z is 0 for equal values and else infinite."""
    difference = np.asarray(mean, float) - reported
    variance = sum(_variances(std, m2, spread, instances)) + np.square(uncertainty)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = difference / np.sqrt(variance)
    equal = np.isclose(mean, reported, rtol=1e-9, atol=1e-12)
    return np.where(variance > 0, z, np.where(equal, 0.0, np.copysign(np.inf, difference)))


def shrunk_correlation(values: Array) -> Array:
    """Return the correlation (k, k) of the columns of values (m2, k), shrunk to the identity.

    The weight of the identity is the estimate of Schaefer and Strimmer (2005) with the normal
    law's variance of a correlation, (1 - r^2)^2 / (m2 - 1): it vanishes for many replicates and for
    curves that move as one, and is near a half for few replicates of unrelated readings. Less
    correlation than there is makes the test conservative. A constant column has none."""
    m2, k = values.shape
    deviations = values - values.mean(axis=0)
    deviations[:, np.ptp(values, axis=0) == 0] = 0.0
    norms = np.linalg.norm(deviations, axis=0)
    deviations = np.divide(deviations, norms, out=np.zeros_like(deviations), where=norms > 0)
    r = np.clip(deviations.T @ deviations, -1.0, 1.0)[~np.eye(k, dtype=bool)].reshape(k, k - 1)
    squares = np.sum(r**2)
    weight = min(1.0, np.sum((1 - r**2) ** 2) / ((m2 - 1) * squares)) if squares > 0 else 1.0
    correlation = np.eye(k)
    correlation[~np.eye(k, dtype=bool)] = (1 - weight) * r.ravel()
    return correlation


def _check(values: Array, reported: Array, uncertainty: Array) -> None:
    if values.ndim != 2 or len(values) < 2 or values.shape[1] != len(reported):
        raise ValueError(f"values {values.shape} must be (m2 >= 2, {len(reported)})")
    for name, array in {"values": values, "reported": reported, "uncertainty": uncertainty}.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite: leave unreadable readings out")


def _variances(std: Array, m2: int, spread: Array, instances: int) -> tuple[Array, Array]:
    """Return the variances of our mean and of theirs from standard deviations of any shape."""
    theirs = np.where(np.isnan(spread), std, spread)
    return np.square(std) / m2, np.square(theirs) / instances


def _null(
    correlation: Array,
    std: Array,
    m2: int,
    spread: Array,
    uncertainty: Array,
    instances: int,
    rng: np.random.Generator,
    draws: int,
) -> Array:
    """Return max|z| of `draws` curves that agree.

    The true standard deviations are drawn anew for each from what the estimated ones leave open,
    s^2 (m - 1) / chi^2: Behrens' and Fisher's solution, which is conservative. With s taken as the
    truth, four replicates whose s is small by chance are rejected three times too often."""
    shape = (draws, len(std))
    mixing, mixing_squares = _root(correlation), _root(correlation**2)
    wider2 = _true_to_estimated(rng.standard_normal(shape) @ mixing_squares, m2 - 1)
    wider1 = _true_to_estimated(rng.standard_normal(shape) @ mixing_squares, instances - 1)
    ours, theirs = _variances(std * wider2, m2, spread * wider1, instances)
    difference = (
        np.sqrt(ours) * (rng.standard_normal(shape) @ mixing)
        + np.sqrt(theirs) * (rng.standard_normal(shape) @ mixing)
        + uncertainty * rng.standard_normal(shape)
    )
    variance = sum(_variances(std, m2, spread, instances)) + uncertainty**2
    return np.abs(difference[:, variance > 0] / np.sqrt(variance[variance > 0])).max(1, initial=0.0)


def _root(correlation: Array) -> Array:
    """A matrix A with A' A = correlation, which may be singular."""
    eigenvalues, vectors = np.linalg.eigh(correlation)
    return np.sqrt(np.maximum(eigenvalues, 0.0))[:, None] * vectors.T


def _true_to_estimated(normals: Array, degrees: int) -> Array:
    """Turn standard normals into sqrt(degrees / chi^2), monotonically (a Gaussian copula).

    The estimated variances of two normals with correlation r have the correlation r^2."""
    grid = np.linspace(-6, 6, 1201)
    # scipy.stats has it too, but loads for long
    chi2 = 2 * scipy.special.gammaincinv(degrees / 2, scipy.special.ndtr(grid))
    return np.interp(normals, grid, np.sqrt(degrees / chi2))


def _participation(
    correlation: Array, std: Array, m2: int, spread: Array, uncertainty: Array, instances: int
) -> float:
    ours, theirs = (np.sqrt(v) for v in _variances(std, m2, spread, instances))
    covariance = correlation * (np.outer(ours, ours) + np.outer(theirs, theirs))
    covariance += np.diag(uncertainty**2)
    varying = np.diag(covariance) > 0
    if not varying.any():
        return 0.0
    scale = 1 / np.sqrt(np.diag(covariance)[varying])
    c = covariance[np.ix_(varying, varying)] * np.outer(scale, scale)
    return float(np.trace(c) ** 2 / np.sum(c**2))
