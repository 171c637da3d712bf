"""The chunked kernel of logistic experts under a soft-max gate, for R stacked replicates.

Weights (R, K + K C, d) hold the gate's K rows of logits, then the experts' K C. Samples lie along
the last axis, so that sums over experts and classes run over contiguous memory. Replicate r's
inverted image is s x + (1 - s)/2 with s in {-1, +1}, so its logits are s (W x) + (1 - s)/2 W 1 and
no replicate's images are ever copied: all share one wide product. Chunks are fixed, so the order
of sums, and with it every bit of the result, does not depend on the number of cores.
"""

from collections.abc import Iterator

import numpy as np

from emmoe.models.base import Array, Sample

CHUNK = 1024


def chunks(n: int) -> Iterator[slice]:
    """Yield the row slices of the fixed chunks."""
    return (slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK))


def logits(weights: Array, sample: Sample, rows: slice) -> Array:
    """Return the logits of a chunk of m rows, shape (R, K + K C, m)."""
    x = sample.x[rows]
    z = (weights.reshape(-1, x.shape[1]) @ x.T).reshape(*weights.shape[:2], len(x))
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
    z: Array, y: np.ndarray, experts: int, fixed: Array | None, with_gradient: bool
) -> tuple[Array, Array]:
    """Return a chunk's summed loss (R,) and responsibilities (R, K, m) from its logits.

    The loss is the negative log-likelihood, or with `fixed` responsibilities the part of -Q that
    varies. With a gradient, z is overwritten by the loss's derivative by each logit."""
    gate, of_experts = z[:, :experts], z[:, experts:].reshape(len(z), experts, -1, z.shape[2])
    _log_softmax(gate, 1)
    of_experts -= of_experts.max(axis=2, keepdims=True)
    columns = np.arange(len(y))
    of_target = of_experts[:, :, y, columns]
    np.exp(of_experts, out=of_experts)
    total = of_experts.sum(axis=2)
    joint = gate + of_target - np.log(total)
    if fixed is None:
        marginal = logsumexp(joint, 1)
        loss, responsibilities = -marginal.sum(axis=(1, 2), dtype=float), np.exp(joint - marginal)
    else:
        loss, responsibilities = -(fixed * joint).sum(axis=(1, 2), dtype=float), fixed
    if with_gradient:
        np.exp(gate, out=gate)
        gate -= responsibilities
        of_experts *= (responsibilities / total)[:, :, None]
        of_experts[:, :, y, columns] -= responsibilities
    return loss, responsibilities


def backward(derivative: Array, sample: Sample, rows: slice) -> Array:
    """Return a chunk's sum of derivative times (inverted) features, shape (R, K + K C, d)."""
    x, offset = sample.x[rows], 0.0
    if sample.signs is not None:
        s = sample.signs[:, None, rows].astype(derivative.dtype)
        offset = ((1 - s) / 2 * derivative).sum(axis=2)[:, :, None]
        derivative *= s
    return (derivative.reshape(-1, len(x)) @ x).reshape(*derivative.shape[:2], -1) + offset
