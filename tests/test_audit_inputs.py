"""Whatever the audit reads: a change of it changes a verdict or a number, or is marked stale."""

import json

import msgspec
import pandas as pd
import pytest
from audit_helpers import GOOD, RECORD, calibration, changed, runs, sources, world
from msgspec.structs import replace as other
from workflow_helpers import ROOT

from emmoe.audit.build import build
from emmoe.jobs import _calibrated
from emmoe.jobs.audit import Audit
from emmoe.record.entries import Record
from emmoe.store.errors import DataError

READING = "figure_2a_em_2"


def _claims():
    return build(sources(claims=changed(READING, value=0.9)))


def _calibration():
    return build(sources(calibration=calibration({"good": {"held_out": "fails"}})))


def _fresh():
    return build(sources(calibration=calibration(GOOD, fresh={"good": {"held_out": "fails"}})))


def _traces():
    return build(sources(ours=runs(offset=3.0)))


def _theory():
    return build(sources(theory="results/runs/x.parquet is missing"))


def _contests():
    columns = ["contest", "data", "currency", "label", "outcome_gd", "outcome_best"]
    row = ["a", "abc", "passes", "EM", "loss", "loss"]
    return build(sources(contests=pd.DataFrame([row], columns=columns)))


def _theorems():
    claims = world().evidence.claims
    own = claims.loc[claims["kind"] == "theorem", ["claim_id"]].set_axis(["claims"], axis=1)
    tried = {"form": "as printed", "tried_on": "runs", "trials": 9, "violations": 1, "verdict": ""}
    return build(sources(theorems=own.assign(**tried)))


CHANGES = {
    "claims": _claims, "calibration": _calibration, "fresh": _fresh, "traces": _traces,
    "theory": _theory, "contests": _contests, "theorems": _theorems,
}  # fmt: skip


def test_every_input_of_the_audit_has_its_change_here(monkeypatch):
    monkeypatch.chdir(ROOT)
    job = Audit(RECORD, "paper")
    assert set(job.inputs) == set(CHANGES)
    assert len(job.inputs["calibration"]) == 3 and len(job.inputs["fresh"]) >= 5


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_input_changes_the_audit(name):
    before, after = world(), CHANGES[name]()
    assert not before.rows.equals(after.rows)


@pytest.mark.parametrize("name", [*Record.__struct_fields__])
def test_a_changed_setting_makes_the_audit_anew_where_it_reads_it(name, monkeypatch):
    """What the record says of calibration, audit and runs is in the task, and nothing else is."""
    monkeypatch.chdir(ROOT)
    read = {"seed", "folders", "downloads", "experiments", "audit", "calibration"}
    task = Audit(RECORD, "paper").task
    kept = getattr(task.record, name)
    assert bool(kept) == (name in read)


def test_a_claim_of_the_theory_without_runs_is_not_tested_and_names_the_command():
    why = "results/runs/x.parquet is missing: run make paper"
    rows = build(sources(theory=why)).rows.set_index("claim_id")
    of_theory = rows.loc[["abstract_1_mirror_descent", "abstract_2_convergence"]]
    assert set(of_theory["verdict"]) == {"not tested"} and set(of_theory["reason"]) == {why}


def test_results_that_settings_or_code_no_longer_make_are_marked_stale():
    marked = build(sources(ours=runs(stale=(("symmetric_linear", "em"),)))).rows
    row = marked.set_index("claim_id").loc[READING]
    assert row["stale"] and row["reason"].startswith("stale (made by other code or settings)")
    searched = build(sources(stale_search={"symmetric_linear": "other settings"}))
    rows = searched.rows.set_index("claim_id")
    assert rows.loc[READING, "stale"] and not rows.loc["table2_em_accuracy", "stale"]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A stamp of what stands there now."""
    monkeypatch.chdir(ROOT)
    path = tmp_path / "stamp.json"
    families = _calibrated.families(RECORD)
    path.write_text(json.dumps(msgspec.to_builtins(_calibrated.stamp(families))), encoding="utf-8")
    return path


def test_the_kept_calibration_is_of_the_current_claims_settings_and_code(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert _calibrated.stale(RECORD, "results/reference/calibration/stamp.json") == {}


def test_a_calibration_is_stale_where_claims_settings_or_code_are_others(
    kept, tmp_path, monkeypatch
):
    assert _calibrated.stale(RECORD, str(kept)) == {}
    content = json.loads(kept.read_text(encoding="utf-8"))
    code = content | {"code": content["code"] | {"fashion_mnist": "x"}}
    kept.write_text(json.dumps(code | {"claims": "x"}), encoding="utf-8")
    found = _calibrated.stale(RECORD, str(kept))
    assert found["fashion_mnist"] == "other code simulated fashion_mnist: run make calibrate"
    assert "was edited after the calibration" in found["claims"] and len(found) == 2
    search = RECORD.calibration.families["symmetric_linear"]
    families = RECORD.calibration.families | {"symmetric_linear": other(search, instances=49)}
    changed_record = other(RECORD, calibration=other(RECORD.calibration, families=families))
    assert "other settings" in _calibrated.stale(changed_record, str(kept))["symmetric_linear"]
    assert _calibrated.stale(RECORD, str(tmp_path / "none.json")) == {}
    kept.write_text('{"claims": 3}', encoding="utf-8")
    with pytest.raises(DataError, match=r"stamp\.json"):
        _calibrated.stale(RECORD, str(kept))


def test_a_changed_step_of_ours_changes_the_stamp(monkeypatch):
    """The hand-set steps are searched, too."""
    monkeypatch.chdir(ROOT)
    own = RECORD.experiments["symmetric_linear"]
    fitters = own.fitters | {
        "gradient_descent": other(own.fitters["gradient_descent"], settings={"step": 0.2})
    }
    experiments = RECORD.experiments | {"symmetric_linear": other(own, fitters=fitters)}
    found = _calibrated.stale(
        other(RECORD, experiments=experiments), "results/reference/calibration/stamp.json"
    )
    assert set(found) == {"symmetric_linear"}
