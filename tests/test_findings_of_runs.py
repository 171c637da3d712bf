"""F5 to F9: their numbers and verdicts from made-up tables, whichever way they come out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from emmoe.findings import (
    f5_baselines,
    f6_spurious_minima,
    f7_signal_and_speed,
    f8_one_pixel_tells,
    f9_crossing,
)
from emmoe.theory import population_blocks

REPORTED = pd.read_csv(Path(__file__).parents[1] / "data" / "reported" / "claims.csv")
BASELINES = ["original images", "Random Invert", "oracle pair"]


def baselines(*accuracies, cut_short=False):
    columns = {"baseline": BASELINES, "accuracy": accuracies, "cut_short": cut_short}
    return pd.DataFrame(columns | {"train_images": 10, "test_images": 10})


@pytest.mark.parametrize(
    ("accuracies", "expected", "supported"),
    [
        ((0.84, 0.22, 0.83), None, True),
        ((0.84, 0.60, 0.83), None, False),
        ((0.84, 0.22, 0.50), None, False),
        ((0.84, 0.22, 0.83), (0.845, 0.22, 0.84), True),
        ((0.94, 0.22, 0.93), (0.845, 0.22, 0.84), True),
    ],
)
def test_f5_compares_one_model_with_the_oracle_and_the_expected(accuracies, expected, supported):
    expected = expected and dict(zip(BASELINES, expected, strict=True))
    table = baselines(*accuracies)
    found = f5_baselines.find(baselines=table, data="x", expected=expected)
    assert found.supported is supported
    assert found.numbers["accuracy"]["Random Invert"] == accuracies[1]
    near = accuracies[0] < 0.9
    assert found.expected_met is (near if expected else None)
    assert ("Expected were 84.5 %" in found.text) is (expected is not None and not near)
    assert "no ceilings" in found.text


def test_f5_names_the_fits_that_were_cut_short():
    table = baselines(0.84, 0.22, 0.83, cut_short=[False, True, False])
    assert "iterations (Random Invert)" in f5_baselines.find(baselines=table, data="x").text


def sweep(minima, angles=(0.0, 45.0, 90.0), rate=0.5):
    """Runs of EM, two a cell; minima: (angle, |beta*|, |w*|) of those that end elsewhere."""
    rows = []
    for angle in angles:
        for beta, gate in [(1.0, 1.0), (1.0, 8.0), (6.0, 1.0)]:
            for replicate in range(2):
                elsewhere = (angle, beta, gate) in minima
                rows.append({
                    "experiment": "s", "model": "symmetric_linear", "start": "r", "n": 9, "d": 5,
                    "angle": angle, "norm_beta": beta, "norm_w": gate, "fitter": "em",
                    "cell": f"{angle}-{beta}-{gate}", "replicate": replicate, "iterations": 9,
                    "outcome": "elsewhere" if elsewhere else "optimum", "loss_gap": 0.02,
                    "limit_gradient": 1e-16, "limit_curvature": 0.01, "limit_rate": rate,
                    "rho_hat": 0.4,
                })  # fmt: skip
    return pd.DataFrame(rows)


def test_f6_holds_for_minima_at_wide_angles_and_large_gates():
    found = f6_spurious_minima.find(runs=sweep([(90.0, 1.0, 8.0)]))
    assert found.supported is True
    assert found.numbers["minima"] == 2 and found.numbers["cells_with_minima"] == 1
    assert found.numbers["by_angle"] == {"90": 2} and found.numbers["ratio_min"] == 8


@pytest.mark.parametrize(
    ("minima", "rate"),
    [([(90.0, 6.0, 1.0)], 0.5), ([(0.0, 1.0, 8.0)], 0.5), ([(90.0, 1.0, 8.0)], 0.99)],
)
def test_f6_fails_for_minima_elsewhere_or_slow_ones(minima, rate):
    found = f6_spurious_minima.find(runs=sweep(minima, rate=rate))
    assert found.supported is (rate < 0.95) and found.expected_met is (rate > 0.95)
    assert "Nothing was run between 45 and 90 degrees." in found.text
    assert found.numbers["above_noise"] == 0  # 0.02 nats, with p/(2n) = 5/9


def test_f6_without_a_minimum_depends_on_whether_wide_angles_were_tried():
    assert f6_spurious_minima.find(runs=sweep([])).supported is False
    narrow = f6_spurious_minima.find(runs=sweep([], angles=(45.0,)))
    assert narrow.supported is None and "this grid cannot tell" in narrow.text


def test_f6_does_not_count_a_saddle():
    runs = sweep([(90.0, 1.0, 8.0)]).assign(limit_curvature=-1e-3)
    assert f6_spurious_minima.find(runs=runs).numbers["minima"] == 0


def rates(gap):
    """The table of rates on a 3 x 3 grid with 1 - rho as a function of the norms."""
    norms = [0.8, 2.0, 6.0]
    cells = [(beta, gate) for beta in norms for gate in norms]
    table = pd.DataFrame(cells, columns=["norm_beta", "norm_w"])
    gaps = [gap(*cell) for cell in cells]
    columns = {"gap_population": gaps, "gap_hat_median": gaps, "angle": 45.0, "fitter": "em"}
    return table.assign(model="symmetric_linear", **columns)


def test_f7_holds_at_the_population_rates():
    table = rates(lambda beta, gate: population_blocks("symmetric_linear", beta, gate, 45).gap)
    found = f7_signal_and_speed.find(rates=table)
    assert found.supported is True
    assert found.numbers["gap_population"]["norm_beta"]["steps"] == 6
    assert found.numbers["gap_population"]["norm_beta"]["faster"] == 6


def test_f7_counts_steps_and_factors_and_fails_where_the_gate_helps():
    found = f7_signal_and_speed.find(rates=rates(lambda beta, gate: 0.01 * beta * gate))
    assert found.supported is False
    gate = found.numbers["gap_population"]["norm_w"]
    assert (gate["steps"], gate["faster"], gate["slower"]) == (6, 6, 0)
    assert gate["median_factor"] == pytest.approx((2 / 0.8 + 3) / 2)


def test_f7_cannot_tell_from_one_cell():
    assert f7_signal_and_speed.find(rates=rates(lambda *_: 0.5).head(1)).supported is None


def inversion(errors, norms):
    columns = {"gate_norm": norms, "gate_accuracy": 0.9, "train_errors": errors}
    columns |= {"train_images": 60, "test_images": 10, "test_errors": 0}
    return pd.DataFrame({"iteration": range(len(norms))} | columns)


@pytest.mark.parametrize(
    ("errors", "norms", "supported"),
    [(0, [1, 0.9, 2, 3], True), (3, [1, 2, 3], False), (0, [3, 2, 1], False)],
)
def test_f8_needs_a_separating_pixel_and_a_growing_gate(errors, norms, supported):
    found = f8_one_pixel_tells.find(inversion=inversion(errors, norms), data="x")
    assert found.supported is supported
    assert f"{errors} of 60 training images" in found.text


def test_f8_says_so_where_the_gate_learns_something_else():
    table = inversion(0, [1, 2, 3])
    assert "divides them" not in f8_one_pixel_tells.find(inversion=table, data="x").text
    found = f8_one_pixel_tells.find(inversion=table.assign(gate_accuracy=0.55), data="x")
    assert "of 55.0 % of the training images only" in found.text


def test_f8_says_from_when_on_the_gate_grows():
    found = f8_one_pixel_tells.find(inversion=inversion(0, [1, 0.9, 2, 3]), data="x")
    assert found.numbers["rising_from"] == 1


def crossing(statistic, n=1000, d=5):
    """EM's excess losses that end `statistic` / (2 n) below the truth's."""
    rows = [
        {"fitter": "em", "replicate": r, "iteration": t, "excess_loss_to_truth": value}
        for r, s in enumerate(statistic)
        for t, value in enumerate((0.5, 0.1, -s / (2 * n)))
    ]
    runs = pd.DataFrame({"n": [n], "d": [d]})
    return f9_crossing.find(trace=pd.DataFrame(rows), runs=runs, reported=REPORTED)


def test_f9_holds_for_gaps_that_are_chi_square():
    statistic = chi2(10).ppf((np.arange(40) + 0.5) / 40)
    found = crossing(statistic)
    assert found.supported is True and found.numbers["below"] == 40
    assert found.numbers["statistic_mean"] == pytest.approx(statistic.mean())
    assert found.numbers["gap_expected"] == -0.005
    assert found.numbers["first_mean_below"] == 2
    assert found.numbers["reported_first_below"] == 6  # the paper's iteration 7


def test_f9_fails_for_another_size_and_for_one_instance_above():
    statistic = chi2(10).ppf((np.arange(40) + 0.5) / 40)
    assert crossing(3 * statistic).supported is False
    above = crossing([-1.0, *statistic[1:]])
    assert above.supported is False and "In 39 of 40 instances" in above.text
