"""The curves of contests that the page draws: medians at tuned steps, in every currency."""

import contest_helpers
import numpy as np
import pytest

from emmoe.evidence.reach import CURRENCIES, joined
from emmoe.record.entries import Product, Read
from emmoe.report import races

READS = {"near": Read("seconds", "fair_near")}
LABELS = {"em": "EM", "gradient_descent": "GD", "nesterov": "Nesterov"}


@pytest.fixture(scope="module")
def problems():
    entry = Product(
        "figures", "fair", "", "figures", "cost_curves", READS, LABELS,
        {"targets": contest_helpers.TARGETS},
    )  # fmt: skip
    rows = joined({"fair_near": contest_helpers.contest()})
    return rows, dict(races._problems(entry, rows))


def test_each_problem_has_a_curve_a_rival_in_all_currencies(problems):
    _, found = problems
    (own,) = found.values()
    assert set(own) == set(contest_helpers.RIVALS)
    for curve in own.values():
        assert set(curve.x) == set(CURRENCIES)
        assert len({len(values) for values in (*curve.x.values(), *curve.y.values())}) == 1
        assert curve.replicates == 6 - contest_helpers.TUNING


def test_curve_is_the_median_of_the_comparisons_runs_with_ended_ones_at_their_last(problems):
    rows, found = problems
    (own,) = found.values()
    curve = own["em"]
    runs = rows[(rows["rival"] == "em") & (rows["phase"] == "comparison")]
    for position, iteration in enumerate(curve.x["iteration"]):
        last = runs[runs["iteration"] <= iteration].groupby("replicate").last()
        gaps = (last["loss"] - last["optimum"]).to_numpy()
        assert curve.y["excess_loss"][position] == pytest.approx(np.median(gaps), rel=5e-3)
        passes = np.median(last["passes"])
        assert curve.x["passes"][position] == pytest.approx(passes, rel=5e-3)


def test_tuned_step_is_the_one_drawn(problems):
    _, found = problems
    (own,) = found.values()
    early = own["gradient_descent"].y["excess_loss"][5]
    assert 0.5**8 < early < 0.5**3  # the step of rate 0.5, and not that of 0.7 or 1.3
