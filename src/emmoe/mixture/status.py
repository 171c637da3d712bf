"""What kind of point a run ended at: statuses and the tests behind them.

maximum: the decrement is small, 1 - rho > 1e-6, and no doubling leaves the likelihood as it was.
separable: it does, of a block or a part of it: the likelihood rises to a supremum at infinity.
degenerate: some s touched its floor (the likelihood is unbounded). flat: rho is 1. not_converged:
none of it is known.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from emmoe.mixture.families.base import Array
from emmoe.mixture.maximise import Point
from emmoe.mixture.model import Mixture

STATUSES = ("maximum", "separable", "degenerate", "flat", "not_converged")
SUSPECT = 12.0  # a logit from which a block may be on its way to infinity
FALL = 1e-7  # nats that a doubling may cost by round-off
FLAT = 1e-6  # of 1 - rho
BIPARTITIONS = 6  # experts up to which all parts of the gate are tried, else one against the rest


def status_of(model: Mixture, point: Point) -> tuple[str, tuple[str, ...]]:
    """Return the status without the test of flatness, and the blocks that are separable."""
    if point.floored:
        return "degenerate", ()
    blocks = separable_blocks(model, point.theta) or partly_separable_blocks(model, point)
    if blocks:
        return "separable", blocks
    return ("maximum" if point.converged else "not_converged"), ()


def separable_blocks(model: Mixture, theta: Array) -> tuple[str, ...]:
    """Return the blocks, "gate" or "expert k" (from 0), that can be doubled without a fall of L."""
    if model.longest_row(theta) * model.sample.reach < SUSPECT:
        return ()
    loss, found = model.loss(theta), []
    for block, change in doublings(model, theta):
        if block not in found:
            fall = (model.loss(theta + change) - loss) * model.sample.total
            if fall <= FALL:
                found.append(block)
    return tuple(found)


def partly_separable_blocks(model: Mixture, point: Point) -> tuple[str, ...]:
    """Return the blocks of which a part is separable, as where a dummy's rows are all of one class:
    what of a block lies in the null space of Hess L can be doubled, but not left out, without a
    fall of L. (Both can be of a part that no row tells: that is flat.)"""
    if model.longest_row(point.theta) * model.sample.reach < SUSPECT:
        return ()
    loss, found = model.loss(point.theta), []
    for block, change in _vanishing_parts(model, point):
        there, back = (model.loss(point.theta + sign * change) - loss for sign in (1, -1))
        if there * model.sample.total <= FALL < back * model.sample.total:
            found.append(block)
    return tuple(found)


def _vanishing_parts(model: Mixture, point: Point) -> Iterator[tuple[str, Array]]:
    """Return each block with what of it lies in the null space of Hess L, where that is long."""
    layout = model.layout
    gate, experts, log_scale = layout.split(point.factor.vanishing(point.theta))
    still = 0 * experts, 0 * log_scale
    parts = [("gate", gate, layout.join(gate, *still))]
    if not layout.scale:
        for k, rows in enumerate(experts):
            alone = np.where(np.arange(layout.experts)[:, None, None] == k, rows, 0.0)
            parts.append((f"expert {k}", rows, layout.join(0 * gate, alone, still[1])))
    for block, rows, change in parts:
        if np.sqrt((rows**2).sum(axis=-1).max(initial=0)) * model.sample.reach >= SUSPECT / 2:
            yield block, change


def doublings(model: Mixture, theta: Array) -> Iterator[tuple[str, Array]]:
    """Return each suspect block with the change that doubles it."""
    layout, reach = model.layout, model.sample.reach
    gate, experts, log_scale = layout.split(theta)
    still = np.zeros_like(gate), np.zeros_like(experts), np.zeros_like(log_scale)
    for rows in _gate_changes(np.vstack([gate, np.zeros((1, layout.gate_width))])):
        if np.abs(rows).max(initial=0) * reach >= SUSPECT / 2:
            yield "gate", layout.join((rows - rows[-1])[:-1], still[1], still[2])
    if layout.scale:
        return
    for k, expert in enumerate(experts):
        for rows in _expert_changes(expert):
            if np.abs(rows).max(initial=0) * reach >= SUSPECT / 2:
                change = np.zeros_like(experts)
                change[k] = rows
                yield f"expert {k}", layout.join(still[0], change, still[2])


def _gate_changes(rows: Array) -> Iterator[Array]:
    """Return all differences, and those between two parts of the experts."""
    count = len(rows)
    yield rows
    if count <= BIPARTITIONS:
        parts = np.array(list(product([True, False], repeat=count - 1)))
        parts = np.column_stack([np.ones(len(parts), bool), parts])[1:]
    else:
        parts = np.eye(count, dtype=bool)
    for part in parts:
        gap = rows[part].mean(axis=0) - rows[~part].mean(axis=0)
        yield np.where(part[:, None], gap, 0.0)


def _expert_changes(rows: Array) -> Iterator[Array]:
    """Return all of an expert's logits, and each class's difference from the others."""
    yield rows
    if len(rows) > 1:
        full = np.vstack([rows, np.zeros((1, rows.shape[1]))])
        for change in _gate_changes(full):
            yield (change - change[-1])[:-1]
