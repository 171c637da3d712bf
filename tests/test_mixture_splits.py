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


def alone(x, y):
    """The log-likelihood of one line."""
    columns = np.column_stack([np.ones(len(x)), x])
    e = y - columns @ np.linalg.lstsq(columns, y)[0]
    return -len(x) / 2 * (np.log(2 * np.pi * (e**2).mean()) + 1)


def best_cut(x, y, least=4):
    """The highest supremum of two experts with a gate that cuts, by trying every cut."""
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


def test_three_experts_end_at_the_best_of_the_cuts_beside_and_without_moves_a_row_off(monkeypatch):
    """The largest incomes have an expert of their own, and the rest two."""
    data = engel.load_pandas().data / 1000
    data = data.sort_values("income")
    x, y = data[["income"]].to_numpy(), data["foodexp"].to_numpy()
    cuts = {
        own: alone(x[-own:, 0], y[-own:]) + fit(Problem(x[:-own], y[:-own]), 2).loglik
        for own in range(9, 16)
    }
    best = max(cuts, key=cuts.get)
    assert best == 12
    assert fit(Problem(x, y), 3).supremum == pytest.approx(cuts[best], abs=1e-5)
    monkeypatch.setattr(splits, "MOVES", 0)
    assert fit(Problem(x, y), 3).supremum == pytest.approx(cuts[11], abs=1e-5)


def test_rows_at_one_place_are_moved_together():
    """Of rows that are there twice and of weights of 2 the fits are the same."""
    for seed in SEEDS:
        x, y = jump(seed)
        twice = fit(Problem(np.repeat(x, 2)[:, None], np.repeat(y, 2)), 2, n_init=3)
        other = fit(Problem(x[:, None], y, weights=np.full(60, 2.0)), 2, n_init=3)
        assert twice.status == other.status
        assert twice.supremum == pytest.approx(other.supremum, rel=1e-8)


@pytest.mark.parametrize("seed", [1, 17, 22, 33])
def test_a_move_that_lets_an_expert_fit_its_rows_exactly_is_none(seed):
    """Of sixteen rows a move may leave an expert two: its variance would vanish, and 65 to 483 nats
    would be called suprema."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((16, 1))
    y = np.where(x[:, 0] > 0, 2 + x[:, 0], -x[:, 0]) + 0.3 * rng.standard_normal(16)
    found = fit(Problem(x, y), 3, n_init=6)
    assert found.status == "separable" and found.supremum < 30


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
    columns = (logits - logits[-1])[:-1].T

    class Gate:
        """What `borders` asks of a model."""

        class layout:
            split = staticmethod(lambda theta: (np.eye(2), None, None))

        class sample:
            @staticmethod
            def chunks():
                return [(slice(0, 4), Part(columns[:4])), (slice(4, 7), Part(columns[4:]))]

    class Part:
        def __init__(self, gate):
            self.gate = gate

    found = [(rows.tolist(), other) for rows, other in splits.borders(Gate, None)]
    assert found == [([4], 1), ([2], 0), ([2], 2), ([5], 1)]
