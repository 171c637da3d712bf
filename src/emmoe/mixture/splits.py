"""Cuts of a separable gate: rows beside a cut are moved across it while that raises the supremum.

Where the gate cuts the rows, L has a supremum for each way to cut them, and a run ends at the one
that it drifted to: no path within finite parameters leads to the next one.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emmoe.mixture import em
from emmoe.mixture.families.base import Array
from emmoe.mixture.model import Mixture
from emmoe.mixture.search import SAME, Rules, Run, polish, with_basins

CUT = 10.0  # a difference of logits beyond which a row is on one side
MOVES = 20  # at most
FOLLOWED = 4  # moves followed to their ends, those that cost least before
WARM = 1e-3  # the decrement of the M-step after a move, a start only
TIED = 1e-9  # of a margin, within which rows lie at one place
Rows = NDArray[np.integer]  # positions


def raised(model: Mixture, runs: list[Run], rules: Rules) -> list[Run]:
    """Return the runs; where the best one's gate is separable, those of its basin at the highest
    supremum that moves across its cuts lead to."""
    best = runs[0]
    if best.status != "separable" or "gate" not in best.separable:
        return runs
    higher = highest(model, best, rules)
    if higher is best:
        return runs
    end = {name: getattr(higher, name) for name in ("theta", "log_likelihood", "status")}
    end |= {"separable": higher.separable, "point": higher.point}
    return with_basins([replace(r, **end) if r.basin == best.basin else r for r in runs])


def reached(model: Mixture, runs: list[Run], penalised: Run, rules: Rules) -> list[Run]:
    """Return the runs; where a penalised fit leads to a higher supremum than all of them, with that
    for the run of its start."""
    end = highest(model, polish(model, penalised, rules), rules)
    if not end.interior or end.log_likelihood <= runs[0].log_likelihood + SAME:
        return runs
    return with_basins([end, *(run for run in runs if run.start != end.start)])


def highest(model: Mixture, run: Run, rules: Rules) -> Run:
    """Return the run after as many moves as raise it, each the best one there is."""
    for _ in range(MOVES if "gate" in run.separable else 0):
        ends = [end for end in _moved(model, run, rules) if end.interior]
        best = max(ends, key=lambda end: end.log_likelihood, default=run)
        if best.log_likelihood <= run.log_likelihood + SAME:
            break
        run = best
    return run


def _moved(model: Mixture, run: Run, rules: Rules) -> list[Run]:
    """Return where the moves that cost least end."""
    posterior, begun = model.responsibilities(run.theta), []
    for rows, expert in borders(model, run.theta):
        moved = posterior.copy()
        moved[:, rows] = 0.0
        moved[expert, rows] = 1.0
        begun.append(em.m_step(model, run.theta, moved, WARM).theta)
    followed = sorted(begun, key=model.loss)[:FOLLOWED]
    return [polish(model, replace(run, theta=theta), rules) for theta in followed]


def borders(model: Mixture, theta: Array) -> list[tuple[Rows, int]]:
    """Return the rows that lie next to a cut, those at one place together, and the expert on the
    other side: of each expert's rows those nearest to every other one that a cut divides from it.
    """
    gate = model.layout.split(theta)[0]
    logits = np.concatenate([model.log_gate(gate, d.gate) for _, d in model.sample.chunks()], 1)
    first = logits.argmax(axis=0)
    found: list[tuple[Rows, int]] = []
    for own, other in np.ndindex(len(logits), len(logits)):
        margin = logits[own] - logits[other]
        mine, beyond = (first == own) & (margin > CUT), (first == other) & (margin < -CUT)
        if mine.any() and beyond.any():
            nearest = margin[mine].min()
            found.append((np.flatnonzero(mine & (margin <= nearest * (1 + TIED))), other))
    return found
