"""How far a reading may move, which mistakes are noticed, and how often the audit is wrong."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from audit_helpers import GOOD, audit, calibration, changed, runs, sources, tables

from emmoe.audit import nulls, power, stress
from emmoe.audit.build import build
from emmoe.audit.mutations import mutations
from emmoe.audit.verdicts import Verdict

OFF = {"held_out": 1.0}


@cache
def found():
    return build(sources(ours=runs(offset=90.0)))


@cache
def measured():
    return power.table(found().evidence)


@pytest.mark.parametrize("towards", [0.5, 2.0])
def test_the_first_change_is_found_to_a_fraction(towards):
    edge = towards**0.3
    kept = lambda factor: (factor - edge) * (towards - 1) < 0  # noqa: E731
    assert power.first_change(kept, towards) == pytest.approx(edge, rel=4e-3)
    assert np.isnan(power.first_change(lambda factor: True, towards))


def test_every_reading_with_a_verdict_has_its_power_and_it_is_where_the_verdict_changes():
    rows = found().rows.set_index("claim_id")
    own = measured().set_index("claim_id")
    judged = rows[(rows["verdict"] == Verdict.REPRODUCED) & rows["reported"].notna()]
    assert set(judged.index) <= set(own.index)
    row = own.loc["figure_2a_em_2"]
    assert row["percent_up"] > 0 and not row["no_power"]
    for value, good in ((row["high"] * 0.98, True), (row["high"] * 1.02, False)):
        other, _ = audit(claims=changed("figure_2a_em_2", value=value), ours=runs(offset=90.0))
        assert power.good(Verdict(other.loc["figure_2a_em_2", "verdict"])) == good


def test_power_is_that_of_the_test_itself():
    """With one setting, on the readings, the change is the critical value times the error."""
    group = found().evidence.groups["symmetric_linear"]
    key = ("figure_2a_em", "held_out")
    panel, own = group.candidates["em"].panels[key], measured().set_index("claim_id")
    at = list(group.parts[key].readings["claim_id"]).index("figure_2a_em_2")
    edge = panel.reported[at] + panel.critical[0] * panel.error[0, at]
    assert own.loc["figure_2a_em_2", "high"] == pytest.approx(edge, rel=4e-3)


def test_the_interval_stands_beside_the_verdict():
    rows = power.beside(found().rows, measured()).set_index("claim_id")
    own = measured().set_index("claim_id")
    assert rows.loc["figure_2a_em_2", "kept_to"] == own.loc["figure_2a_em_2", "high"]


def test_a_good_verdict_without_power_is_not_determinable_and_a_bad_one_stays():
    rows = found().rows.set_index("claim_id")
    bad, met, rest = "figure_2a_em_4", "figure_2a_em_2", "figure_2b_em_2"
    table = found().rows.copy()
    table.loc[table["claim_id"] == bad, "verdict"] = Verdict.INCONSISTENT
    weak = measured().assign(no_power=measured()["claim_id"].isin([bad, met]))
    own = power.beside(table, weak).set_index("claim_id")
    assert rows.loc[met, "verdict"] == Verdict.REPRODUCED
    assert own.loc[met, "verdict"] == Verdict.NOT_DETERMINABLE
    assert own.loc[met, "reason"].startswith("No power: any number within a factor 2 of ")
    assert own.loc[bad, "verdict"] == Verdict.INCONSISTENT
    assert own.loc[rest, ["verdict", "reason"]].equals(rows.loc[rest, ["verdict", "reason"]])


def test_the_power_of_one_claim_is_that_in_the_table():
    one = power.table(found().evidence, only="figure_2a_em_2")
    wanted = measured()[measured()["claim_id"] == "figure_2a_em_2"]
    pd.testing.assert_frame_equal(one, wanted.reset_index(drop=True), check_dtype=False)
    assert power.table(found().evidence, only="abstract_1_mirror_descent").empty


def test_mistakes_of_every_kind_are_made_and_touch_only_what_they_say():
    claims, groups = sources().claims, dict(found().evidence.groups)
    made = mutations(claims, groups, np.random.default_rng(0))
    assert len(made) >= 190 and len({own.kind for own in made}) == 11
    ids = claims["claim_id"]
    for own in made[::7]:
        different = (own.claims != claims) & ~(own.claims.isna() & claims.isna())
        assert set(ids[different.any(axis=1)]) == set(own.touched), own.what
        assert own.touched, own.what


def test_a_mistake_beyond_the_power_is_noticed_and_one_within_it_is_told_apart(monkeypatch):
    own = sources(ours=runs(offset=90.0))
    value = own.claims.set_index("claim_id").loc["figure_2a_em_2", "value"]
    far, near = (changed("figure_2a_em_2", value=value * factor) for factor in (3.0, 1.001))
    touched = frozenset(["figure_2a_em_2"])
    made = [stress.Mutation("digit", "x", table, touched) for table in (far, near)]
    monkeypatch.setattr(stress, "mutations", lambda *_: made)
    rows = stress.mutated(own, measured())
    assert list(rows["outcome"]) == [stress.NOTICED, stress.WITHIN]
    assert list(rows["beyond_power"]) == [True, False] and list(rows["lost"]) == [True, False]


def test_a_null_paper_drawn_from_a_setting_is_not_called_wrong(monkeypatch):
    monkeypatch.setattr(nulls, "COUNT", 2)
    settings = calibration({"one": OFF, "three": {}}, fresh=False)
    rows = stress.drawn(sources(calibration=settings, ours=runs(offset=90.0)))
    assert len(rows) == 4 and set(rows["between"]) == {False, True}
    assert rows["curves_bad"].sum() <= 0.05 * rows["curves"].sum()


def test_no_null_paper_is_drawn_where_nothing_is_accepted_for_all_algorithms():
    settings = calibration({"far": {"calibration": 50.0, "held_out": 50.0}}, fresh=False)
    rows = stress.drawn(sources(calibration=settings, ours=runs(offset=90.0)))
    assert list(rows) == stress.NULLS and rows.empty


def test_tables_of_the_world_hold_what_the_outcomes_say():
    settings, scores, predictions = tables(GOOD)
    assert len(settings) == 6 and set(scores["part"]) == {"calibration", "held_out"}
    assert predictions["replicates"].eq(16).all()
