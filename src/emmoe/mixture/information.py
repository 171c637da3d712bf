"""Louis' (1982) information: Hess L = I_c - I_z at every theta, and the scores' second moments.

I_c = -Hess Q is the complete data's, I_z what not observing z costs. All are sums over rows of
coefficients (R, R) times products of columns. EM's rate is the largest eigenvalue of I_c^-1 I_z.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import scipy

from emmoe.mixture.families.base import Array
from emmoe.mixture.layout import Layout
from emmoe.mixture.model import Mixture, Parts
from emmoe.mixture.row_sums import Indices, Mask, Term, Visit, row_sums, within


class Information(NamedTuple):
    """Per unit of weight, (D, D): Hess L = complete - missing, without the penalty."""

    complete: Array
    missing: Array

    @property
    def hessian(self) -> Array:
        """Return Hess L."""
        return self.complete - self.missing


def information(model: Mixture, theta: Array) -> Information:
    """Return I_c and I_z of the sample."""
    return Information(*row_sums(model, theta, [COMPLETE, MISSING])[0])


def information_and_scores(
    model: Mixture, theta: Array, powers: tuple[int, ...], visit: Visit = lambda part: None
) -> tuple[Information, list[Array]]:
    """Return I_c and I_z of the sample; and for each power, one of which is 1, the sum over rows of
    weight^power ss', s the score of log p(y | x): the sandwich's meat, (D, D). All from one pass,
    in which `visit` gets the parts: between two experts I_z is less the meat, since r_k f_k r_l f_l
    is in both."""
    (complete, missing), meats = row_sums(model, theta, [COMPLETE, NOT_BETWEEN], powers, visit)
    owners = np.repeat(model.layout.blocks, model.layout.widths)
    between = (owners[:, None] != owners) & (owners[:, None] >= 0) & (owners >= 0)
    missing[between] = -meats[powers.index(1)][between]
    return Information(complete, missing), meats


def complete(model: Mixture, theta: Array) -> Array:
    """Return I_c of the sample: it has no blocks between experts, or between them and the gate."""
    return row_sums(model, theta, [COMPLETE])[0][0]


def hessian(model: Mixture, theta: Array) -> Array:
    """Return Hess L of the penalised loss, in less time than both parts take."""
    return row_sums(model, theta, [HESSIAN])[0][0] + model.penalty.hessian(theta)


def _not_between(layout: Layout) -> Mask:
    """Return the pairs of one block, and those of the gate and an expert, (R, R)."""
    gate = layout.blocks < 0
    return within(layout) | gate[:, None] | gate


def _all(layout: Layout) -> Mask:
    """Return all pairs, (R, R)."""
    return np.ones((len(layout.blocks),) * 2, bool)


def complete_coefficients(model: Mixture, part: Parts, a: Indices, b: Indices) -> Array:
    """Return I_c's (P, c): of the gate pi_j (delta_jl - pi_l), of an expert r V / s^2, with its
    log s 2 r e / s^2 and 2 r e^2 / s^2."""
    k, m, c = part.residual.shape
    out = np.empty((len(a), c))
    gate, scale = b < k - 1, b >= k - 1 + k * m
    i, j = a[gate], b[gate]
    out[gate] = part.gate[i] * ((i == j)[:, None] - part.gate[j])
    weight = part.posterior * part.precision[:, None]
    expert, i = np.divmod(a[~gate & ~scale] - (k - 1), m)
    variance = model.sample.family.variance(part.mean)
    out[~gate & ~scale] = weight[expert] * variance[expert, i, (b[~gate & ~scale] - (k - 1)) % m]
    if model.layout.scale:
        expert, residual = b[scale] - (k - 1 + k), part.residual[:, 0]
        both = a[scale] == b[scale]
        cross = 2 * weight * residual
        out[scale] = np.where(both[:, None], (cross * residual)[expert], cross[expert])
    return out


def missing_coefficients(model: Mixture, part: Parts, a: Indices, b: Indices) -> Array:
    """Return I_z's (P, c): (r_j delta_jl - r_j r_l) f_j f_l, j and l the rows' experts."""
    factors = model.factors(part)
    weighted = factors * part.posterior[model.layout.owners]
    out = -weighted[a] * weighted[b]
    same = np.flatnonzero(model.layout.owners[a] == model.layout.owners[b])
    out[same] += weighted[a[same]] * factors[b[same]]
    return out


def hessian_coefficients(model: Mixture, part: Parts, a: Indices, b: Indices) -> Array:
    """Return those of I_c less those of I_z, (P, c)."""
    out = -missing_coefficients(model, part, a, b)
    own = np.flatnonzero(model.layout.blocks[a] == model.layout.blocks[b])
    out[own] += complete_coefficients(model, part, a[own], b[own])
    return out


COMPLETE = Term(complete_coefficients, complete_coefficients, within)
MISSING = Term(missing_coefficients, None, _all)
NOT_BETWEEN = replace(MISSING, pairs=_not_between)
HESSIAN = Term(hessian_coefficients, complete_coefficients, _all, positive=False)


def spectrum(complete: Array, missing: Array) -> Array:
    """Return the eigenvalues of I_c^-1 I_z, rising; the largest is EM's rate. NaN where I_c is
    singular."""
    try:
        return scipy.linalg.eigh(missing, complete, eigvals_only=True)
    except (np.linalg.LinAlgError, ValueError):
        return np.full(len(complete), np.nan)
