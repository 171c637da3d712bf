"""The chunked kernel of logistic experts under a soft-max gate, for R stacked replicates.

Weights (R, J, d) hold J = K + K C rows of logits: the gate's K, then the experts' C each. Samples
lie along the last axis, so that sums over experts and classes run over contiguous memory. Replicate
r's inverted image is s x + (1 - s)/2 with s in {-1, +1}, so its logits are s (W x) + (1 - s)/2 W 1
and no replicate's images are ever copied: all share one wide product. Chunks are fixed, so the
order of sums, and with it every bit of the result, does not depend on the number of cores.
"""

from collections.abc import Iterator

import numpy as np

from emmoe.models._compiled.jit import decay, elementwise, plain, summed
from emmoe.models.base import Array, Sample

CHUNK = 2048
LANES = 128  # columns at a time in compiled code: their J rows stay in the innermost cache


def chunks(n: int) -> Iterator[slice]:
    """Yield the row slices of the fixed chunks."""
    return (slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK))


def products(weights: Array, sample: Sample, rows: slice) -> Array:
    """Return the weights' products with a chunk of m images as they are, shape (R, J, m)."""
    x = sample.x[rows]
    return (weights.reshape(-1, x.shape[1]) @ x.T).reshape(*weights.shape[:2], len(x))


def logits(weights: Array, sample: Sample, rows: slice) -> Array:
    """Return the logits of a chunk of m rows, shape (R, J, m)."""
    z = products(weights, sample, rows)
    if sample.signs is not None:
        s = sample.signs[:, None, rows].astype(z.dtype)
        z *= s
        z += (1 - s) / 2 * weights.sum(axis=2)[:, :, None]
    return z


def log_joint(z: Array, experts: int) -> Array:
    """Return log P(z = k, y = c | x) from logits, shape (R, K, C, m). Overwrites z."""
    gate, of_experts = z[:, :experts], z[:, experts:].reshape(len(z), experts, -1, z.shape[2])
    _log_softmax(gate, 1)
    _log_softmax(of_experts, 2)
    of_experts += gate[:, :, None]
    return of_experts


def _log_softmax(z: Array, axis: int) -> None:
    """Replace logits by log probabilities along an axis."""
    z -= z.max(axis=axis, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=axis, keepdims=True))


def logsumexp(z: Array, axis: int) -> Array:
    """Return log(sum(exp z)) along an axis that is kept."""
    top = z.max(axis=axis, keepdims=True)
    return top + np.log(np.exp(z - top).sum(axis=axis, keepdims=True))


def evaluate(
    z: Array, weights: Array, sample: Sample, rows: slice, posterior: Array, known: bool
) -> tuple[Array, Array]:
    """Return a chunk's summed loss (R,) and offset (R, J), from its products z, (R, J, m).

    Sets the chunk's responsibilities, posterior (R, K, n); if they are known, reads them instead,
    and the loss is not the negative log-likelihood but the part of -Q that varies. z becomes the
    loss's derivative by each product; a gradient is its product with the images plus the offset."""
    signs = np.empty((0, 0), np.int8) if sample.signs is None else sample.signs
    loss, offset = np.zeros(len(z)), np.zeros(z.shape[:2])
    arguments = weights.sum(axis=2), signs, sample.y, rows.start, posterior, known
    _evaluate(z, *arguments, loss, offset)
    return loss, offset


def backward(derivative: Array, sample: Sample, rows: slice) -> Array:
    """Return a chunk's sum of derivative times images as they are, shape (R, J, d)."""
    x = sample.x[rows]
    return (derivative.reshape(-1, len(x)) @ x).reshape(*derivative.shape[:2], -1)


@elementwise
def _signs(signs, sign, half):
    """Set sign to the signs and half to (1 - signs) / 2, in the type of the logits."""
    for i in range(len(signs)):
        sign[i] = signs[i]
        half[i] = 1 if signs[i] < 0 else 0


@elementwise
def _invert(row, sign, half, shift):
    """Turn products with the images into logits of the inverted ones."""
    for i in range(len(row)):
        row[i] = sign[i] * row[i] + half[i] * shift


@summed
def _restore(row, sign, half):
    """Turn derivatives by logits into those by the products; return their part in the offset."""
    offset = 0.0
    for i in range(len(row)):
        offset += half[i] * row[i]
        row[i] *= sign[i]
    return offset


@elementwise
def _raise(top, row):
    """top = max(top, row)."""
    for i in range(len(row)):
        top[i] = row[i] if row[i] > top[i] else top[i]


@elementwise
def _subtract(row, other):
    for i in range(len(row)):
        row[i] -= other[i]


@elementwise
def _exponentiate(row, top, total):
    """row = exp(row - top), where row <= top, and total += row."""
    for i in range(len(row)):
        row[i] = decay(row[i] - top[i])
        total[i] += row[i]


@plain
def _subtract_log(row, total):
    for i in range(len(row)):
        row[i] -= np.log(total[i])


@elementwise
def _scale(row, factor, total):
    """row *= factor / total."""
    for i in range(len(row)):
        row[i] *= factor[i] / total[i]


@elementwise
def _gate_derivative(row, total, responsibility):
    """row = row / total - responsibility."""
    for i in range(len(row)):
        row[i] = row[i] / total[i] - responsibility[i]


@plain
def _softmax(z, r, low, high, at, top, total):
    """Replace logits low to high by exp(logit - top), top their maximum and total the sum."""
    total[:] = 0
    for j in range(low, high):
        _exponentiate(z[r, j, at], top, total)


@plain
def _maximum(z, r, low, high, at, top):
    top[:] = z[r, low, at]
    for j in range(low + 1, high):
        _raise(top, z[r, j, at])


@plain
def _log_joint(z, r, at, target, joint, totals, top):
    """Set joint to log P(z = k, y = target | x), and z to exp(logit - top) with their totals."""
    experts, size = joint.shape
    classes = z.shape[1] // experts - 1
    _maximum(z, r, 0, experts, at, top)
    for k in range(experts):
        joint[k] = z[r, k, at]
        _subtract(joint[k], top)
    _softmax(z, r, 0, experts, at, top, totals[0])
    for k in range(experts):
        low = experts + k * classes
        _maximum(z, r, low, low + classes, at, top)
        for i in range(size):
            joint[k, i] += z[r, low + target[i], at.start + i] - top[i]
        _softmax(z, r, low, low + classes, at, top, totals[1 + k])
        _subtract_log(joint[k], totals[0])
        _subtract_log(joint[k], totals[1 + k])


@plain
def _mix(joint, responsibilities, top, total):
    """Set the responsibilities; return the sum of -log P(y | x)."""
    top[:] = joint[0]
    for k in range(1, len(joint)):
        _raise(top, joint[k])
    total[:] = 0
    for k in range(len(joint)):
        responsibilities[k] = joint[k]
        _exponentiate(responsibilities[k], top, total)
    loss = 0.0
    for i in range(len(top)):
        loss -= top[i] + np.log(total[i])
    for k in range(len(joint)):
        for i in range(len(top)):
            responsibilities[k, i] /= total[i]
    return loss


@summed
def _expected(joint, responsibilities):
    """Return the sum of -responsibility log P(z, y | x)."""
    loss = 0.0
    for k in range(len(joint)):
        for i in range(joint.shape[1]):
            loss -= responsibilities[k, i] * joint[k, i]
    return loss


@plain
def _differentiate(z, r, at, target, responsibilities, totals):
    """Turn exp(logit - top) into the derivatives of the loss by the logits."""
    experts, size = responsibilities.shape
    classes = z.shape[1] // experts - 1
    for k in range(experts):
        _gate_derivative(z[r, k, at], totals[0], responsibilities[k])
        low = experts + k * classes
        for j in range(low, low + classes):
            _scale(z[r, j, at], responsibilities[k], totals[1 + k])
        for i in range(size):
            z[r, low + target[i], at.start + i] -= responsibilities[k, i]


@plain
def _evaluate(z, shift, signs, y, first, posterior, known, loss, offset):
    """The compiled part of `evaluate`: LANES observations of one replicate at a time."""
    replicates, rows, m = z.shape
    experts = posterior.shape[1]
    for start in range(0, m, LANES):
        at = slice(start, min(start + LANES, m))
        own = slice(first + at.start, first + at.stop)
        size = at.stop - at.start
        top, total = np.empty(size, z.dtype), np.empty(size, z.dtype)
        sign, half = np.empty(size, z.dtype), np.empty(size, z.dtype)
        joint, responsibilities = (
            np.empty((experts, size), z.dtype),
            np.empty((experts, size), z.dtype),
        )
        totals = np.empty((1 + experts, size), z.dtype)
        for r in range(replicates):
            if len(signs):
                _signs(signs[r, own], sign, half)
                for j in range(rows):
                    _invert(z[r, j, at], sign, half, shift[r, j])
            _log_joint(z, r, at, y[own], joint, totals, top)
            if known:
                responsibilities[:] = posterior[r, :, own]
                loss[r] += _expected(joint, responsibilities)
            else:
                loss[r] += _mix(joint, responsibilities, top, total)
                posterior[r, :, own] = responsibilities
            _differentiate(z, r, at, y[own], responsibilities, totals)
            if len(signs):
                for j in range(rows):
                    offset[r, j] += _restore(z[r, j, at], sign, half)
