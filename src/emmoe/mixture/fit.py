"""Fit a mixture of experts to a problem: search, certified maximum, what can be said of it."""

from dataclasses import replace
from numbers import Real

import numpy as np
import scipy
from numpy.typing import NDArray

from emmoe.mixture import layout, penalty, sample, splits, starts
from emmoe.mixture.describe import describe
from emmoe.mixture.families.base import Array
from emmoe.mixture.fitted import Fitted
from emmoe.mixture.maximise import Factor
from emmoe.mixture.model import Mixture
from emmoe.mixture.problem import Problem
from emmoe.mixture.sample import Columns, Sample
from emmoe.mixture.search import Rules, Run, finish, polish, search, with_basins
from emmoe.mixture.watch import NothingDone, Watch
from emmoe.store.errors import DataError

MANY = 20_000  # rows above which a random part of them is searched
PART = 5_000
UNTOLD = 1e-6  # of the variance over all rows: a part's variance that tells nothing
TELLING = 20  # rows for each direction that a part does not tell
ROWS_A_PARAMETER = 20  # at least, in that part
SEPARABLE_ALPHA = 1e-3  # nats, of the fit that is reported where no maximum is finite
DEGENERATE_ROWS = 1.0  # rows, of the variance penalty where all runs are degenerate
HALF = 0.5  # of a fit's time, for each of two stages of which nobody knows what they take
SHRUNK = 5.0  # the logit from which a penalised fit of separable data starts


def fit(
    problem: Problem,
    n_experts: int,
    *,
    n_init: int = 20,
    max_iter: int = 2000,
    tol: float = 1e-10,
    variance_floor: float = 1e-3,
    variance_penalty: float = 0.0,
    alpha: float = 0.0,
    seed: int = 0,
    watch: Watch | None = None,
) -> Fitted:
    """Return the best fit that `n_init` starts lead to.

    max_iter: of EM, a start; tol: Newton decrement in nats; variance_floor: of s over that of one
    expert; variance_penalty in rows and alpha in nats as in `penalty`; watch is told how far it is,
    and says what an interruption leaves. Raises DataError for a problem or a setting that cannot be
    used, KeyboardInterrupt where the watch keeps nothing, NothingDone where nothing is done."""
    _check(n_experts, n_init, max_iter, tol, variance_floor, variance_penalty, alpha)
    checked = problem.checked()
    data = sample.make(checked)
    if n_experts > len(data):
        raise DataError(f"{n_experts} experts for {len(data)} rows: ask for fewer")
    shape = layout.Layout(
        n_experts, data.family.rows, data.gate.design.width, data.experts.design.width,
        data.family.has_scale,
    )  # fmt: skip
    asked = n_init if n_experts > 1 else 1
    with np.errstate(over="ignore"):  # steps that are tried and given up may lead anywhere
        model, pooled = _model(data, shape, alpha, variance_penalty)
        rules = Rules(max_iter, tol, np.log(variance_floor) + np.log(pooled) / 2)
        watch = watch or Watch()
        runs = _searched(model, asked, seed, rules, watch)
        if not runs:
            raise NothingDone
        if not watch.interrupted:
            runs = splits.raised(model, runs, rules, watch)
        chosen, final = _with_maximum(model, runs, n_init, seed, rules, watch)
        return describe(checked, final, chosen, runs, watch.left or 0)


def _check(
    n_experts: int, n_init: int, max_iter: int, tol: float, floor: float, rows: float, alpha: float
) -> None:
    """Raise DataError for a setting out of its range."""
    for name, whole in {"n_experts": n_experts, "n_init": n_init, "max_iter": max_iter}.items():
        if not isinstance(whole, int | np.integer) or isinstance(whole, bool) or whole < 1:
            raise DataError(f"{name} must be a whole number of at least 1, got {whole!r}")
    positive = {"tol": tol, "variance_floor": floor}
    others = {"variance_penalty": rows, "alpha": alpha}
    for name, value in (positive | others).items():
        if not isinstance(value, Real) or isinstance(value, bool | np.bool):
            raise DataError(f"{name} must be a number, got {value!r}")
    for name, value in positive.items():
        if not 0 < value < np.inf:
            raise DataError(f"{name} must be positive, got {value!r}")
    for name, value in others.items():
        if not 0 <= value < np.inf:
            raise DataError(f"{name} must not be negative, got {value!r}")


def _model(data: Sample, shape: layout.Layout, alpha: float, rows: float) -> tuple[Mixture, float]:
    """Return the model on the sample, and s_0^2, the one-expert fit's variance (1 without s)."""
    bare = Mixture(data, shape, penalty.make(shape, data, 0.0, 0.0, 1.0))
    pooled = float(np.exp(2 * starts.pooled(bare)[1])) if shape.scale else 1.0
    return replace(bare, penalty=penalty.make(shape, data, alpha, rows, pooled)), pooled


def _searched(model: Mixture, n_init: int, seed: int, rules: Rules, watch: Watch) -> list[Run]:
    """Return the runs on all rows; where there are many, of a search on a part of them."""
    count = max(PART, ROWS_A_PARAMETER * model.layout.size)
    if len(model.sample) <= max(MANY, count):
        watch.say(f"{n_init} starts on {len(model.sample)} rows")
        return search(model, n_init, seed, rules, watch)
    watch.say(f"{n_init} starts on {count} of {len(model.sample)} rows")
    watch.high = HALF
    runs = search(model.on(searched_part(model.sample, count, seed)), n_init, seed, rules, watch)
    watch.low, watch.high = HALF, 1.0
    return _carried(model, runs, rules, watch)


def searched_part(data: Sample, count: int, seed: int) -> Sample:
    """Return `count` of the rows, at random. Where these do not tell all parameters (they may lack
    a rare dummy), with more that do, each of which stands for itself, the random ones for all the
    rest (Horvitz and Thompson, 1952)."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 0)))
    drawn = np.sort(rng.choice(len(data), count, replace=False))
    part = data.take(drawn)
    told = [_telling(data.gate, part.gate, data.weight, part.weight)]
    if data.experts is not data.gate:
        told.append(_telling(data.experts, part.experts, data.weight, part.weight))
    telling = np.unique(np.concatenate(told))
    if not telling.size:
        return part
    rows = np.union1d(drawn, telling)
    stands = np.full(len(data), (len(data) - telling.size) / (rows.size - telling.size))
    stands[telling] = 1
    return data.take(rows, stands[rows] * rows.size / len(data))


def _telling(columns: Columns, part: Columns, weight: Array, own: Array) -> NDArray[np.integer]:
    """Return the rows that tell most, and more than most, of the directions in which a part with
    its own weights does not vary, one direction after the other; over all rows each varies by 1."""
    gram, found = part.gram(own), np.empty(0, int)
    for _ in range(len(gram)):
        values, vectors = np.linalg.eigh(gram)
        if values[0] >= UNTOLD:
            break
        share = weight * columns.along(vectors[:, 0]) ** 2
        most = np.argpartition(-share, TELLING)[:TELLING]
        most = most[share[most] > 1 / len(share)]
        z = columns.take(most).rows(slice(None))
        gram += z.T @ z / len(share)
        found = np.union1d(found, most)
    return found


def _carried(model: Mixture, runs: list[Run], rules: Rules, watch: Watch) -> list[Run]:
    """Return the runs with one of each basin taken on to all rows; after an interruption those of
    the basins that were, or of the best one."""
    ends: dict[int, Run] = {}
    inside = [run for run in runs if run.interior]
    carried: list[Run] = []
    with watch.keeping(carried, len(inside)):
        for run in inside:
            carried.append(_on_all_rows(model, run, ends, rules, watch))
            watch.done(len(carried) / len(inside))
    if inside and not carried:
        carried.append(_on_all_rows(model, inside[0], ends, rules, watch))
        watch.left = len(inside) - 1
    left = [replace(run, status="raced", basin=-1) for run in inside[len(carried) :]]
    return with_basins([*carried, *left, *(run for run in runs if not run.interior)])


def _on_all_rows(model: Mixture, run: Run, ends: dict[int, Run], rules: Rules, watch: Watch) -> Run:
    """Return a run at the end, on all rows, of its basin; ends holds those that are known."""
    if run.basin not in ends:
        watch.say(f"basin {run.basin + 1} on all rows")
        known = run.point.factor if run.point else None
        told = replace(run, theta=_told(model, run.theta, known)) if known else run
        ends[run.basin] = polish(model, told, rules, known)
    end = ends[run.basin]
    return replace(
        run, theta=end.theta, log_likelihood=end.log_likelihood, status=end.status,
        separable=end.separable, point=end.point,
    )  # fmt: skip


def _told(model: Mixture, theta: Array, known: Factor) -> Array:
    """Return theta, or what is left of it without what a part of the rows did not tell (a column
    may be constant there): what all rows like better."""
    untold = known.vanishing(theta)
    if not untold.any():
        return theta
    both = theta, theta - untold
    return min(both, key=lambda at: np.nan_to_num(model.loss(at), nan=np.inf))


def _with_maximum(
    model: Mixture, runs: list[Run], n_init: int, seed: int, rules: Rules, watch: Watch
) -> tuple[Run, Mixture]:
    """Return the run to report and the model that it maximises: where no maximum is finite, a
    penalised one, searched for anew: of runs that end at one supremum, round-off ranks them. On
    many rows, and after an interruption, it is started from the best run."""
    best, own = runs[0], model.penalty
    alpha, rows = max(own.alpha, SEPARABLE_ALPHA), own.rows * model.sample.total
    if best.interior and best.status != "separable":
        return best, model
    if not best.interior:
        watch.say("every run is degenerate: the variances are penalised")
        model = _penalised(model, alpha, max(rows, DEGENERATE_ROWS))
        count = 1 if watch.interrupted else n_init
        watch.low = HALF
        found = search(model, count, seed, replace(rules, floor=-np.inf), watch)
        if not found:
            raise NothingDone
        return replace(found[0], status="degenerate"), model
    watch.say(f"separable ({', '.join(best.separable)}): the fit is penalised")
    model = _penalised(model, alpha, rows)
    anew = len(model.sample) <= MANY and not watch.interrupted
    watch.low = HALF
    if anew and (found := search(model, n_init, seed, rules, watch)):
        blocks = _renamed(model, best, found[0])
        return replace(found[0], status="separable", separable=blocks), model
    begun = replace(best, theta=_shrunk(model, best.theta), status="raced")
    return replace(finish(model, begun, rules), status="separable", separable=best.separable), model


def _renamed(model: Mixture, run: Run, other: Run) -> tuple[str, ...]:
    """Return the separable blocks of a run under the numbers that its experts have in another one:
    by the assignment that shares most of the responsibilities."""
    pairs = zip(model.parts(run.theta), model.parts(other.theta), strict=True)
    shared = sum((one.posterior * one.data.weight) @ two.posterior.T for one, two in pairs)
    numbers = scipy.optimize.linear_sum_assignment(-shared)[1]
    place = {f"expert {old}": f"expert {new}" for old, new in enumerate(numbers)}
    return tuple(sorted(place.get(block, block) for block in run.separable))


def _penalised(model: Mixture, alpha: float, rows: float) -> Mixture:
    """Return the model with another penalty."""
    added = penalty.make(model.layout, model.sample, alpha, rows, model.penalty.pooled)
    return replace(model, penalty=added)


def _shrunk(model: Mixture, theta: Array) -> Array:
    """Return theta with gate rows (and logit rows of experts) no longer than a logit of SHRUNK."""
    gate, experts, log_scale = (part.copy() for part in model.layout.split(theta))
    limit = SHRUNK / model.sample.reach
    for rows in [gate, *([] if model.layout.scale else experts)]:
        length = np.sqrt((rows**2).sum(axis=1).max(initial=0))
        rows *= min(1.0, limit / max(length, limit))
    return model.layout.join(gate, experts, log_scale)
