"""What kind of point a run ended at: statuses and the tests behind them.

maximum: the decrement is small, 1 - rho > 1e-6, and no doubling leaves the likelihood as it was.
separable: it does: the likelihood rises to a supremum at infinity. degenerate: some s touched its
floor (the likelihood is unbounded). flat: rho is 1. not_converged: none of it is known.
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
    blocks = separable_blocks(model, point.theta)
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
