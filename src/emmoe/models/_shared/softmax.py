"""The chunks of logistic experts under a soft-max gate, for R stacked replicates.

Weights (R, J, d) hold J = K + K C rows of logits: the gate's K, then the experts' C each. Samples
lie along the last axis, so that sums over experts and classes run over contiguous memory. Replicate
r's inverted image is s x + (1 - s)/2 with s in {-1, +1}, so its logits are s (W x) + (1 - s)/2 W 1
and no replicate's images are ever copied: all share one wide product. Chunks are fixed, so the
order of sums, and with it every bit of the result, does not depend on the number of cores.
"""

from collections.abc import Iterator
from functools import cache
from types import ModuleType

import numpy as np

from emmoe.models.objective import Array
from emmoe.models.regression import Sample

CHUNK = 2048


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


@cache
def _compiled() -> ModuleType:
    """Return the compiled loops, loaded when they are first used: planning needs no numba."""
    from emmoe.models._compiled import softmax

    return softmax


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
    _compiled().evaluate_lanes(z, *arguments, loss, offset)
    return loss, offset


def backward(derivative: Array, sample: Sample, rows: slice) -> Array:
    """Return a chunk's sum of derivative times images as they are, shape (R, J, d)."""
    x = sample.x[rows]
    return (derivative.reshape(-1, len(x)) @ x).reshape(*derivative.shape[:2], -1)
