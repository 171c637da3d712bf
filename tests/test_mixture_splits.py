"""Cuts of a separable gate are moved to where the supremum is highest."""

import numpy as np
import pytest
from statsmodels.datasets import engel

from emmoe.mixture import Problem, fit, splits
from emmoe.mixture.watch import Watch

SEEDS = range(10)


def jump(seed, n=60):
    """Two lines that part at a jump: which rows belong to which line, their x tells."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-1, 1, n))
    right = x > rng.uniform(-0.5, 0.5)
    return x, np.where(right, 1.5 - 0.5 * x, 0.5 * x) + 0.4 * rng.standard_normal(n)


def best_cut(x, y, least=4):
    """The highest supremum of two experts with a gate that cuts, by trying every cut."""

    def alone(x, y):
        columns = np.column_stack([np.ones(len(x)), x])
        e = y - columns @ np.linalg.lstsq(columns, y)[0]
        return -len(x) / 2 * (np.log(2 * np.pi * (e**2).mean()) + 1)

    cuts = range(least, len(x) - least)
    return max(alone(x[:cut], y[:cut]) + alone(x[cut:], y[cut:]) for cut in cuts)


def behind():
    """By how much the suprema of fits from three starts are above those of the best cuts."""
    found = {}
    for seed in SEEDS:
        x, y = jump(seed)
        own = fit(Problem(x[:, None], y), 2, n_init=3)
        if own.status == "separable":
            found[seed] = own.supremum - best_cut(x, y)
    return found


def test_supremum_is_that_of_the_best_cut_of_all():
    found = behind()
    assert len(found) >= 8
    assert min(found.values()) >= -1e-6


def test_three_experts_end_a_row_off_the_best_cut_without_moves(monkeypatch):
    """Of all cuts of the incomes, each tried, the highest supremum is 277.05122."""
    data = engel.load_pandas().data / 1000
    problem = Problem(data[["income"]].to_numpy(), data["foodexp"].to_numpy())
    assert fit(problem, 3).supremum == pytest.approx(277.05122, abs=1e-4)
    monkeypatch.setattr(splits, "MOVES", 0)
    assert fit(problem, 3).supremum == pytest.approx(276.94072, abs=1e-4)


def test_rows_at_one_place_are_moved_together():
    """Of rows that are there twice and of weights of 2 the fits are the same."""
    for seed in SEEDS:
        x, y = jump(seed)
        twice = fit(Problem(np.repeat(x, 2)[:, None], np.repeat(y, 2)), 2, n_init=3)
        other = fit(Problem(x[:, None], y, weights=np.full(60, 2.0)), 2, n_init=3)
        assert twice.status == other.status
        assert twice.supremum == pytest.approx(other.supremum, rel=1e-8)


@pytest.mark.parametrize("seed", [4, 92, 180, 256, 384, 560])
def test_a_row_that_an_expert_would_fit_exactly_is_not_moved(seed):
    """Small samples whose moves leave an expert one to three rows: the variance would vanish."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((14, 1))
    y = np.where(x[:, 0] > 0, 2 + x[:, 0], -x[:, 0]) + 0.3 * rng.standard_normal(14)
    found = fit(Problem(x, y), 3, n_init=6)
    assert found.sigma.min() > 1e-4
    ends = [run["log_likelihood"] for run in found.restarts if run["basin"] is not None]
    assert found.supremum == pytest.approx(max(ends), abs=1e-9) or found.loglik >= max(ends)


def test_an_interruption_leaves_the_runs_as_they_were(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(splits, "_highest", interrupted)
    x, y = jump(7)
    told = []
    found = fit(Problem(x[:, None], y), 2, n_init=3, watch=Watch(stopping=told.append))
    assert len(told) == 1 and found.status == "separable" and len(found.restarts) == 3
    with pytest.raises(KeyboardInterrupt):
        fit(Problem(x[:, None], y), 2, n_init=3)


def test_borders_are_the_rows_beside_a_cut():
    rows = np.arange(-3.0, 4.0)
    logits = np.stack([30 * rows, 0 * rows, 31 * rows - 1])  # experts 0 and 2 share the right side
    log_gate = logits - np.logaddexp.reduce(logits)

    class Gate:
        """What `borders` asks of a model."""

        class layout:
            split = staticmethod(lambda theta: (None, None, None))

        class sample:
            @staticmethod
            def chunks():
                return [(slice(0, 4), Part(log_gate[:, :4])), (slice(4, 7), Part(log_gate[:, 4:]))]

        log_gate = staticmethod(lambda gate, part: part)

    class Part:
        def __init__(self, gate):
            self.gate = gate

    found = [(rows.tolist(), other) for rows, other in splits.borders(Gate, None)]
    assert found == [([4], 1), ([2], 0), ([2], 2), ([5], 1)]
