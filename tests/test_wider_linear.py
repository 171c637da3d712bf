"""The wider search for Figures 1 and 2: over angles and over the law of the start's direction."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from calibration_helpers import BASE, STAGES
from msgspec import convert, structs, to_builtins
from records import family
from workflow_helpers import ROOT

from emmoe.calibration import search, symmetric_linear
from emmoe.calibration.bands import settings_table
from emmoe.calibration.family import families
from emmoe.calibration.readings import CALIBRATION, HELD_OUT
from emmoe.calibration.report import by_choice, together
from emmoe.jobs._inputs import Inputs
from emmoe.jobs.calibrate_keep import CalibrateKeep, KeepTask
from emmoe.models.regression import Sample
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.record.entries import Component
from emmoe.record.read import load
from emmoe.store.layout import Layout

FILES = [ROOT / "config.yaml", ROOT / "studies" / "wider_linear.yaml"]
REPORTED = pd.read_csv(ROOT / "data" / "reported" / "claims.csv")
CHOICES = {"angle": ["random", 30], "cosine_beta": [0.9], "cosine_w": ["random", -0.5]}
RANGES = {
    "d": [3, 5], "n_over_d": [60, 90], "norm_beta": [1.2, 1.3], "norm_w": [1.2, 1.3],
    "start_beta": [1.1, 1.12], "start_beta_sd": [0.15, 0.18], "start_w": [0.83, 0.85],
    "start_w_sd": [0.15, 0.16],
}  # fmt: skip
SEARCH = {
    "figures": ["figure_1", "figure_2"], "calibration": {"figure_2": [0, 4, 10]}, "instances": 3,
    "stages": [to_builtins(stage) for stage in STAGES],
    "data": {"draws": 8, "kept": 2, "per_part": 9, "ranges": RANGES, "choices": CHOICES},
    "steps": {
        "gradient_descent": {
            "inner_steps": [1], "reach": {"beta": [0.08, 0.12], "w": [0.05, 0.15]},
            "draws": {"separate": 2, "equal": 0},
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def own():
    settings = {**BASE.start.settings, "cosine": {"beta": "random", "w": "random"}}
    base = structs.replace(BASE, start=Component("inclined", settings))
    return family(base, SEARCH, "symmetric_linear_wider")


def test_every_combination_is_drawn_equally_often(own):
    first, *drawn = symmetric_linear.data_points(own)
    assert first["angle"] == 60 and first["cosine_beta"] == first["cosine_w"] == "random"
    combinations = [tuple(point[name] for name in CHOICES) for point in drawn]
    assert sorted(combinations, key=str) == sorted([*product(*CHOICES.values())] * 2, key=str)


def test_committed_search_has_eight_data_settings_of_each_combination():
    found = families(load(FILES))["symmetric_linear_wider"]
    _, *drawn = symmetric_linear.data_points(found)
    counts = pd.DataFrame(drawn).value_counts(list(found.search.data.choices))
    assert len(counts) == 80 and set(counts) == {8}


def test_without_choices_the_points_are_those_of_the_ranges_alone(own):
    plain = structs.replace(own.search.data, choices={})
    narrow = structs.replace(own, search=structs.replace(own.search, data=plain))
    pairs = zip(
        symmetric_linear.data_points(own), symmetric_linear.data_points(narrow), strict=True
    )
    for point, other in pairs:
        assert {name: value for name, value in point.items() if name not in CHOICES} == other


def test_choices_are_what_is_simulated_and_a_row_is_simulated_again(own, tmp_path):
    points = list(enumerate(symmetric_linear.data_points(own)))
    settings = [symmetric_linear.data_setting(n, point, own.base) for n, point in points]
    for (_, point), setting in zip(points, settings, strict=True):
        assert setting.experiment.data.settings["angle"] == point["angle"]
        cosine = {"beta": point["cosine_beta"], "w": point["cosine_w"]}
        assert setting.experiment.start.settings["cosine"] == cosine
    facts = {"family": own.name, "algorithm": "em", "accepted": True}
    rows = [{"setting": s.names["em"], **facts, **s.parameters} for s in settings]
    settings_table(rows).to_csv(tmp_path / "settings.csv", index=False)
    for row, setting in zip(
        pd.read_csv(tmp_path / "settings.csv").to_dict("records"), settings, strict=True
    ):
        again = symmetric_linear.searched(row, own.base)
        assert again.experiment == setting.experiment and again.names == setting.names


def test_tasks_of_both_stages_come_back_from_builtins(own):
    part = search.part_task(own, "data", 0)
    keep = KeepTask(tuple(search.points(own)), own.search.data)
    for task in (part, keep):
        assert convert(to_builtins(task), type(task)) == task


def test_kept_points_spread_over_choices_too(own, tmp_path):
    angles = ["random"] * 2 + [30.0] + ["random"] * 3
    points = tuple((i, {"d": 3 + i, "angle": angle}) for i, angle in enumerate(angles))
    narrow = structs.replace(own.search.data, kept=2, choices={"angle": ("random", 30.0)})
    rows = [{"accepted": True}] * len(points)
    (tmp_path / "part.json").write_text(json.dumps({"settings": rows}), encoding="utf-8")
    inputs = Inputs(Layout(), {"parts": [str(tmp_path / "part.json")]})
    kept = CalibrateKeep.run("x", KeepTask(points, narrow), inputs).contents["kept"]["kept"]
    assert kept == [points[0], points[2]]
    plain = structs.replace(narrow, choices={})
    assert symmetric_linear.coordinates({"d": 3.0}, plain) == {"d": 3.0}


def test_of_an_angle_and_of_its_supplement_the_runs_are_the_same_with_y_and_w_negated():
    rng = np.random.default_rng(4)
    x, y, theta = rng.standard_normal((50, 3)), rng.standard_normal(50), rng.standard_normal(6)
    flip = np.repeat([1.0, -1.0], 3)
    one, other = (SymmetricLinear().bind(Sample(x, v)) for v in (y, -y))
    (loss, gradient, statistic), found = one.e_step(theta), other.e_step(theta * flip)
    assert loss == pytest.approx(found[0], rel=1e-12)
    assert gradient * flip == pytest.approx(found[1], rel=1e-10)
    step = one.m_step(theta, statistic, gradient, 1e-10) * flip
    assert step == pytest.approx(other.m_step(theta * flip, found[2], found[1], 1e-10), rel=1e-8)


def test_steps_are_searched_at_a_data_setting_with_its_choices(own):
    point = symmetric_linear.data_points(own)[3]
    task = search.part_task(own, "steps", 0)
    outcomes = search.search(task, REPORTED, [(3, point)], {})
    assert len(outcomes) >= 2
    for outcome in outcomes:
        assert {name: outcome.setting.parameters[name] for name in CHOICES} == {
            name: point[name] for name in CHOICES
        }


def table(*rows):
    names = ["setting", "algorithm", "angle", "accepted"]
    return settings_table([dict(zip(names, row, strict=True)) | {"family": "x"} for row in rows])


SETTINGS = [
    ("linear-000-em", "em", "random", True),
    ("linear-001-em", "em", 30, True),
    ("linear-002-em", "em", 30, False),
    ("linear-000-gd-00", "gradient_descent", "random", True),
    ("linear-000-gd-01", "gradient_descent", "random", True),
    ("linear-001-gd-00", "gradient_descent", 30, False),
    ("linear-000-gem-00", "gradient_em", "random", False),
]


def test_choices_are_counted_by_data_setting(own):
    declared = structs.replace(own.search.data, choices={"angle": ("random", 30, 60)})
    found = by_choice(table(*SETTINGS), declared).set_index("value")
    assert found["searched"].to_dict() == {"random": 1, "30": 2, "60": 0}
    assert found["accepted"].to_dict() == {"random": 1, "30": 1, "60": 0}
    assert found["tried with steps"].to_dict() == {"random": 1, "30": 1, "60": 0}
    assert found["gradient_descent"].to_dict() == {"random": 1, "30": 0, "60": 0}


def test_together_is_by_the_worst_reading_of_the_nearest_accepted_setting(own):
    declared = structs.replace(own.search.data, ranges={}, choices={"angle": ("random", 30)})
    ratios = {
        "linear-000-em": (0.5, 0.9), "linear-001-em": (0.1, 0.2), "linear-002-em": (5.0, 5.0),
        "linear-000-gd-00": (0.5, 3.0), "linear-000-gd-01": (0.8, 1.5),
        "linear-001-gd-00": (4.0, 4.0), "linear-000-gem-00": (0.1, 0.1),
    }  # fmt: skip
    facts = {"curve_id": "a", "critical": 2.0, "spread": 1.2}
    scores = pd.DataFrame(
        {"setting": name, "part": part, "statistic": 2 * ratio, **facts}
        for name, own in ratios.items()
        for part, ratio in zip((CALIBRATION, HELD_OUT), own, strict=True)
    )
    found = together(table(*SETTINGS), scores, declared)
    assert list(found["data setting"]) == ["linear-000", "linear-001"]
    assert list(found["gradient_descent"]) == [1.5, np.inf] and list(found["em"]) == [
        0.9,
        pytest.approx(0.4),
    ]
    assert list(found["gradient_em"]) == [np.inf, np.inf] == list(found["worst"])
    mine = scores["setting"] == "linear-000-gd-01"
    rest = table(*SETTINGS[:-1])
    assert list(together(rest, scores, declared)["worst"]) == [1.5, np.inf]
    diverged = scores.assign(
        critical=scores["critical"].where(~mine | (scores["part"] != HELD_OUT))
    )
    assert list(together(rest, diverged, declared)["worst"]) == [3.0, np.inf]
    wide = scores.assign(spread=scores["spread"].where(~mine, 6.0))
    assert list(together(rest, wide, declared)["worst"]) == [2.0, np.inf]
