"""One pass over the sample of a symmetric mixture: its loss, gradient and statistic; a Gram.

Legend: xt is x transposed, (d, n); a = x'w, b = x'beta, c the weight of the natural statistic,
phi = a + 2 c y b the posterior logit.
"""

import numpy as np

from emmoe.models._compiled.exponential import decay, elementwise, plain, summed
from emmoe.models._compiled.sums import (
    CHUNK,
    combine,
    half_tanh_difference,
    inner,
    multiply,
    product_of,
    sum_of,
)


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
        combine(xt, start, stop, theta[:d], b[:size])
        combine(xt, start, stop, theta[d:], a[:size])
        if linear:
            _linear_chunk(target, c, b, a, columns, loss, factor)
        else:
            _logistic_chunk(target, b, a, columns, loss, factor)
        for j in range(d):
            _inner_four(xt[j, start:stop], columns, sums[j])
        total += sum_of(loss[:size]) + np.log(product_of(factor[:size]))
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
            multiply(xt[j, start:stop], weights[start:stop], part)
            for k in range(0, j, 2):
                first, second = _inner_two(part, xt[k, start:stop], xt[k + 1, start:stop])
                sums[j, k] += first
                sums[j, k + 1] += second
            if j % 2 == 0:
                sums[j, j] += inner(part, xt[j, start:stop])
    for j in range(d):
        sums[:j, j] = sums[j, :j]
    return sums / n
