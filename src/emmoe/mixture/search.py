"""From starts to candidates: a race of short runs, the best ones to their ends, basins.

Every start runs at most twenty iterations of EM with one Newton step in each block. The best go on
until EM gains less than a nat an iteration, and then by Newton's method, which ends where EM would
have: where a Hessian is cheap all of them, since slow EM makes a race unfair, else the best five.
The starts that an interruption leaves are those that are finished, or of the race so far.
"""

from dataclasses import dataclass, replace

import numpy as np

from emmoe.mixture import em, starts
from emmoe.mixture.blocks import ROUND_OFF
from emmoe.mixture.families.base import Array
from emmoe.mixture.maximise import Factor, Point, maximise
from emmoe.mixture.model import Mixture
from emmoe.mixture.status import status_of
from emmoe.mixture.watch import Watch

SHORT = 20  # iterations of the race
FINALISTS = 5
FEW = 100  # parameters up to which every start is finished
GAIN = 1.0  # nats an iteration, below which Newton's method takes over
STILL = 1e-6  # nats an iteration, below which a run of the race has converged
HALVINGS = 30
SAME = 1e-3  # nats between two runs that ended in one basin


@dataclass(frozen=True, eq=False)
class Rules:
    """What a run obeys: iterations of EM at most, the decrement in nats, the floor of log s."""

    max_iter: int
    tol: float
    floor: float


@dataclass(frozen=True, eq=False)
class Run:
    """A start's run: log-likelihood in nats, with the penalty where there is one; iterations of EM;
    `em_end` is where EM ended, on the rows of `model`; path holds EM's log-likelihoods."""

    start: int
    law: str
    theta: Array
    log_likelihood: float
    iterations: int
    status: str
    model: Mixture  # on whose rows the EM ran
    em_end: Array
    path: tuple[float, ...]
    separable: tuple[str, ...] = ()
    point: Point | None = None
    basin: int = -1

    @property
    def interior(self) -> bool:
        """Whether it may be ranked with others."""
        return self.status not in ("degenerate", "raced")


def monotone_em(
    model: Mixture, theta: Array, iterations: int, gain: float, floor: float
) -> tuple[Array, list[float], bool]:
    """Return theta, the losses of its path, and whether log s touched the floor.

    A step that raises the loss, since the blocks take one Newton step only, is halved. It ends
    where an iteration gains less than `gain`, per unit of weight."""
    loss, target = em.newton_em_step(model, theta)
    losses = [loss]
    for _ in range(iterations):
        new, following = em.newton_em_step(model, target)
        for _ in range(HALVINGS):
            if new <= loss + ROUND_OFF * (1 + abs(loss)):
                break
            target = (theta + target) / 2
            new, following = em.newton_em_step(model, target)
        theta, target = target, following
        if not np.isfinite(new) or _floored(model, theta, floor):
            return theta, losses, True
        losses.append(new)
        if loss - new < gain:
            break
        loss = new
    return theta, losses, False


def _floored(model: Mixture, theta: Array, floor: float) -> bool:
    return bool(model.layout.scale and model.layout.split(theta)[2].min() <= floor)


def race(
    model: Mixture, n_init: int, seed: int, rules: Rules, watch: Watch | None = None
) -> list[Run]:
    """Return short runs from all starts, or from those before an interruption."""
    watch, one = watch or Watch(), starts.pooled(model)
    runs: list[Run] = []
    with watch.keeping(runs, n_init):
        for index in range(n_init):
            runs.append(_short(model, starts.start(model, index, seed, one), index, rules))
            watch.done(len(runs) / (n_init + FINALISTS))
    return runs


def _short(model: Mixture, theta: Array, index: int, rules: Rules) -> Run:
    """Return a start's run of the race, which ends sooner where it has converged."""
    still = STILL / max(model.sample.total, len(model.sample))
    theta, losses, floored = monotone_em(
        model, theta, min(SHORT, rules.max_iter), still, rules.floor
    )
    return _run(model, index, theta, losses, "degenerate" if floored else "raced")


def _rank(run: Run) -> tuple[bool, float]:
    """Return what sorts runs of the race, the best ones first."""
    return run.status == "degenerate", -run.log_likelihood


def _run(model: Mixture, index: int, theta: Array, losses: list[float], status: str) -> Run:
    path = tuple(-model.sample.total * loss for loss in losses)
    return Run(
        index, starts.law(index), theta, path[-1], len(losses) - 1, status, model, theta, path
    )  # fmt: skip


def finish(model: Mixture, run: Run, rules: Rules) -> Run:
    """Return the run taken on by EM and by Newton's method to its end."""
    if run.status == "degenerate":
        return run
    theta, losses, floored = monotone_em(
        model, run.theta, rules.max_iter - run.iterations, GAIN / model.sample.total, rules.floor
    )  # fmt: skip
    path = run.path + tuple(-model.sample.total * loss for loss in losses[1:])
    run = replace(
        run, theta=theta, em_end=theta, path=path, iterations=len(path) - 1,
        log_likelihood=path[-1],
    )  # fmt: skip
    return replace(run, status="degenerate") if floored else polish(model, run, rules)


def polish(model: Mixture, run: Run, rules: Rules, known: Factor | None = None) -> Run:
    """Return the run ended by Newton's method, with its status; a factor that is `known` serves
    for the first steps."""
    point = maximise(model, run.theta, rules.floor, rules.tol, known)
    status, blocks = status_of(model, point)
    return replace(
        run, theta=point.theta, log_likelihood=-model.sample.total * point.loss, status=status,
        separable=blocks, point=point,
    )  # fmt: skip


def search(
    model: Mixture, n_init: int, seed: int, rules: Rules, watch: Watch | None = None
) -> list[Run]:
    """Return all runs, the best of the race finished, and more of them while none is interior; of a
    small model all of them, one by one.

    An interruption leaves the starts that are done, all those of the race with the best of them
    finished, or none."""
    watch = watch or Watch()
    if model.layout.size <= FEW:
        return with_basins(_one_by_one(model, n_init, seed, rules, watch))
    order = sorted(race(model, n_init, seed, rules, watch), key=_rank)
    done: list[Run] = []
    raced = not watch.interrupted
    count = min(FINALISTS, len(order)) if raced else 1
    with watch.keeping(done, count):
        _finish(model, order, done, count, rules, watch)
    if watch.interrupted:
        _finish(model, order, done, 1, rules, watch)
        if raced:
            watch.left = max(count - len(done), 0)
    return with_basins(done + order[len(done) :])


def _one_by_one(model: Mixture, n_init: int, seed: int, rules: Rules, watch: Watch) -> list[Run]:
    """Return the finished runs of all starts, or of those before an interruption, in the order of
    their race."""
    one = starts.pooled(model)
    done: list[tuple[Run, Run]] = []
    with watch.keeping(done, n_init):
        for index in range(n_init):
            short = _short(model, starts.start(model, index, seed, one), index, rules)
            done.append((short, finish(model, short, rules)))
            watch.done(len(done) / n_init)
    return [run for _, run in sorted(done, key=lambda pair: _rank(pair[0]))]


def _finish(
    model: Mixture, order: list[Run], done: list[Run], count: int, rules: Rules, watch: Watch
) -> None:
    """Add finished runs to those that are done, until they are so many and one is interior."""
    for run in order[len(done) :]:
        if len(done) >= count and any(own.interior for own in done):
            break
        done.append(finish(model, run, rules))
        watch.done((len(order) + len(done)) / (len(order) + count))


def with_basins(runs: list[Run]) -> list[Run]:
    """Return the runs, interior ones first and by falling log-likelihood, with their basins."""
    runs = sorted(runs, key=lambda run: (not run.interior, -run.log_likelihood))
    out: list[Run] = []
    for run in runs:
        if run.interior:
            same = out and out[-1].log_likelihood - run.log_likelihood <= SAME
            basin = out[-1].basin + (not same) if out else 0
            run = replace(run, basin=int(basin))
        out.append(run)
    return out
