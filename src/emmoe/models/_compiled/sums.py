"""What the passes over a sample share: sums and products along a chunk, in a fixed order.

Legend: xt is x transposed, (d, n), so that each feature lies contiguous. Observations go through in
chunks that stay in the cache, and a chunk's sums are added in fixed order.
"""

from emmoe.models._compiled.exponential import elementwise, plain, summed

CHUNK = 256  # products of as many factors in [1/4, 4] stay in the range of float64


@elementwise
def half_tanh_difference(u, decay_u, v, decay_v, scale):
    """Return [tanh(u/2) - tanh(v/2)] / 2, with scale = 1 / ((1 + decay_u)(1 + decay_v)): without
    cancellation where both have saturated."""
    sign = 1.0 if u >= 0 else -1.0
    same = (u >= 0) == (v >= 0)
    return sign * scale * ((decay_v - decay_u) if same else (1 - decay_u * decay_v))


@summed
def inner(u, v):
    """Return u'v."""
    total = 0.0
    for i in range(len(u)):
        total += u[i] * v[i]
    return total


@summed
def sum_of(values):
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    return total


@summed
def product_of(values):
    product = 1.0
    for i in range(len(values)):
        product *= values[i]
    return product


@elementwise
def multiply(u, v, out):
    for i in range(len(u)):
        out[i] = u[i] * v[i]


@elementwise
def add_two(out, factor, row, other_factor, other):
    """out[:] += factor * row + other_factor * other."""
    for i in range(len(out)):
        out[i] += factor * row[i] + other_factor * other[i]


@plain
def combine(xt, start, stop, v, out):
    """out[:] = x'v of a chunk, two features at a time."""
    out[:] = 0.0
    last = len(v) - 1
    for j in range(0, last, 2):
        add_two(out, v[j], xt[j, start:stop], v[j + 1], xt[j + 1, start:stop])
    if last % 2 == 0:
        row = xt[last, start:stop]
        add_two(out, v[last], row, 0.0, row)
