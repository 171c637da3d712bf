"""How a run ends, what of it is kept, and what its clocks and work counters count."""

import time
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from emmoe.fitters.base import Fitter, State
from emmoe.fitters.em import EM
from emmoe.lab.recorder import CONVERGED, DIVERGED, MAX_ITERATIONS, SEPARABLE, SKIPPED, record
from emmoe.models._compiled import newton
from emmoe.models._shared import log_cosh, softmax

INF, NAN = np.inf, np.nan
CLOCKS = ("cpu_seconds", "wall_seconds")


class Scripted(Fitter):
    """Yields prescribed losses and gradients, shape (iterations, R) or (iterations,), and may
    spend some time on each; theta is zero, in the last state `last` times 0, 1, 2, ..."""

    def __init__(self, losses, gradients=None, seconds=0.0, last=0.0):
        self.losses, self.seconds, self.last = np.array(losses, float), seconds, last
        self.gradients = self.losses if gradients is None else np.array(gradients, float)

    def refuses(self, model):
        return None

    def iterate(self, model, theta):
        for t, (loss, gradient) in enumerate(zip(self.losses, self.gradients, strict=True)):
            spend(self.seconds)
            size = self.last if t == len(self.losses) - 1 else 0.0
            theta = size * np.broadcast_to(np.arange(theta.shape[-1]), theta.shape)
            yield State(theta, loss, np.broadcast_to(gradient[..., None], theta.shape) / 2)


class Refusing(Fitter):
    def refuses(self, model):
        return "it needs a model of another kind"

    def iterate(self, model, theta):
        raise AssertionError("a fitter that refuses must not run")


def spend(seconds):
    """Use up processor time, and as much wall time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.fixture
def run(problem):
    """Return run(fitter, replicates=None, **settings): the recording of a scripted fitter."""
    model, _, start = problem("logistic_experts")

    def of(fitter, replicates=None, **settings):
        shape = start.shape if replicates is None else (replicates, *start.shape)
        settings = {"iterations": len(getattr(fitter, "losses", [0])) - 1} | settings
        return record(fitter, model, np.zeros(shape), **settings)

    return of


def test_run_without_tolerance_ends_at_the_last_iteration(run):
    recording = run(Scripted([3, 2, 0, 0, 1]))
    assert recording.status == [MAX_ITERATIONS]
    assert [row["iteration"] for row in recording.rows] == [0, 1, 2, 3, 4]
    assert [row["loss"] for row in recording.rows] == [3, 2, 0, 0, 1]
    assert len(run(Scripted([3, 2, 1, 0]), iterations=2).rows) == 3


def test_run_converges_at_the_first_gradient_within_tolerance(run, problem):
    norm = np.sqrt(len(problem("logistic_experts").start)) / 2
    recording = run(Scripted([3, 2, 1, 0], [9, 1, 0.5, 0.1]), tolerance=0.5 * norm * (1 + 1e-12))
    assert recording.status == [CONVERGED]
    assert [row["loss"] for row in recording.rows] == [3, 2, 1]
    assert recording.rows[-1]["gradient_norm"] == pytest.approx(0.5 * norm)


def frame_of(recording):
    """All rows, replicate by replicate."""
    positions = range(len(recording.status))
    return pd.DataFrame([row for position in positions for row in recording.rows_of(position)])


@pytest.mark.parametrize("bad", [INF, -INF, NAN])
def test_diverged_run_keeps_only_its_finite_states(run, bad):
    for fitter in (Scripted([3, 2, bad, 1]), Scripted([3, 2, 1, 1], [1, 1, bad, 1])):
        recording = run(fitter, tolerance=1e-9)
        assert recording.status == [DIVERGED]
        assert [row["loss"] for row in recording.rows] == [3, 2]
        assert frame_of(recording)["status"].tolist() == [DIVERGED] * 2


def test_run_that_diverges_at_its_start_has_one_row_without_numbers(run):
    recording = run(Scripted([[NAN, 3], [NAN, 2]]), replicates=2)
    assert recording.status == [DIVERGED, MAX_ITERATIONS]
    frame = frame_of(recording)
    assert frame["replicate"].tolist() == [0, 1, 1]
    assert frame["loss"].isna().tolist() == [True, False, False]
    assert frame_of(run(Scripted([NAN, NAN])))["status"].tolist() == [DIVERGED]


def test_run_whose_estimate_goes_to_infinity_is_called_separable(problem):
    for name in ("symmetric_linear", "symmetric_logistic", "logistic_experts"):
        model, _, start = problem(name)
        far = 1e4 * start
        one_state = Scripted([1.0])
        one_state.iterate = lambda model, theta: iter([State(theta, 1.0, theta)])
        assert record(one_state, model, far, iterations=0).status == [SEPARABLE]
        assert record(one_state, model, start, iterations=0).status == [MAX_ITERATIONS]


def test_a_converged_replicate_is_not_judged_by_what_others_needed_later(run):
    fitter = Scripted([[0, 3], [0, 3], [0, 3]], last=1e4)
    assert run(fitter, replicates=2, tolerance=1e-9).status[0] == CONVERGED


def test_fitter_that_refuses_the_model_is_skipped_with_its_reason(run):
    recording = run(Refusing(), replicates=2, iterations=3)
    assert recording.status == [SKIPPED, SKIPPED]
    assert recording.reason == "it needs a model of another kind"
    frame = frame_of(recording)
    assert frame["replicate"].tolist() == [0, 1] and frame["loss"].isna().all()


def test_stacked_replicates_end_each_at_their_own_time(run):
    losses = [[5, 5, 5, 5], [4, 4, 0, 4], [0, 3, NAN, NAN], [7, 2, 9, 3], [7, 1, 9, 2]]
    recording = run(Scripted(losses), replicates=4, tolerance=1e-9)
    assert recording.status == [CONVERGED, MAX_ITERATIONS, CONVERGED, DIVERGED]
    frame = frame_of(recording)
    kept = [group["loss"].tolist() for _, group in frame.groupby("replicate")]
    assert kept == [[5, 4, 0], [5, 4, 3, 2, 1], [5, 0], [5, 4]]
    for _, group in frame.groupby("replicate"):
        assert group["iteration"].tolist() == list(range(len(group)))
    assert frame["status"].tolist() == np.repeat(recording.status, [3, 5, 2, 2]).tolist()


def test_iteration_stops_when_all_replicates_have_ended(run):
    recording = run(Scripted([[1, 1], [0, 1], [1, NAN], [1, 1]]), replicates=2, tolerance=1e-9)
    assert recording.status == [CONVERGED, DIVERGED]
    assert len(recording.wall_seconds) == 3


def test_observations_are_recorded_by_replicate_and_only_of_running_ones(run):
    seen = []

    def observe(state):
        seen.append(state)
        return {"distance": np.array([10.0, 20.0]) + state.loss}

    frame = frame_of(run(Scripted([[1, 1], [0, 2], [3, 3]]), 2, tolerance=1e-9, observe=observe))
    assert frame["distance"].tolist() == [11, 10, 21, 22, 23]
    assert len(seen) == 3


def test_only_the_rows_to_keep_and_each_runs_last_are_recorded_and_observed(run):
    """Replicates that converge, diverge after a kept row and after another, and run to the end."""
    losses = [
        [5, 5, 5, 5],
        [4, 4, 4, 4],
        [3, 3, NAN, 3],
        [2, 2, 2, 2],
        [0, NAN, 1, 1],
        [1, 1, 1, 1],
    ]
    seen, visited, keep = [], [], lambda iteration: iteration % 2 == 0
    recording = run(
        Scripted(losses),
        replicates=4,
        tolerance=1e-9,
        keep=keep,
        observe=lambda state: seen.append(state.loss[0]) or {"double": 2 * state.loss},
        visit=lambda state: visited.append(state.loss[0]),
    )
    frame = frame_of(recording)
    kept = [group["iteration"].tolist() for _, group in frame.groupby("replicate")]
    assert recording.status == [CONVERGED, DIVERGED, DIVERGED, MAX_ITERATIONS]
    assert kept == [[0, 2, 4], [0, 2, 3], [0, 1], [0, 2, 4, 5]]
    assert (frame["double"] == 2 * frame["loss"]).all()
    assert sorted(seen) == sorted([5, 4, 3, 2, 0, 1]) and visited == [5, 4, 3, 2, 0, 1]


def test_clocks_count_the_fitter(run):
    recording = run(Scripted([1, 1, 1, 1], seconds=0.02))
    for clock in CLOCKS:
        seconds = getattr(recording, clock)
        assert len(seconds) == 4
        assert (np.diff([0, *seconds]) >= 0.019).all()


@pytest.mark.parametrize("wait", [time.sleep, spend])
def test_clocks_stand_still_while_observing_and_reporting(run, wait):
    def observe(state):
        wait(0.05)
        return {}

    recording = run(Scripted([1, 1, 1]), observe=observe, progress=lambda t: wait(0.05))
    for clock in CLOCKS:
        seconds = getattr(recording, clock)
        assert (np.diff([0, *seconds]) >= 0).all()
        assert seconds[-1] < 0.05


def test_costs_grow_and_end_at_the_work_of_the_run(model_name, fitter_name, problem, make_fitter):
    model, _, start = problem(model_name)
    fitter = make_fitter(fitter_name)
    if fitter.refuses(model):
        pytest.skip(fitter.refuses(model))
    for _ in range(2):  # the second run starts from zero again
        recording = record(fitter, model, start, iterations=5)
        passes, flops = ([row[cost] for row in recording.rows] for cost in ("passes", "flops"))
        free = fitter_name == "stochastic_gradient_descent"  # it does not need the start's loss
        assert passes[0] == 1 - free and (np.diff(passes) > 0).all()
        assert passes[-1] == model.passes()
        counted = np.isfinite(flops)
        assert np.array_equal(flops[-1:], [model.flops()], equal_nan=True)
        assert (counted.all() and (np.diff(flops) > 0).all()) or not counted.any()


def test_products_of_newtons_method_are_counted_as_done(problem, monkeypatch):
    products = {"_logits": "forward", "_move": "backward", "gram": "gram"}
    done, work = Counter(), Counter()

    def counted(name, kernel):
        return lambda *arguments: done.update([products[name]]) or kernel(*arguments)

    for name in products:
        monkeypatch.setattr(newton, name, counted(name, getattr(newton, name)))
    monkeypatch.setattr(newton, "solve", newton.solve.py_func)  # not compiled: calls are seen
    model = problem("symmetric_linear", n=120, d=3).model
    target = model.xt @ np.tanh(np.array([0.5, 1.0, -1.0]) @ model.xt) / 240
    log_cosh.solve(model.xt, target, np.zeros(3), -target, 1e-12, work)
    whole = {"forward": 2, "backward": 2, "gram": 1}  # one block's product is half of both blocks'
    assert {name: whole[name] * work[name] for name in done} == done
    assert done["gram"] >= 3 and done["forward"] > done["gram"]


def test_run_ends_with_the_row_that_is_enough(problem):
    model, _, start = problem("symmetric_linear")
    target = record(EM(), model, start, iterations=5).rows[3]["loss"]
    found = record(EM(), model, start, iterations=50, enough=lambda row: row["loss"] <= target)
    assert [row["iteration"] for row in found.rows] == [0, 1, 2, 3]


def test_softmax_passes_are_counted_as_a_mean_over_the_replicates(problem, monkeypatch):
    model, _, start = problem("logistic_experts")
    done, kernel = [], softmax.products
    monkeypatch.setattr(softmax, "CHUNK", 50)
    monkeypatch.setattr(
        softmax,
        "products",
        lambda w, s, rows: done.append(len(w) * len(s.x[rows])) or kernel(w, s, rows),
    )
    starts = np.array([start, -start, 2 * start])
    _, gradient, statistic = model.e_step(starts)
    model.loss(starts)
    assert (model.work["forward"], model.work["backward"], model.work["e_step"]) == (2, 1, 1)
    model.m_step(starts, statistic, gradient, 1e-4)
    assert model.work["forward"] == pytest.approx(sum(done) / (3 * len(model.sample.x)))
    assert model.work["backward"] == pytest.approx(model.work["forward"] - 1)
    assert model.work["forward"] > 4
