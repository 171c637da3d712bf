"""A setting must scatter as the paper's instances do, not only agree in the mean."""

import numpy as np
import pandas as pd
import pytest

from emmoe.calibration.readings import Curve
from emmoe.calibration.spreads import accepted, checked, furthest


def test_factor_is_the_furthest_of_all_readings_on_either_side():
    assert furthest([1.0, 4.0, 1.0], [1.0, 2.0, 1.5], [0, 0, 0]) == 2.0
    assert furthest([1.0, 0.5], [1.0, 2.0], [0, 0]) == 4.0


def test_uncertainty_of_reading_is_given_to_the_setting():
    assert furthest([0.3], [0.1], [0.2 / np.sqrt(2)]) == pytest.approx(1.0)
    assert furthest([0.6], [0.1], [0.2 / np.sqrt(2)]) == pytest.approx(2.0)
    assert furthest([0.2], [0.6], [0.2 / np.sqrt(2)]) == pytest.approx(2.0)


def test_spreads_that_cannot_be_read_say_nothing_and_none_at_all_is_far_from_some():
    assert furthest([5.0], [np.nan], [0.1]) == 1.0
    assert furthest([0.0], [1.0], [0.1]) == np.inf
    assert furthest([0.0], [0.1], [0.1]) == 1.0


@pytest.fixture
def scores():
    """Three settings at a curve with two readings for calibration and one held out: `wide`
    scatters too much at the held-out one, `far` at another, and `short` was dropped early."""
    readings = {"iteration": [0, 1, 2], "spread": [1.0, 1.0, 1.0], "uncertainty": 0.0}
    readings = pd.DataFrame(readings | {"part": ["calibration", "calibration", "held_out"]})
    curve = Curve("c", "figure_2", "2a", "em", "loss", readings, 50)
    stds = {"good": [1, 2, 0.5], "wide": [1, 1, 9], "far": [1, 9, 1]}
    predictions = pd.DataFrame(
        {"setting": name, "curve_id": "c", "iteration": t, "std": float(std)}
        for name, own in stds.items()
        for t, std in enumerate(own)
    )
    rows = [(name, part) for name in stds for part in ("calibration", "held_out")]
    table = pd.DataFrame([*rows, ("short", "calibration")], columns=["setting", "part"])
    return checked(table.assign(curve_id="c", met=True), predictions, [curve])


def test_settings_that_scatter_otherwise_do_not_meet_a_curve(scores):
    found = scores.set_index(["setting", "part"])
    assert found["met"].to_dict() == {
        ("good", "calibration"): True, ("good", "held_out"): True,
        ("wide", "calibration"): True, ("wide", "held_out"): False,
        ("far", "calibration"): False, ("far", "held_out"): True,
        ("short", "calibration"): False,
    }  # fmt: skip
    assert found.loc[("good", "calibration"), "spread"] == 2.0
    assert np.isnan(found.loc[("short", "calibration"), "spread"])


def test_acceptance_hangs_on_calibration_readings_alone(scores):
    settings = pd.DataFrame({"setting": ["good", "wide", "far", "out"]})
    settings["accepted"] = [True, True, True, False]
    assert accepted(settings, scores).tolist() == [True, True, False, False]
