"""Cuts of a separable gate: rows beside a cut are moved across it while that raises the supremum.

Where the gate cuts the rows, L has a supremum for each way to cut them, and a run ends at the one
that it drifted to: no path within finite parameters leads to the next one. What is found is the
best cut nearby, not of all.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture import em
from emmoe.mixture.families.base import Array
from emmoe.mixture.model import Mixture, soft_max
from emmoe.mixture.search import SAME, Rules, Run, polish, with_basins
from emmoe.mixture.watch import Watch

CUT = 10.0  # a difference of logits beyond which a row is on one side
LARGE = 2_000  # rows above which none is moved: a move takes up to a hundred Hessians
MOVES = 20  # at most
FOLLOWED = 4  # moves followed to their ends, those that cost least before
WARM = 1e-3  # the decrement of the M-step after a move, a start only
COARSE = 1e-3  # nats, of the ends between which the best one is chosen
TIED = 1e-9  # of a margin, within which rows lie at one place
EQUAL = 1e-6  # nats between runs at one supremum, which round-off ranks
Rows = NDArray[np.integer]  # positions


def raised(model: Mixture, runs: list[Run], rules: Rules, watch: Watch) -> list[Run]:
    """Return the runs; where the best one's gate is separable, the first start that ended there at
    the highest supremum that moves across its cuts lead to. An interruption leaves them."""
    top = [run for run in runs if run.log_likelihood >= runs[0].log_likelihood - EQUAL]
    run = min(top, key=lambda run: run.start)
    if not _cuts(runs[0]) or not _cuts(run) or len(model.sample) > LARGE:
        return runs
    watch.say("rows are moved across the cuts of the gate")
    with watch.keeping(runs, len(runs)):
        end = _highest(model, run, rules)
        return with_basins([end if own is run else own for own in runs])
    return runs


def _cuts(run: Run) -> bool:
    return run.status == "separable" and "gate" in run.separable


def _highest(model: Mixture, run: Run, rules: Rules) -> Run:
    """Return the run after as many moves as raise it, each the best one there is."""
    for _ in range(MOVES):
        ends = _moved(model, run, replace(rules, tol=COARSE))
        best = max(ends, key=lambda end: end.log_likelihood, default=run)
        if best.log_likelihood <= run.log_likelihood + SAME:
            break
        best = polish(model, best, rules)
        if not _cuts(best) or best.log_likelihood <= run.log_likelihood + SAME:
            break
        run = best
    return run


def _moved(model: Mixture, run: Run, rules: Rules) -> list[Run]:
    """Return where the moves that cost least end, of those that leave every variance."""
    posterior, begun = model.responsibilities(run.theta), []
    for rows, expert in borders(model, run.theta):
        moved = posterior.copy()
        moved[:, rows] = 0.0
        moved[expert, rows] = 1.0
        theta = em.m_step(model, run.theta, moved, WARM).theta
        if not model.layout.scale or model.layout.split(theta)[2].min() > rules.floor:
            begun.append(theta)
    followed = sorted(begun, key=model.loss)[:FOLLOWED]
    ends = [polish(model, replace(run, theta=theta), rules) for theta in followed]
    return [end for end in ends if end.interior]


def borders(model: Mixture, theta: Array) -> list[tuple[Rows, int]]:
    """Return the rows that lie next to a cut, those at one place together, and the expert on the
    other side: of each expert's rows those nearest to every other one that a cut divides from it.
    """
    gate = model.layout.split(theta)[0]
    logits = np.concatenate([soft_max(gate @ d.gate.T)[0] for _, d in model.sample.chunks()], 1)
    first = logits.argmax(axis=0)
    found: list[tuple[Rows, int]] = []
    for own, other in np.ndindex(len(logits), len(logits)):
        margin = logits[own] - logits[other]
        mine, beyond = (first == own) & (margin > CUT), (first == other) & (margin < -CUT)
        if mine.any() and beyond.any():
            nearest = margin[mine].min()
            found.append((np.flatnonzero(mine & (margin <= nearest * (1 + TIED))), other))
    return found
