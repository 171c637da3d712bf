"""The wider search for Figures 1 and 2: over angles and over the law of the start's direction."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from calibration_helpers import BASE, LAST, STAGES
from msgspec import convert, structs, to_builtins
from records import family
from workflow_helpers import ROOT

from emmoe.calibration import search, symmetric_linear
from emmoe.calibration.bands import settings_table
from emmoe.calibration.family import families
from emmoe.calibration.readings import CALIBRATION, HELD_OUT
from emmoe.calibration.report import by_choice, together
from emmoe.calibration.space import spread
from emmoe.jobs.calibrate_keep import KeepTask
from emmoe.models.regression import Sample
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.record.entries import Component
from emmoe.record.read import load

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


def test_kept_points_spread_over_choices_too(own):
    points = [{"d": 3 + 0.01 * i, "angle": a} for i, a in enumerate(["random"] * 5 + [30])]
    narrow = structs.replace(own.search.data, choices={"angle": ("random", 30)})
    places = [symmetric_linear.coordinates(point, narrow) for point in points]
    assert spread(places, 2) == [0, 5]
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
        assert outcome.setting.experiment.iterations != LAST  # simulate sets it


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
        "linear-001-gd-00": (4.0, 4.0),
    }  # fmt: skip
    scores = pd.DataFrame(
        {"setting": name, "curve_id": "a", "part": part, "statistic": 2 * ratio, "critical": 2.0}
        for name, own in ratios.items()
        for part, ratio in zip((CALIBRATION, HELD_OUT), own, strict=True)
    )
    found = together(table(*SETTINGS), scores, declared)
    assert list(found["data setting"]) == ["linear-000", "linear-001"]
    assert list(found["gradient_descent"]) == [1.5, np.inf]
    assert list(found["worst"]) == [1.5, np.inf] and list(found["em"]) == [0.9, 0.2]
