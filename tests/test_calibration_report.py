"""The calibration's tables, bands and page, on a handful of settings made by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from calibration_helpers import BASE, LAST, SEARCH, curves_of, descent, drawn_by
from records import family
from scipy import stats

from emmoe.calibration.bands import bands, region, settings_table
from emmoe.calibration.report import declared, text
from emmoe.jobs._inputs import Inputs
from emmoe.jobs.calibrate_keep import CalibrateKeep, KeepTask
from emmoe.record.searches import DataSearch
from emmoe.store.layout import Layout

REACH = {"beta": [0.05, 0.5], "w": [0.2, 2.0]}
RANGES = {"d": [2, 9], "norm_w": [1.0, 4.0]}
COUNTS = {"draws": 1, "kept": 1, "per_part": 1}
STEPS = {"inner_steps": [1], "reach": REACH, "draws": {"separate": 1, "equal": 0}}
OWN = family(
    BASE,
    SEARCH | {"data": COUNTS | {"ranges": RANGES}, "steps": {"gradient_descent": STEPS}},
)
CURVES = [f"figure_{panel}_gradient_descent" for panel in ("1a", "1b", "2a", "2b")]
IDS = ["linear-000-gd-00", "linear-000-gd-01", "linear-001-gd-00"]


def row(setting, accepted, **parameters):
    facts = {"setting": setting, "family": "symmetric_linear", "algorithm": "gradient_descent"}
    return facts | {"d": 3, "inner_steps": 1} | parameters | {"accepted": accepted}


def score(setting, curve, part, met):
    score = {"setting": setting, "curve_id": curve, "part": part, "readings": 3}
    return score | {"statistic": 1.0, "critical": 3.0 if met else 0.5, "met": met}


def found(accepted):
    """Tables of three settings: those `accepted` meet all curves, the first meets 2a in any case,
    the last went no further than the first stage."""
    settings = settings_table(
        [
            row(name, name in accepted, step_beta=0.1 + 0.1 * i, step_w=0.5, norm_w=2.0)
            for i, name in enumerate(IDS)
        ]
    )
    scores = []
    for name in IDS:
        for curve in CURVES[2:]:
            met = name in accepted or (name == IDS[0] and curve == CURVES[2])
            scores.append(score(name, curve, "calibration", met))
        if name != IDS[2]:
            scores += [score(name, curve, "held_out", name == IDS[0]) for curve in CURVES]
    predictions = pd.DataFrame(
        [
            {"setting": name, "curve_id": curve, "iteration": t, "mean": i + t, "std": 0.5}
            for i, name in enumerate(IDS[:2])
            for curve in CURVES
            for t in range(0, LAST + 1, 2)
        ]
    ).assign(replicates=9)
    return settings, pd.DataFrame(scores), predictions


@pytest.fixture(scope="module")
def read():
    return curves_of(drawn_by(descent(), instances=4))


def test_region_is_joint_where_it_can_be_else_the_curves_own_else_empty():
    assert region(*found(IDS[:2]), CURVES[0]) == ("jointly", set(IDS[:2]))
    assert region(*found([]), CURVES[2]) == ("for the curve", {IDS[0]})
    assert region(*found([]), CURVES[3]) == ("none", set())
    assert region(*found([]), CURVES[0]) == ("none", set())


def test_settings_dropped_early_are_in_no_region():
    assert region(*found(IDS), CURVES[2]) == ("jointly", set(IDS[:2]))


def test_band_spans_the_accepted_means_and_both_sampling_errors(read):
    table = bands(*found(IDS[:2]), read)
    assert list(table["curve_id"].unique()) == CURVES
    at = table[(table["curve_id"] == CURVES[2]) & (table["iteration"] == 6)].iloc[0]
    half = stats.t.ppf(0.975, 8) * 0.5 * np.sqrt(1 / 9 + 1 / 50)
    assert (at["low"], at["high"]) == pytest.approx((6 - half, 7 + half))
    assert (at["part"], at["settings"], at["accepted"]) == ("held_out", 2, "jointly")
    assert table[table["part"] == "calibration"]["iteration"].unique().tolist() == [0, 4, 12]


def test_a_curve_without_a_setting_has_an_empty_band(read):
    table = bands(*found([]), read)
    assert table[table["curve_id"] == CURVES[3]][["low", "high"]].isna().all(axis=None)
    assert (table[table["curve_id"] == CURVES[3]]["settings"] == 0).all()


def test_declared_ranges_are_named_as_in_the_page():
    assert declared(OWN, "gradient_descent") == {
        "d": (2, 9), "norm_w": (1.0, 4.0), "inner_steps": (1, 1), "reach_beta": (0.05, 0.5),
        "reach_w": (0.2, 2.0),
    }  # fmt: skip
    assert set(declared(OWN, "em")) == {"d", "norm_w"}
    grids = {
        "em": {"inner_steps": [5, 9], "reach": [0.4, 0.2], "gate_ratio": [1], "per_part": 1},
        "one_step": {"step": [0.1, 0.3], "gate_ratio": [1, 2], "per_part": 3},
    }
    own = family(BASE, SEARCH | {"grids": grids})
    assert declared(own, "em")["reach_experts"] == (0.2, 0.4)
    assert declared(own, "gradient_em") == {"step_experts": (0.1, 0.3), "gate_ratio": (1, 2)}


def page(accepted, read):
    tables = found(accepted)
    return text({"symmetric_linear": OWN}, *tables, bands(*tables, read))


def test_page_counts_ranges_and_tells_where_the_search_cut_them(read):
    said = page(IDS[:2], read)
    assert "| gradient_descent | 3 | 2 | figure_2a_gradient_descent | 2 |" in said
    assert "| reach_beta | 0.05 | 0.5 | 0.1 | 0.15 | 0.2 |  |" in said
    assert "| d | 2 | 9 | 3 | 3 | 3 |  |" in said
    steps = found(IDS[:2])[0].assign(step_w=0.21)
    cut = text({"symmetric_linear": OWN}, steps, *found(IDS[:2])[1:], bands(*found([]), read))
    assert "| reach_w | 0.2 | 2 | 0.21 | 0.21 | 0.21 | below |" in cut
    assert "| figure_2a_gradient_descent | 2 | jointly | 6 |" in said


def test_page_names_the_curves_that_no_setting_meets(read):
    said = page([], read)
    assert f"No setting meets the calibration readings of: {CURVES[3]}." in said
    assert "No setting meets the held-out readings of: (none)." in said
    assert f"| {CURVES[3]} | 0 | none | 6 |  |  |" in said


def test_kept_data_settings_are_accepted_ones_in_order_with_their_numbers(tmp_path):
    points = tuple((n, {"d": float(n + 1)}) for n in range(6))
    parts = [str(tmp_path / f"{i}.json") for i in range(2)]
    accepted = [True, False, True, True, False, True]
    for path, rows in zip(parts, (accepted[:4], accepted[4:]), strict=True):
        with open(path, "w", encoding="utf-8") as stream:
            json.dump({"settings": [{"accepted": a} for a in rows]}, stream)
    inputs = Inputs(Layout(), {"parts": parts})
    for count, kept in ((9, [0, 2, 3, 5]), (2, [0, 5])):
        task = KeepTask(points, DataSearch(draws=5, kept=count, per_part=3, ranges={"d": (1, 6)}))
        chosen = CalibrateKeep.run("x", task, inputs).contents["kept"]["kept"]
        assert [number for number, _ in chosen] == kept and chosen[0][1] == {"d": 1.0}
