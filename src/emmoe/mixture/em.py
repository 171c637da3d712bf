"""EM steps: with M-steps solved to round-off, or with one Newton step in each block.

The blocks are the gate and each expert. A gaussian expert's M-step is weighted least squares, one
Newton step, and then s^2 = E r e^2 / E r (the maximum likelihood divisor).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emmoe.mixture import blocks
from emmoe.mixture.families import Multinomial
from emmoe.mixture.families.base import Array
from emmoe.mixture.model import Mixture, Parts

LIGHT = 1e-3  # a share of the rows below which a Hessian that others leave loses digits
VANISHED = 1e-200  # a variance that no longer matters: its square root's inverse can be squared


@dataclass(eq=False)
class Moments:
    """Sums over a pass at theta: the loss; of the gate (Q,) and of each expert (K, P), P = m p, the
    gradient and Hessian of -Q (without s); squares E r e^2 (K,), mass E r (K,)."""

    loss: float
    gate: Array
    gate_hessian: Array
    experts: Array
    hessians: Array
    squares: Array
    mass: Array


class MStep(NamedTuple):
    """A solved M-step: theta, and what it took: products of all rows of x with rows of parameters,
    each there and back, and weighted Grams."""

    theta: Array
    products: int
    grams: int


def moments(model: Mixture, theta: Array, gram: Array | None = None) -> Moments:
    """Return what a step with one Newton step in each block needs.

    Gaussian experts' Hessians sum to E[zz'], since responsibilities sum to 1: where that `gram` is
    known, the Hessian of the heaviest expert (of the first rows) is what the others leave."""
    layout, sample = model.layout, model.sample
    k, q, p = layout.experts, layout.gate_size, layout.rows * layout.expert_width
    shapes = (q, (q, q), (k, p), (k, p, p), k, k)
    found = Moments(model.penalty.value(theta), *(np.zeros(shape) for shape in shapes))
    rest: int | None = None
    for part in model.parts(theta):
        found.loss -= float(part.data.weight @ part.log_likelihood)
        weights = part.posterior * part.data.weight
        found.mass += weights.sum(axis=1)
        if gram is not None and rest is None:
            rest = int(found.mass.argmax())
        _add_gradients(found, part, weights)
        _add_hessians(found, part, weights, sample.family.variance(part.mean), rest)
        if layout.scale:
            found.squares += (weights * part.residual[:, 0] ** 2).sum(axis=1)
    if rest is None:
        return found
    if found.mass[rest] < LIGHT:
        return moments(model, theta)
    found.hessians[rest] = gram - found.hessians.sum(axis=0)
    return found


def _add_gradients(found: Moments, part: Parts, weights: Array) -> None:
    """Add some rows' part of the gradients."""
    slopes = weights[:, None] * part.residual
    missed = (weights - part.gate * part.data.weight)[:-1]
    gate, experts = part.data.sums(missed, slopes.reshape(-1, slopes.shape[-1]))
    found.gate -= gate.ravel()
    found.experts -= experts.reshape(found.experts.shape)


def _add_hessians(
    found: Moments, part: Parts, weights: Array, variance: Array, rest: int | None
) -> None:
    """Add some rows' part of the Hessians, but for that of the expert `rest`."""
    data, pi = part.data, part.gate[:-1]
    if len(pi):
        gate = Multinomial(len(part.gate)).variance(pi)
        found.gate_hessian += blocks.curvature(data.gate, data.weight, gate)
    for k, hessian in enumerate(found.hessians):
        if k != rest:
            hessian += blocks.curvature(data.experts, weights[k], variance[k])


def newton_em_step(model: Mixture, theta: Array) -> tuple[float, Array]:
    """Return L(theta), and theta after one capped Newton step in each block (Lange, 1995)."""
    found = moments(model, theta, None if model.sample.family.discrete else model.sample.gram)
    gate, experts, log_scale = (part.copy() for part in model.layout.split(theta))
    if gate.size:
        gradient = found.gate + model.penalty.gate @ gate.ravel()
        step = blocks.newton_step(gradient, found.gate_hessian + model.penalty.gate)
        gate += blocks.capped(step, gate, model.sample.reach).reshape(gate.shape)
    variances = np.exp(2 * log_scale)
    for k, (gradient, hessian) in enumerate(zip(found.experts, found.hessians, strict=True)):
        step = _expert_step(model, experts[k], gradient, hessian, variances[k])
        experts[k] += step
        if model.layout.scale:
            change = step.ravel()
            found.squares[k] += change @ hessian @ change + 2 * gradient @ change
    if model.layout.scale:
        log_scale = _log_scale(model, found.squares, found.mass)
    return found.loss, model.layout.join(gate, experts, log_scale)


def _expert_step(model: Mixture, b: Array, gradient: Array, hessian: Array, square: float) -> Array:
    """Return one expert's Newton step, (m, p); `square` is s^2, with which the ridge is weighed."""
    ridge = model.penalty.expert * square
    step = blocks.newton_step(gradient + ridge @ b.ravel(), hessian + ridge)
    if not model.layout.scale:
        step = blocks.capped(step, b, model.sample.reach)
    return step.reshape(b.shape)


def _log_scale(model: Mixture, squares: Array, mass: Array) -> Array:
    """Return log s (K,); a variance that vanished is tiny, and so below any floor."""
    squares = model.penalty.scales(squares, mass)
    return np.log(np.maximum(squares, VANISHED)) / 2


def solved_em_step(model: Mixture, theta: Array, tolerance: float = 0.0) -> tuple[float, Array]:
    """Return L(theta), and theta after an M-step whose blocks are solved to `tolerance`."""
    if model.layout.scale and model.layout.experts == 1:
        return newton_em_step(model, theta)
    loss, _, posterior = e_step(model, theta)
    return loss, m_step(model, theta, posterior, tolerance).theta


def e_step(model: Mixture, theta: Array) -> tuple[float, Array, Array]:
    """Return L(theta), its gradient (D,) and the responsibilities (K, n), from one pass."""
    loss, gradient = model.penalty.value(theta), model.penalty.gradient(theta)
    posterior = np.empty((model.layout.experts, len(model.sample)))
    for part in model.parts(theta):
        loss -= float(part.data.weight @ part.log_likelihood)
        gradient -= model.weighted_scores(part)
        posterior[:, part.rows] = part.posterior
    return loss, gradient, posterior


def m_step(model: Mixture, theta: Array, posterior: Array, tolerance: float = 0.0) -> MStep:
    """Return argmin -Q for given responsibilities (K, n), from a warm start."""
    gate, experts, log_scale = (part.copy() for part in model.layout.split(theta))
    m, evaluations = model.layout.rows, np.zeros(1 + model.layout.experts, int)
    if gate.size:
        gate, evaluations[0] = blocks.solve(gate_block(model, posterior), gate, tolerance)
    for k in range(model.layout.experts):
        block = expert_block(model, posterior[k], np.exp(2 * log_scale[k]))
        experts[k], evaluations[1 + k] = blocks.solve(block, experts[k], tolerance)
        if model.layout.scale:
            log_scale[k] = fitted_log_scale(model, block, experts[k])
    rows = np.array([len(gate), *[m] * model.layout.experts])
    return MStep(
        model.layout.join(gate, experts, log_scale), int(evaluations @ rows),
        int(evaluations @ (rows * (rows + 1) // 2)),
    )  # fmt: skip


def gate_block(model: Mixture, posterior: Array) -> blocks.Block:
    """Return the gate's part of the M-step."""
    sample = model.sample
    return blocks.Block(
        sample.gate, Multinomial(model.layout.experts), sample.weight, posterior[:-1],
        np.zeros(len(sample)), model.penalty.gate, sample.reach,
    )  # fmt: skip


def expert_block(model: Mixture, posterior: Array, square: float) -> blocks.Block:
    """Return one expert's part of the M-step, for its responsibilities (n,)."""
    sample = model.sample
    reach = 0.0 if model.layout.scale else sample.reach
    return blocks.Block(
        sample.experts, sample.family, sample.weight * posterior, sample.statistic, sample.offset,
        model.penalty.expert * square, reach,
    )  # fmt: skip


def fitted_log_scale(model: Mixture, block: blocks.Block, b: Array) -> float:
    """Return log s of a gaussian expert with rows b, for the weights of its block."""
    total = 0.0
    for rows in blocks.chunks(len(block.omega)):
        e = block.targets[:, rows] - b @ block.columns.rows(rows).T
        total += float(block.omega[rows] @ (e[0] ** 2))
    return float(_log_scale(model, np.asarray(total), block.omega.sum()))
