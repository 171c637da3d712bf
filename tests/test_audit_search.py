"""Panels, acceptance and winners: the one test of the audit, and the one setting that must pass."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from emmoe.audit.panels import Predicted, critical_value, effective_number, panel
from emmoe.audit.parts import Part
from emmoe.audit.search import Candidates, facts, pair, winners
from emmoe.evidence.statistics import curve_test

CALIBRATION, HELD_OUT = ("a", "calibration"), ("a", "held_out")


def part(reported, spread=1.0, uncertainty=0.0, instances=50):
    readings = pd.DataFrame({"iteration": range(len(reported)), "reported": reported})
    readings = readings.assign(claim_id="c", spread=spread, uncertainty=uncertainty)
    return Part("a", "held_out", "a", "figure_2a", "m", "em", "loss", readings, instances)


def predicted(means, std=1.0, replicates=16):
    means = np.asarray(means, float)
    names = tuple(f"s{i}" for i in range(len(means)))
    times = tuple(range(means.shape[1]))
    counts = np.full(len(means), float(replicates))
    return Predicted(names, times, means, np.full(means.shape, float(std)), counts)


def test_critical_value_of_independent_readings_holds_its_level():
    rng, k, level, draws = np.random.default_rng(0), 8, 0.05, 20000
    largest = np.abs(rng.standard_normal((draws, k))).max(axis=1)
    critical = critical_value(np.array([k]), np.array([1e6]), level)[0]
    assert (largest > critical).mean() == pytest.approx(level, abs=0.006)
    two = critical_value(np.array([k]), np.array([1e6]), level, parts=2)[0]
    assert (largest > two).mean() == pytest.approx(1 - np.sqrt(1 - level), abs=0.005)


def test_effective_number_undoes_the_critical_value():
    count, freedom = np.array([1.0, 3.3, 40.0]), np.array([9.0, 20.0, 60.0])
    critical = critical_value(count, freedom, 0.01)
    np.testing.assert_allclose(effective_number(critical, freedom, 0.01), count)
    single = critical_value(np.array([1.0]), np.array([1e6]), 0.01)[0]
    assert single == pytest.approx(norm.isf(0.005), rel=1e-4)


def test_panel_s_z_are_those_of_the_curve_test():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((16, 5)) + rng.standard_normal((16, 1))
    own = part(rng.standard_normal(5), spread=[1.0, 2.0, np.nan, 1.0, 0.5], uncertainty=0.1)
    columns = (own.readings[name].to_numpy() for name in ("reported", "spread", "uncertainty"))
    expected = curve_test(values, *columns, 50, rng=rng, level=0.01)
    simulated = Predicted(
        ("x",), tuple(range(5)), values.mean(axis=0)[None], values.std(axis=0, ddof=1)[None],
        np.array([16.0]),
    )  # fmt: skip
    found = panel(simulated, own, {}, 0.01, 1)
    np.testing.assert_allclose(found.z[0], expected.z)
    assert found.critical[0] > 0.99 * expected.critical  # all independent: not too small
    kept = panel(simulated, own, {("x", "a", "held_out"): (5, 1.0)}, 0.01, 1)
    assert kept.critical[0] < 0.9 * expected.critical


def test_a_part_with_other_readings_than_were_simulated_counts_them_all_as_independent():
    own, known = part([0.0] * 3), {("s0", "a", "held_out"): (9, 1.0)}
    found = [panel(predicted([[0.0] * 3]), own, k, 0.01, 1).critical[0] for k in (known, {})]
    assert found[0] == found[1]
    assert panel(predicted([[0.0] * 2]), own, {}, 0.01, 1) is None  # not simulated so far


def test_readings_and_parts_are_met_within_the_critical_value_and_a_factor_of_the_spread():
    found = panel(predicted([[0.0, 0.0], [0.0, 9.0], [np.nan, 0.0]]), part([0.0, 0.0]), {}, 0.01, 1)
    assert list(found.ratios <= 1) == [True, False, False]
    assert (found.each <= 1).tolist() == [[True, True], [True, False], [False, True]]
    wide = panel(predicted([[0.0, 0.0]], std=9.0), part([0.0, 0.0]), {}, 0.01, 1)
    assert wide.ratios[0] == pytest.approx(2.0)  # log 9 over log 3
    assert found.at(0, 5.0).ratios[0] > 1 and found.ratios[0] <= 1


class Ratios(Candidates):
    """Candidates whose ratios are given instead of panels."""

    def __init__(self, data, hand=None, **ratios):
        names = tuple(f"{d}{i}" for i, d in enumerate(data))
        super().__init__(names, tuple(data), np.array(hand or [False] * len(data)), {})
        parts = {"cal": CALIBRATION, "one": HELD_OUT, "two": ("b", "held_out")}
        self.__dict__["ratios"] = {parts[k]: np.array(v) for k, v in ratios.items()}


def test_accepted_are_those_that_meet_all_calibration_readings_and_were_not_fitted_by_hand():
    own = Ratios("xyz", [False, True, False], cal=[0.5, 0.5, 1.5], one=[0.0, 0.0, 0.0])
    assert own.accepted.tolist() == [True, False, False]
    assert Ratios("x", one=[0.0]).accepted.tolist() == [False]  # nothing to accept it by


def test_the_winner_gives_most_curves_and_then_is_nearest_to_them():
    own = Ratios("xyz", cal=[0.5] * 3, one=[0.9, 0.2, 0.1], two=[0.9, 0.9, 1.1])
    assert winners({"em": own}) == {"em": 1}


def test_winners_share_their_data():
    em = Ratios("xxy", cal=[0.5] * 3, one=[0.9, 0.8, 0.1], two=[0.9, 0.9, 0.1])
    gd = Ratios("xy", cal=[0.5] * 2, one=[0.9, 1.2], two=[0.9, 0.1])
    assert winners({"em": em}) == {"em": 2}
    assert winners({"em": em, "gd": gd}) == {"em": 1, "gd": 0}  # four curves on x, three on y
    none = Ratios("y", cal=[2.0], one=[0.1], two=[0.1])
    assert winners({"em": em, "gd": none}) == {"em": 2, "gd": None}
    assert winners({"gd": none}) == {"gd": None}


def test_facts_count_searched_settings_and_name_those_fitted_by_hand():
    own = Ratios("xyz", [False, True, False], cal=[0.5] * 3, one=[1.5, 0.5, 0.9])
    found = facts(own, own.ratios[HELD_OUT], 0, np.array([0.5, 2.0]), True, {"ours": 0.1})
    assert (found.searched, found.met, found.accepted) == (2, 1, 2)
    assert (found.winner, found.winner_met) == ("x0", False)
    assert (found.fresh, found.fresh_met) == (2, 1)
    assert found.hand == ("y1", "ours") and found.closest == "z2"


def test_a_pair_s_closest_setting_is_the_nearest_to_both():
    own = Ratios("xyz", cal=[0.5] * 3, one=[0.1, 3.0, 1.4], two=[9.0, 0.1, 1.3])
    found = pair(own, ("a", "b"), {})
    assert (found.alone, found.closest, found.times) == ((True, True), "z2", 1.4)
    hand = {"fast": {HELD_OUT: 0.5, ("b", "held_out"): 0.5}}
    assert pair(own, ("a", "b"), hand).closest == "fast"
