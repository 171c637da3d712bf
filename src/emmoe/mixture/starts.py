"""Where runs of EM begin: near the one-expert fit, wide of it, or at a random gate (`gatefit`).

near and wide depend on weighted moments of the data alone, not on the order or number of rows.
Each start has a child of its own of the seed, so that more starts repeat the first ones.
"""

from dataclasses import replace

import numpy as np

from emmoe.mixture import blocks, em, penalty
from emmoe.mixture.families.base import Array
from emmoe.mixture.layout import Layout
from emmoe.mixture.model import Mixture, soft_max

TURN = ("near", "wide", "near", "gatefit")  # laws, one after the other
SCALES = {"near": 0.05, "wide": 1.0}
RIDGE = 1e-3  # nats, of the one-expert fit from which discrete families start
LEAST_VARIANCE = 1e-4  # of s_0^2, relative to y's
SOLVED = 1e-10  # the decrement of a fit that is a start only


def law(index: int) -> str:
    """Return the law of a start: of twenty, ten are near, five wide and five gatefit."""
    return TURN[index % len(TURN)]


def pooled(model: Mixture) -> tuple[Array, float]:
    """Return the one-expert fit's rows (m, p) and log s."""
    layout = replace(model.layout, experts=1)
    alpha = 0.0 if layout.scale else RIDGE
    one = Mixture(model.sample, layout, penalty.make(layout, model.sample, alpha, 0.0, 1.0))
    nothing = np.zeros(layout.size)
    theta = em.m_step(one, nothing, np.ones((1, len(model.sample))), SOLVED).theta
    _, experts, log_scale = layout.split(theta)
    least = np.log(LEAST_VARIANCE) / 2
    return experts[0], float(max(log_scale[0], least))


def start(model: Mixture, index: int, seed: int, one: tuple[Array, float]) -> Array:
    """Return theta of a start; `one` is the one-expert fit."""
    layout: Layout = model.layout
    child = np.random.SeedSequence(seed, spawn_key=(index,))
    rng, (rows, log_scale) = np.random.default_rng(child), one
    k, q, p = layout.experts, layout.gate_width, layout.expert_width
    gate = rng.standard_normal((k, q)) * 2 / np.sqrt(q)
    shifts = rng.standard_normal((k, *rows.shape)) / np.sqrt(p)
    scales = np.full(k, log_scale)
    same = np.broadcast_to(rows, shifts.shape)
    if law(index) == "gatefit":
        gate = (gate - gate[-1])[:-1]
        return _fitted_within(model, layout.join(gate, same, scales))
    size = SCALES[law(index)]
    return layout.join(size * (gate - gate[-1])[:-1], same + size * shifts, scales)


def _fitted_within(model: Mixture, theta: Array) -> Array:
    """Return theta with each expert fitted to its part of a soft split of the rows by the gate."""
    gate, experts, log_scale = (part.copy() for part in model.layout.split(theta))
    prior = np.empty((len(experts), len(model.sample)))
    for rows, data in model.sample.chunks():
        prior[:, rows] = soft_max(gate @ data.gate.T)[1]
    for k, weights in enumerate(prior):
        block = em.expert_block(model, weights, np.exp(2 * log_scale[k]))
        experts[k], _ = blocks.solve(block, experts[k], SOLVED)
        if model.layout.scale:
            log_scale[k] = em.fitted_log_scale(model, block, experts[k])
    return model.layout.join(gate, experts, log_scale)
