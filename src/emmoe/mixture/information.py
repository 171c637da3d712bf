"""Louis' (1982) information: Hess L = I_c - I_z at every theta, and the scores' second moments.

I_c = -Hess Q is the complete data's, I_z what not observing z costs. All are sums over rows of
coefficients (R, R) times products of columns. EM's rate is the largest eigenvalue of I_c^-1 I_z.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from emmoe.mixture.design import weighted_gram
from emmoe.mixture.families.base import Array
from emmoe.mixture.layout import Layout
from emmoe.mixture.model import Mixture, Parts

WIDE = 32  # columns from which a matrix times itself takes less than the product of two
CACHED = 65_536  # products of a coefficient and a column at a time: they stay in the cache
NARROW = 8  # columns below which numpy multiplies faster along the rows


class Information(NamedTuple):
    """Per unit of weight, (D, D): Hess L = complete - missing, without the penalty."""

    complete: Array
    missing: Array

    @property
    def hessian(self) -> Array:
        """Return Hess L."""
        return self.complete - self.missing


@dataclass(frozen=True)
class Term:
    """Coefficients (R, R, c) of a sum over rows; whether those on the diagonal are >= 0; the power
    of the weights; and whether blocks between experts, or between them and the gate, are 0."""

    coefficients: Callable[[Mixture, Parts], Array]
    positive: bool = True
    power: int = 1
    block_diagonal: bool = False


def information(model: Mixture, theta: Array) -> Information:
    """Return I_c and I_z of the sample."""
    return Information(*_summed(model, theta, [COMPLETE, MISSING]))


def information_and_scores(
    model: Mixture, theta: Array, powers: tuple[int, ...]
) -> tuple[Information, list[Array]]:
    """Return I_c and I_z of the sample; and for each power the sum over rows of weight^power ss', s
    the score of log p(y | x): the sandwich's meat, (D, D). All from one pass."""
    of_scores = [Term(score_coefficients, power=power) for power in powers]
    complete, missing, *moments = _summed(model, theta, [COMPLETE, MISSING, *of_scores])
    return Information(complete, missing), moments


def complete(model: Mixture, theta: Array) -> Array:
    """Return I_c of the sample: it has no blocks between experts, or between them and the gate."""
    return _summed(model, theta, [COMPLETE])[0]


def hessian(model: Mixture, theta: Array) -> Array:
    """Return Hess L of the penalised loss, in two thirds of the time of both parts."""
    return _summed(model, theta, [HESSIAN])[0] + model.penalty.hessian(theta)


def _summed(model: Mixture, theta: Array, terms: list[Term]) -> list[Array]:
    """Return each term's sum over rows of weight^power, coefficients and products of columns,
    (D, D)."""
    totals = [np.zeros((theta.size, theta.size)) for _ in terms]
    wanted = [_wanted(model.layout, term) for term in terms]
    for part in model.parts(theta):
        for total, term, pairs in zip(totals, terms, wanted, strict=True):
            _add(total, model, part, term, pairs)
    return [_symmetric(total) for total in totals]


def _wanted(layout: Layout, term: Term) -> Array:
    """Return which blocks on and above the diagonal a term has, (R, R)."""
    blocks = layout.blocks
    same = blocks[:, None] == blocks
    return np.triu(same if term.block_diagonal else np.ones_like(same))


def complete_coefficients(model: Mixture, part: Parts) -> Array:
    """Return I_c's (R, R, c): of the gate pi_j (delta_jl - pi_l), of an expert r V / s^2, with its
    log s 2 r e / s^2 and 2 r e^2 / s^2."""
    k, m, c = part.residual.shape
    rows = len(model.layout.owners)
    out = np.zeros((rows, rows, c))
    pi = part.gate[:-1]
    out[: k - 1, : k - 1] = -pi[:, None] * pi[None]
    gate = np.arange(k - 1)
    out[gate, gate] += pi
    variance = model.sample.family.variance(part.mean)
    weight = part.posterior * part.precision[:, None]
    at = slice(k - 1, k - 1 + k * m)
    experts = np.arange(k)
    out[at, at].reshape(k, m, k, m, c)[experts, :, experts] = weight[:, None, None] * variance
    if model.layout.scale:
        slope, scale = np.arange(k) + k - 1, np.arange(k) + 2 * k - 1
        cross = 2 * weight * part.residual[:, 0]
        out[slope, scale] = out[scale, slope] = cross
        out[scale, scale] = cross * part.residual[:, 0]
    return out


def missing_coefficients(model: Mixture, part: Parts) -> Array:
    """Return I_z's (R, R, c): (r_j delta_jl - r_j r_l) f_j f_l, j and l the rows' experts."""
    factors = model.factors(part)
    weighted = factors * part.posterior[model.layout.owners]
    out = -weighted[:, None] * weighted[None]
    a, b = model.layout.siblings
    out[a, b] += weighted[a] * factors[b]
    return out


def score_coefficients(model: Mixture, part: Parts) -> Array:
    """Return (R, R, c): the products of what multiplies the columns in the score."""
    scores = model.scores(part)
    return scores[:, None] * scores[None]


def hessian_coefficients(model: Mixture, part: Parts) -> Array:
    """Return those of I_c less those of I_z, (R, R, c)."""
    return complete_coefficients(model, part) - missing_coefficients(model, part)


COMPLETE = Term(complete_coefficients, block_diagonal=True)
MISSING = Term(missing_coefficients)
HESSIAN = Term(hessian_coefficients, positive=False)


def _add(total: Array, model: Mixture, part: Parts, term: Term, wanted: Array) -> None:
    """Add some rows' part of a term: its `wanted` blocks, all pairs of rows at once that multiply
    the same columns."""
    coefficients, weight = term.coefficients(model, part), part.data.weight**term.power
    groups = model.layout.groups(part.data.experts is part.data.gate)
    columns = [part.data.gate, part.data.experts][-len(groups) + model.layout.scale :]
    columns += [np.ones((len(weight), 1))] * model.layout.scale
    for i, (left, x) in enumerate(zip(groups, columns, strict=True)):
        for right, other in zip(groups[i:], columns[i:], strict=True):
            at = left.rows, right.rows
            a, b = np.nonzero(wanted[at])
            if a.size:
                block = total[left.theta, right.theta]
                block = block.reshape(-1, left.width, wanted[at].shape[1], right.width)
                squares = term.positive & (a == b) & (left is right)
                block[a, :, b] += _moments(x, coefficients[at][a, b] * weight, other, squares)


def _moments(x: Array, coefficients: Array, other: Array, squares: Array) -> Array:
    """Return the sums of c x x' over rows, (P, p, q), for P coefficients (P, rows); `squares` (P,):
    those that are of x with itself and, but for round-off, not negative."""
    if x.shape[1] >= WIDE:
        return np.stack([
            weighted_gram(x, np.maximum(c, 0)) if square else (x * c[:, None]).T @ other
            for c, square in zip(coefficients, squares, strict=True)
        ])  # fmt: skip
    step = max(1, CACHED // x.size)
    parts = [
        _scaled(x, coefficients[begin : begin + step]).swapaxes(1, 2) @ other
        for begin in range(0, len(coefficients), step)
    ]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _scaled(x: Array, coefficients: Array) -> Array:
    """Return c x, (P, rows, p), for P coefficients (P, rows): of few columns, one by one."""
    out = np.empty((len(coefficients), *x.shape))
    if x.shape[1] < NARROW:
        turned = np.ascontiguousarray(x.T)  # else numpy loops over the columns first
        np.multiply(coefficients[:, None], turned, out=out.swapaxes(1, 2))
    else:
        np.multiply(coefficients[:, :, None], x, out=out)
    return out


def _symmetric(total: Array) -> Array:
    """Return the matrix whose blocks on and above the diagonal are those of `total`."""
    upper = np.triu(total, 1)
    return upper + upper.T + np.diag(np.diag(total))


def spectrum(complete: Array, missing: Array) -> Array:
    """Return the eigenvalues of I_c^-1 I_z, rising; the largest is EM's rate. NaN where I_c is
    singular."""
    try:
        return scipy.linalg.eigh(missing, complete, eigvals_only=True)
    except (np.linalg.LinAlgError, ValueError):
        return np.full(len(complete), np.nan)
