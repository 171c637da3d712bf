"""Ctrl-C in a fit: the best of the starts that are done, where it is asked for; else the end."""

import os
import signal
import subprocess
import sys
import warnings
from importlib import import_module

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from emmoe import MixtureOfExpertsRegressor
from emmoe.mixture import Problem, fit, search
from emmoe.mixture.watch import STOPPING, Watch

STARTS = 8
RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (200, 1))
STEEP = RNG.random(200) < 1 / (1 + np.exp(-3 * X[:, 0]))
Y = np.where(STEEP, 3, -1) * X[:, 0] + 0.1 * RNG.standard_normal(200)
PROBLEM = Problem(X, Y)
SEPARABLE = Problem(X, np.where(X[:, 0] < 0, 2, -1) * X[:, 0] + 0.01 * np.sin(50 * X[:, 0]))


class Interrupting(Watch):
    """Is interrupted, by a real signal, once so many parts of a search are done."""

    def __init__(self, *at, keep=True):
        self.told, self.shares, self.at = [], 0, at
        super().__init__(share=self.count, stopping=self.told.append if keep else None)

    def count(self, _):
        self.shares += 1
        if self.shares in self.at:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def whole():
    return fit(PROBLEM, 2, n_init=STARTS)


@pytest.mark.parametrize("at", [1, 3, STARTS - 1])
def test_fit_is_that_from_the_starts_that_are_done(at):
    watch = Interrupting(at)
    found, fewer = fit(PROBLEM, 3, n_init=STARTS, watch=watch), fit(PROBLEM, 3, n_init=at)
    assert watch.told == [STOPPING]
    assert found.starts_left == STARTS - at
    assert found.restarts == fewer.restarts and found.basins == fewer.basins
    np.testing.assert_array_equal(found.theta, fewer.theta)
    said = f"interrupted: {STARTS - at} starts were left undone"
    assert [line for line in found.warnings if line not in fewer.warnings] == [said]


@pytest.mark.parametrize(
    ("at", "left", "finished"),
    [(1, 7, 1), (3, 5, 1), (STARTS, 0, 1), (STARTS + 1, 4, 1), (STARTS + 4, 1, 4)],
)
def test_best_of_the_race_is_finished_where_not_all_are(at, left, finished, monkeypatch, whole):
    """In the race, whose best is then finished, and among the runs that are finished."""
    monkeypatch.setattr(search, "FEW", 0)
    found = fit(PROBLEM, 2, n_init=STARTS, watch=Interrupting(at))
    assert (found.status, found.starts_left) == ("maximum", left)
    assert found.loglik == pytest.approx(whole.loglik, abs=1e-8)
    assert len(found.restarts) == min(at, STARTS)
    assert sum(row["status"] != "raced" for row in found.restarts) == finished


def test_whole_search_is_as_if_nobody_watched(whole):
    watched = fit(PROBLEM, 2, n_init=STARTS, watch=Interrupting())
    np.testing.assert_array_equal(watched.theta, whole.theta)
    assert watched.starts_left == 0


def test_interruption_ends_a_program_that_does_not_ask_for_more():
    with pytest.raises(KeyboardInterrupt):
        fit(PROBLEM, 2, n_init=STARTS, watch=Interrupting(3, keep=False))


def test_second_interruption_ends_the_program(monkeypatch):
    monkeypatch.setattr(search, "FEW", 0)
    watch = Interrupting(3, 4)
    with pytest.raises(KeyboardInterrupt):
        fit(PROBLEM, 2, n_init=STARTS, watch=watch)
    assert watch.told == [STOPPING]


def test_interruption_before_a_start_is_done_ends_the_program(monkeypatch):
    def interrupted(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(search.starts, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(PROBLEM, 2, n_init=STARTS, watch=Interrupting())


@pytest.mark.parametrize("at", [3, STARTS + 3])
def test_separable_fit_is_penalised_though_it_was_interrupted(at):
    """In either search: of the supremum, and of the penalised maximum."""
    found = fit(SEPARABLE, 2, n_init=STARTS, watch=Interrupting(at))
    assert found.status == "separable"
    assert 0 < found.starts_left < STARTS
    assert np.isfinite(found.theta).all() and found.penalised


@pytest.mark.parametrize(("at", "left"), [(1, STARTS - 1), (6, STARTS - 6)])
def test_starts_left_are_those_of_the_search_that_was_interrupted(at, left):
    """Of one expert one start is asked for; if its fit is penalised, all of them are."""
    problem = Problem(X, (X[:, 0] > 0).astype(float), family="logistic")
    found = fit(problem, 1, n_init=STARTS, watch=Interrupting(1 + at))
    assert (found.status, found.starts_left) == ("separable", left)


def test_share_never_passes_one_and_rises_within_a_search(monkeypatch):
    shares = []
    module = import_module("emmoe.mixture.fit")
    for name, rows in {"MANY": 100, "PART": 100, "ROWS_A_PARAMETER": 5}.items():
        monkeypatch.setattr(module, name, rows)
    fit(PROBLEM, 2, n_init=STARTS, watch=Watch(share=shares.append))
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert module.HALF in shares


@pytest.mark.parametrize("polished", [0, 1])
def test_many_rows_keep_the_basins_that_were_carried_on(polished, monkeypatch):
    """Of a search on a part of the rows; the best basin is carried on, if none was."""
    whole, polish, done = len(PROBLEM.y), search.polish, []

    def interrupted(model, run, rules, known=None):
        if len(model.sample) == whole:
            if len(done) == polished:
                done.append(None)
                signal.raise_signal(signal.SIGINT)
            done.append(run.basin)
        return polish(model, run, rules, known)

    module = import_module("emmoe.mixture.fit")
    monkeypatch.setattr(module, "polish", interrupted)
    for name, rows in {"MANY": 100, "PART": 100, "ROWS_A_PARAMETER": 5}.items():
        monkeypatch.setattr(module, name, rows)
    found = fit(PROBLEM, 3, n_init=STARTS, watch=Interrupting())
    assert done in ([None, 0], [0, None])
    assert found.n_rows == whole
    assert len(found.basins) == 1
    assert found.starts_left == sum(row["status"] == "raced" for row in found.restarts) > 0


def test_estimator_keeps_what_is_done_if_asked(monkeypatch, capsys):
    short = search._short

    def interrupted(model, theta, index, rules):
        if index == 2:
            signal.raise_signal(signal.SIGINT)
        return short(model, theta, index, rules)

    monkeypatch.setattr(search, "_short", interrupted)
    own = MixtureOfExpertsRegressor(n_init=STARTS, interruptible=True)
    with pytest.warns(ConvergenceWarning, match="interrupted: 6 starts were left undone"):
        own.fit(X, Y)
    assert (own.status_, own.starts_left_) == ("maximum", 6)
    assert capsys.readouterr().err == f"{STOPPING}\n"
    with pytest.raises(KeyboardInterrupt):
        MixtureOfExpertsRegressor(n_init=STARTS).fit(X, Y)
    with warnings.catch_warnings(action="error"):
        monkeypatch.undo()
        assert own.fit(X, Y).starts_left_ == 0


ENDLESS = """
import sys
import numpy as np
from emmoe.mixture import Problem, fit
from emmoe.mixture.watch import Watch
x = np.random.default_rng(0).uniform(-1, 1, (200, 1))
y = np.where(x[:, 0] < 0.2, 2, -1) * x[:, 0] + np.sin(50 * x[:, 0])
keeps = {"stopping": print} if sys.argv[1] == "keep" else {}
watch = Watch(share=lambda part: print("a start", flush=True), **keeps)
found = fit(Problem(x, y), 2, n_init=10**6, watch=watch)
print("kept", 0 < watch.left < 10**6, found.starts_left == watch.left)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
@pytest.mark.parametrize("mode", ["keep", "end"])
def test_signal_from_outside_ends_an_endless_search(mode):
    command = [sys.executable, "-c", ENDLESS, mode]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "a start\n"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    if mode == "keep":
        assert (child.returncode, out.splitlines()[-1]) == (0, "kept True True")
        assert STOPPING in out
    else:
        assert child.returncode != 0 and "kept" not in out
        assert err.splitlines()[-1] == "KeyboardInterrupt"
