"""The winners of a search, simulated anew: the same settings, other random numbers."""

import numpy as np
import pandas as pd
import pytest
from audit_helpers import FAMILIES, claims_file
from calibration_helpers import FAMILY, curves_of, descent, drawn_by
from msgspec.structs import replace
from workflow_helpers import ROOT

from emmoe.audit.winners import to_confirm
from emmoe.calibration import again, symmetric_linear
from emmoe.calibration.fashion_mnist import settings as fashion

KEPT = ROOT / "results" / "reference" / "calibration"


def kept():
    """The kept calibration's settings, scores and predictions."""
    names = ("settings.csv", "scores.csv")
    tables = [pd.read_csv(KEPT / name) for name in names]
    return *tables, pd.read_parquet(KEPT / "predictions.parquet")


def row(setting, family):
    name = next(iter(setting.names.values()))
    return {"setting": name, "algorithm": next(iter(setting.names)), **setting.parameters}


def test_a_row_of_the_table_is_the_setting_that_was_searched():
    family = FAMILIES["symmetric_linear"]
    number, point = 7, symmetric_linear.data_points(family)[7]
    setting = symmetric_linear.data_setting(number, point, family.base)
    assert symmetric_linear.searched(row(setting, family), family.base) == setting
    own = descent()
    found = symmetric_linear.searched(
        row(own, FAMILY) | symmetric_linear.hand_set(FAMILY.base), FAMILY.base
    )
    assert found.fitter == own.fitter and found.experiment == own.experiment
    family = FAMILIES["fashion_mnist"]
    setting = fashion(family)["em"][3]
    found = again.SEARCHED["fashion_mnist"](row(setting, family), family.base)
    assert found.fitter == setting.fitter and found.experiment == setting.experiment


def test_every_seed_has_the_paper_s_instances_and_numbers_of_its_own(monkeypatch):
    curves = curves_of(drawn_by(descent()))
    monkeypatch.setitem(again.SEARCHED, FAMILY.name, lambda own, base: descent())
    found = again.simulated({}, FAMILY, curves, [1, 2], {})
    assert list(found) == again.FRESH and set(found["seed"]) == {1, 2}
    assert (found["replicates"] == FAMILY.search.instances).all()
    assert found["critical"].between(2.0, 6.0).all()
    first, second = (found[found["seed"] == seed]["mean"].to_numpy() for seed in (1, 2))
    assert not np.allclose(first, second)


def test_readings_later_than_what_is_simulated_are_left_out(monkeypatch):
    curves = curves_of(drawn_by(descent()))
    last = max(curve.readings["iteration"].max() for curve in curves) - 1
    stages = (replace(FAMILY.search.stages[-1], iterations=int(last)),)
    family = replace(FAMILY, search=replace(FAMILY.search, stages=stages))
    monkeypatch.setitem(again.SEARCHED, FAMILY.name, lambda own, base: descent())
    found = again.simulated({}, family, curves, [1], {})
    assert found["iteration"].max() <= last and len(found) > 0


@pytest.mark.parametrize(
    ("algorithm", "names"),
    [
        ("em", ["linear-184-em", "fashion-em-11"]),
        ("gradient_descent", ["linear-184-gd-33", "linear-404-gd-40", "fashion-gd-14"]),
    ],
)
def test_winners_and_the_closest_to_a_contradiction_are_to_be_confirmed(algorithm, names):
    assert to_confirm(claims_file(), *kept(), FAMILIES, algorithm) == names


def test_what_was_kept_of_fresh_seeds_is_of_the_winners():
    for algorithm in ("em", "gradient_em", "gradient_descent"):
        wanted = set(to_confirm(claims_file(), *kept(), FAMILIES, algorithm))
        for family in FAMILIES:
            path = KEPT / "fresh" / f"{family}-{algorithm}.csv"
            if path.is_file():
                assert set(pd.read_csv(path)["setting"]) <= wanted
