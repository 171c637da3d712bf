"""The element-wise part of logistic experts under a soft-max gate, on a chunk of products.

Legend: z (R, J, m) are R replicates' rows of products with m observations; J = K + K C.
"""

import numpy as np

from emmoe.models._compiled.exponential import decay, elementwise, plain, summed

LANES = 128  # columns at a time in compiled code: their J rows stay in the innermost cache


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
def evaluate_lanes(z, shift, signs, y, first, posterior, known, loss, offset):
    """See `_shared.softmax.evaluate`: LANES observations of one replicate at a time."""
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
