"""The compiled inner loops of the symmetric mixtures: one pass over the sample each.

Legend: xt is x transposed, (d, n), so that each feature lies contiguous; a = x'w, b = x'beta, c the
weight of the natural statistic, phi = a + 2 c y b the posterior logit. Observations go through in
chunks that stay in the cache, and a chunk's sums are added in fixed order.
"""

import math

import numpy as np

from emmoe.models._compiled.jit import decay, elementwise, plain, summed

CHUNK = 256  # products of as many factors in [1/4, 4] stay in the range of float64
LANES = 64
MAX_NEWTON_STEPS = 200
MAX_HALVINGS = 40
UNSOLVED = 1e-10
FAR = 100.0  # a logit so large that Newton's method may not find back from it
TINY = 1e-300


@elementwise
def half_tanh_difference(u, decay_u, v, decay_v, scale):
    """Return [tanh(u/2) - tanh(v/2)] / 2, with scale = 1 / ((1 + decay_u)(1 + decay_v)): without
    cancellation where both have saturated."""
    sign = 1.0 if u >= 0 else -1.0
    same = (u >= 0) == (v >= 0)
    return sign * scale * ((decay_v - decay_u) if same else (1 - decay_u * decay_v))


@summed
def _inner(u, v):
    """Return u'v."""
    total = 0.0
    for i in range(len(u)):
        total += u[i] * v[i]
    return total


@summed
def _inner_two(u, v, other):
    """Return u'v and u'other."""
    first, second = 0.0, 0.0
    for i in range(len(u)):
        first += u[i] * v[i]
        second += u[i] * other[i]
    return first, second


@summed
def _inner_four(row, columns, sums):
    """sums[k] += row'columns[k] for four columns."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for i in range(len(row)):
        value = row[i]
        first += value * columns[0, i]
        second += value * columns[1, i]
        third += value * columns[2, i]
        fourth += value * columns[3, i]
    sums[0] += first
    sums[1] += second
    sums[2] += third
    sums[3] += fourth


@summed
def _total(values):
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    return total


@summed
def _product(values):
    product = 1.0
    for i in range(len(values)):
        product *= values[i]
    return product


@elementwise
def _raise(lanes, values):
    """lanes = max(lanes, |values|)."""
    for i in range(len(values)):
        size = abs(values[i])
        lanes[i] = size if size > lanes[i] else lanes[i]


@plain
def _largest(values):
    """Return the largest |value|; in lanes, since the compiler takes a maximum one by one."""
    lanes = np.zeros(LANES)
    for start in range(0, len(values), LANES):
        _raise(lanes, values[start : start + LANES])
    largest = 0.0
    for i in range(LANES):
        largest = max(largest, lanes[i])
    return largest


@elementwise
def _multiply(u, v, out):
    for i in range(len(u)):
        out[i] = u[i] * v[i]


@elementwise
def _add_two(out, factor, row, other_factor, other):
    """out[:] += factor * row + other_factor * other."""
    for i in range(len(out)):
        out[i] += factor * row[i] + other_factor * other[i]


@plain
def _combine(xt, start, stop, v, out):
    """out[:] = x'v of a chunk, two features at a time."""
    out[:] = 0.0
    last = len(v) - 1
    for j in range(0, last, 2):
        _add_two(out, v[j], xt[j, start:stop], v[j + 1], xt[j + 1, start:stop])
    if last % 2 == 0:
        row = xt[last, start:stop]
        _add_two(out, v[last], row, 0.0, row)


@elementwise
def _linear_chunk(y, c, b, a, columns, loss, factor):
    """Scores, statistic and loss of a chunk of linear experts; see `symmetric_pass`."""
    for i in range(len(y)):
        phi = a[i] + 2 * c * y[i] * b[i]
        of_gate, of_phi = decay(a[i]), decay(phi)
        gate_scale, phi_scale = 1 / (1 + of_gate), 1 / (1 + of_phi)
        sign = 1.0 if phi >= 0 else -1.0
        latent = sign * (1 - of_phi) * phi_scale
        statistic = c * y[i] * latent
        columns[0, i] = c * b[i] - statistic
        columns[1, i] = half_tanh_difference(a[i], of_gate, phi, of_phi, gate_scale * phi_scale)
        columns[2, i] = statistic
        columns[3, i] = latent / 2
        residual = y[i] - sign * b[i]
        loss[i] = 0.5 * c * residual * residual + max(-sign * a[i], 0.0)
        factor[i] = (1 + of_gate) * phi_scale


@elementwise
def _logistic_chunk(y, b, a, columns, loss, factor):
    """The same for logistic experts, y = -1 or 1 and c = 1/2."""
    for i in range(len(y)):
        phi = a[i] + y[i] * b[i]
        of_gate, of_phi, of_expert = decay(a[i]), decay(phi), decay(b[i])
        gate_scale, phi_scale, expert_scale = (
            1 / (1 + of_gate),
            1 / (1 + of_phi),
            1 / (1 + of_expert),
        )
        sign = 1.0 if phi >= 0 else -1.0
        latent = sign * (1 - of_phi) * phi_scale
        columns[0, i] = half_tanh_difference(
            b[i], of_expert, y[i] * phi, of_phi, expert_scale * phi_scale
        )
        columns[1, i] = half_tanh_difference(a[i], of_gate, phi, of_phi, gate_scale * phi_scale)
        columns[2, i] = y[i] * latent / 2
        columns[3, i] = latent / 2
        loss[i] = max(-y[i] * sign * b[i], 0.0) + max(-sign * a[i], 0.0)
        factor[i] = (1 + of_expert) * (1 + of_gate) * phi_scale


@plain
def symmetric_pass(xt, y, theta, c, linear):
    """Return the mean over the sample of the loss (linear experts: less the normal density's
    constant), and (2, 2 d): the gradient of L and the expected statistic.

    The loss is that of the likelier component, less log(1 + exp(-|phi|)); the logarithms of a chunk
    are taken of their arguments' product."""
    d, n = xt.shape
    b, a, loss, factor = np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK)
    columns, sums, total = np.empty((4, CHUNK)), np.zeros((d, 4)), 0.0
    for start in range(0, n, CHUNK):
        target = y[start : start + CHUNK]
        size = len(target)
        stop = start + size
        _combine(xt, start, stop, theta[:d], b[:size])
        _combine(xt, start, stop, theta[d:], a[:size])
        if linear:
            _linear_chunk(target, c, b, a, columns, loss, factor)
        else:
            _logistic_chunk(target, b, a, columns, loss, factor)
        for j in range(d):
            _inner_four(xt[j, start:stop], columns, sums[j])
        total += _total(loss[:size]) + np.log(_product(factor[:size]))
    return total / n, np.ascontiguousarray(sums.T).reshape(2, 2 * d) / n


@plain
def gram(xt, weights):
    """Return E[weight xx'], (d, d), of weights (n,)."""
    d, n = xt.shape
    sums, column = np.zeros((d, d)), np.empty(CHUNK)
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        part = column[: stop - start]
        for j in range(d):
            _multiply(xt[j, start:stop], weights[start:stop], part)
            for k in range(0, j, 2):
                first, second = _inner_two(part, xt[k, start:stop], xt[k + 1, start:stop])
                sums[j, k] += first
                sums[j, k + 1] += second
            if j % 2 == 0:
                sums[j, j] += _inner(part, xt[j, start:stop])
    for j in range(d):
        sums[:j, j] = sums[j, :j]
    return sums / n


@plain
def _logits(xt, v):
    """Return x'v, (n,)."""
    out = np.empty(xt.shape[1])
    for start in range(0, len(out), CHUNK):
        stop = min(start + CHUNK, len(out))
        _combine(xt, start, stop, v, out[start:stop])
    return out


@elementwise
def _prepare(v, decays, scales, curvature):
    """Set decays = exp(-|v|), scales = 1 / (1 + decays) and curvature = sech2(v/2) / 4."""
    for i in range(len(v)):
        decays[i] = decay(v[i])
        scales[i] = 1 / (1 + decays[i])
        curvature[i] = decays[i] * scales[i] * scales[i]


@elementwise
def _half_log_cosh(v, half, factor):
    """Set half = |v| / 2 and factor = 1 + exp(-|v|), the parts of log(2 cosh(v/2))."""
    for i in range(len(v)):
        half[i] = abs(v[i]) / 2
        factor[i] = 1 + decay(v[i])


@plain
def _value(logits, target, v):
    """Return f(v) - target'v, which the solution minimises, for f(v) = E[log(2 cosh(x'v/2))]."""
    total, half, factor = 0.0, np.empty(CHUNK), np.empty(CHUNK)
    for start in range(0, len(logits), CHUNK):
        part = logits[start : start + CHUNK]
        _half_log_cosh(part, half, factor)
        total += _total(half[: len(part)]) + math.log(_product(factor[: len(part)]))
    return total / len(logits) - _inner(target, v)


@elementwise
def _move_chunk(old, change, step, first, decays, scales, new, curvature, column):
    """Set new = old + step * change, its curvature, and column, [tanh(new/2) - tanh(first/2)]/2."""
    for i in range(len(old)):
        v = old[i] + step * change[i]
        decay_v = decay(v)
        scale = 1 / (1 + decay_v)
        both = scale * scales[i]
        column[i] = half_tanh_difference(v, decay_v, first[i], decays[i], both)
        new[i] = v
        curvature[i] = decay_v * scale * scale


@plain
def _move(xt, old, change, step, origin, new, curvature):
    """Set new, the logits old + step * change, and their curvature; return by how much
    E[x tanh(logit/2)]/2 changed since the origin (3, n): logits, their decays and scales."""
    d, n = xt.shape
    sums, column = np.zeros(d), np.empty(CHUNK)
    for start in range(0, n, CHUNK):
        at = slice(start, min(start + CHUNK, n))
        first, decays, scales = origin[0, at], origin[1, at], origin[2, at]
        part = column[: len(first)]
        _move_chunk(old[at], change[at], step, first, decays, scales, new[at], curvature[at], part)
        for j in range(d):
            sums[j] += _inner(xt[j, at], part)
    return sums / n


@plain
def _norm(vector):
    return math.sqrt(_inner(vector, vector))


@plain
def _floored_inverse(hess):
    """Return H^-1 with H's eigenvalues floored: the floor changes the step, not the target."""
    values, vectors = np.linalg.eigh(hess)
    floor = max(1e-12 * values[-1], TINY)
    return (vectors / np.maximum(values, floor)) @ vectors.T


@plain
def _acceptable(new_norm, norm, step, slope, logits, new, target, v, direction):
    """Whether to take a step: see `solve`."""
    if new_norm <= norm / 2:
        return True, True
    value = _value(logits, target, v)
    if -step * slope < 1e-13 * (1 + abs(value)):
        return new_norm < norm, True
    new_value = _value(new, target, v + step * direction)
    return new_value <= value + 1e-4 * step * slope, False


@plain
def solve(xt, target, v, residual, tolerance):
    """Return v+ with E[x tanh(x'v+/2)]/2 = target, by damped Newton steps from v; the forward,
    backward and Gram products that took; and 1 if it was left unsolved, else 0.

    residual is the left side less the target at v, and is carried along by its changes: summing
    differences of tanh, it keeps digits that a difference of two sums loses. Ends when its largest
    entry is at most `tolerance` or round-off stops its decrease; one left above UNSOLVED counts as
    unsolved. A step may change no logit by more than 2 max|x'v| + 5, because a saturated gate has
    almost no curvature. A step that halves the residual is taken at once; else Armijo's rule on f
    decides, or, where f's decrease would drown in round-off, any decrease of the residual."""
    logits, forward, backward, grams = _logits(xt, v), 1, 0, 0
    if _largest(logits) > FAR and _value(logits, target, v) > math.log(2):  # worse than v = 0
        v, logits, residual = np.zeros_like(v), np.zeros_like(logits), -target
    origin, curvature = np.empty((3, len(logits))), np.empty_like(logits)
    origin[0], first_residual = logits, residual
    _prepare(logits, origin[1], origin[2], curvature)
    new, new_curvature = np.empty_like(logits), np.empty_like(logits)
    inverse, stale = np.eye(1), True
    for _ in range(MAX_NEWTON_STEPS):
        size = _largest(residual)
        if size <= tolerance:
            break
        if stale:
            inverse, grams = _floored_inverse(gram(xt, curvature)), grams + 1
        direction = -(inverse @ residual)
        change, forward = _logits(xt, direction), forward + 1
        step = min(1.0, (2 * _largest(logits) + 5) / max(_largest(change), TINY))
        norm, slope, taken, decided = _norm(residual), _inner(residual, direction), False, False
        new_residual, halvings = residual, 0
        while not (taken or decided or halvings > MAX_HALVINGS):
            step = step / 2 if halvings else step
            moved = _move(xt, logits, change, step, origin, new, new_curvature)
            new_residual, backward, halvings = first_residual + moved, backward + 1, halvings + 1
            taken, decided = _acceptable(
                _norm(new_residual), norm, step, slope, logits, new, target, v, direction
            )
        if not taken:
            break
        v, residual = v + step * direction, new_residual
        logits, new, curvature, new_curvature = new, logits, new_curvature, curvature
        new_size = _largest(residual)
        stale = new_size * (new_size / size) ** 2 > tolerance  # two more steps would not do
    return v, forward, backward, grams, int(_largest(residual) > max(UNSOLVED, tolerance))
