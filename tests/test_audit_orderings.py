"""Paired bands: their level, and what they say of an ordering."""

import numpy as np
import pytest
from audit_helpers import calibration, paper_parts, runs

from emmoe.audit.groups import group
from emmoe.audit.orderings import AHEAD, BEHIND, TIED, UNCLEAR, Band, band, compare, lead
from emmoe.audit.parts import Setup


def test_band_holds_at_all_iterations_at_once_at_its_level():
    rng, inside, pointwise, trials = np.random.default_rng(0), 0, 0, 300
    mean = np.linspace(1.0, 0.0, 12)
    for _ in range(trials):
        steps = rng.standard_normal((20, 12)) * 0.5 + rng.standard_normal((20, 1))
        found = band(mean + steps, np.zeros(12), 0.1, rng)
        hits = (found.low <= mean) & (mean <= found.high)
        inside, pointwise = inside + hits.all(), pointwise + hits.mean()
    assert 0.85 <= inside / trials <= 0.97  # 0.9, and a little more by the shrinkage
    assert pointwise / trials > 0.93  # a band of that level at one iteration would have 0.9


def test_pairing_removes_what_both_share():
    rng = np.random.default_rng(1)
    shared, own = 10 * rng.standard_normal((30, 1)), 0.1 * rng.standard_normal((30, 3))
    found = band(shared + own + 1.0 - shared, np.zeros(3), 0.05, rng)
    assert found.state == AHEAD and (found.high - found.low < 0.2).all()


def test_equal_leads_have_a_band_without_width():
    found = band(np.full((5, 2), 0.3), np.zeros(2), 0.05, np.random.default_rng(0))
    np.testing.assert_array_equal(found.low, [0.3, 0.3])
    np.testing.assert_array_equal(found.high, [0.3, 0.3])


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        ([0.2, -0.3], [0.4, 0.3], AHEAD),  # clear once, nowhere shown to be behind
        ([0.2, -0.4], [0.4, -0.2], BEHIND),  # it crosses
        ([-0.05, -0.05], [0.05, 0.05], TIED),
        ([-0.05, -0.3], [0.05, 0.3], UNCLEAR),
    ],
)
def test_states_are_told_by_the_margin(low, high, state):
    assert Band(np.array(low), np.array(high), np.full(2, 0.1)).state == state


def test_more_accuracy_and_less_of_all_else_is_ahead():
    assert lead(0.8, 0.7, "test_accuracy") > 0 > lead(0.8, 0.7, "loss")


def order(first, second, where, metric, model="symmetric_linear", settings=None):
    pair = ((model, first), (model, second))
    own = {key: part for key, part in paper_parts().items() if part.model == model}
    found = None if settings is None else group(model, own, settings, {}, 0.01)
    return compare(*pair, (where, metric), paper_parts(), runs(), found, Setup(0.01, 1))


def test_the_paper_s_own_ordering_is_seen_in_runs_that_give_its_curves():
    found = order("em", "gradient_descent", "figure_2b", "relative_error_w")
    assert found.state == AHEAD and found.reported == 1.0 and found.share > 0.9
    assert order("gradient_descent", "em", "figure_2b", "relative_error_w").state == BEHIND
    images = ("figure_3a", "test_accuracy", "logistic_experts")
    assert order("em", "gradient_descent", *images).state == AHEAD


def test_an_ordering_in_settings_is_counted_over_pairs_of_the_same_data():
    both = {name: {"calibration": "met", "held_out": "met"} for name in ("one", "three")}
    found = order(
        "em", "gradient_em", "figure_2a", "relative_error_beta", settings=calibration(both)
    )
    assert found.pairs == [True] * 4  # all data alike, steps apart
    apart = calibration(both, data={"one": 1.0, "three": 2.0})
    found = order("em", "gradient_em", "figure_2a", "relative_error_beta", settings=apart)
    assert found.pairs == [True] * 2
