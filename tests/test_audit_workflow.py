"""The audit in the workflow: what it covers, what a user sees, and the way back to a run."""

import csv
import shutil
import subprocess
import sys

import msgspec
import pytest
from workflow_helpers import ROOT, Checkout, environment

from emmoe.__main__ import main
from emmoe.jobs._inputs import read_made
from emmoe.store.files import write_bytes

pytestmark = pytest.mark.slow
FOLDER = "results/smoke/audit/figures"
CLAIM = "figure_2a_em_4"
EM = "results/smoke/traces/symmetric_linear/em"
SCRIPT = """
from emmoe.jobs.audit import Audit
from emmoe.jobs._inputs import Inputs
from emmoe.record.read import load

job = Audit(load("small.yaml"), "figures")
inputs = Inputs(job.layout, {name: job.inputs[name] for name in ("claims", "calibration")})
job.run(job.name, job.task, inputs).contents["rows"].to_csv("a.csv", index=False)
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A checkout with a small audit done, not to be changed."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("audit") / "checkout")
    config = checkout.config()
    config["audit"]["contests"] = {}
    config["audit"]["theory"] = {"figures": ["bounds_linear", "bounds_logistic"]}
    for name in config["audit"]["theory"]["figures"]:
        config["experiments"][name]["data"] |= {"n": 60}
        config["experiments"][name] |= {
            "iterations": 20,
            "analyses": ["rates", "certificate", "bounds"],
        }
    again = config["experiments"]["symmetric_linear"] | {"seed": 8}
    config["experiments"]["symmetric_linear_again"] = again
    config |= {name: {} for name in ("figures", "tables", "findings", "contests")}
    checkout.write_config(config)
    checkout.run(target="audit")
    return checkout


@pytest.fixture
def checkout(finished, tmp_path):
    """A copy of the finished checkout, to change."""
    return finished.copy(tmp_path / "checkout")


def python(checkout, *arguments):
    """Run Python in a checkout, on its own sources."""
    env = environment() | {"PYTHONPATH": "src"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=checkout.folder, env=env, capture_output=True, text=True
    )


def rows(checkout, path=f"{FOLDER}/audit.csv"):
    with open(checkout.folder / path, encoding="utf-8") as stream:
        return {row["claim_id"]: row for row in csv.DictReader(stream)}


def explained(checkout, claim=CLAIM):
    process = python(checkout, "-m", "emmoe", "explain", claim, "small.yaml")
    assert process.returncode == 0, process.stderr
    return process.stdout


def recomputed(checkout, text):
    """Run the command that an explanation has in its second line; return the row that it makes."""
    word, _, command = text.splitlines()[1].partition(" ")
    assert word == "recompute"
    program, *options = command.split()
    assert program == ".venv/bin/snakemake"
    process = python(checkout, "-m", "snakemake", *options)
    assert process.returncode == 0, process.stdout + process.stderr
    claim = text.partition(":")[0]
    return rows(checkout, f"results/smoke/audit/claims/{claim}.csv")[claim], process.stderr


def test_audit_of_figures_covers_all_claims_and_says_what_adds_the_rest(finished):
    with open(ROOT / "data" / "reported" / "claims.csv", encoding="utf-8") as stream:
        expected = [row["claim_id"] for row in csv.DictReader(stream)]
    found = rows(finished)
    assert list(found) == expected
    assert all(row["verdict"] and row["reason"] for row in found.values())
    assert found["table2_em_accuracy"]["reason"] == "not made by make figures: run make paper"
    assert float(found[CLAIM]["reproduced"]) > 0
    assert found["figure_2a_gradient_descent_60"]["reason"] == "our runs end before it"


def test_second_audit_does_nothing_even_once_the_paper_s_results_are_there(checkout):
    assert "Nothing to be done" in checkout.run(target=f"{FOLDER}/audit.csv")
    (checkout.folder / "results/smoke/traces/fashion_mnist/em").mkdir(parents=True)
    assert "Nothing to be done" in checkout.run(target=f"{FOLDER}/audit.csv")


def test_audit_of_the_paper_leaves_the_audit_of_figures_alone(checkout):
    wanted = "results/smoke/audit/paper/audit.csv"
    plan = checkout.run("--dry-run", target=wanted)
    made = [line for line in plan.splitlines() if line.strip().startswith("output:")]
    for name in ("fashion_mnist", "fashion_mnist_again"):
        assert any(f"traces/{name}/" in line for line in made)
    assert not any("traces/symmetric_linear/" in line or FOLDER in line for line in made)


def test_explain_leads_from_a_claim_to_its_run_and_back(checkout):
    text = explained(checkout)
    before = rows(checkout)[CLAIM]
    for part in (
        f"claim      {CLAIM}: value, figure_2a",
        "reported   0.05556 +-",
        f"verdict    {before['verdict']}",
        f"audit      {FOLDER}/audit.csv",
        f"file       {EM}/",
        "run        symmetric_linear/em: seed 7, replicates 0 to 0, commit",
        "(current)",
        "setting    experiments.symmetric_linear.data.n = 60",
    ):
        assert part in text, text
    assert "gradient_descent" not in text  # only what is behind this number
    row, said = recomputed(checkout, text)
    assert row["reproduced"] == before["reproduced"] and row["verdict"] == before["verdict"]
    assert f"{CLAIM}: reported 0.05556" in said
    assert "symmetric_linear/em" in said and "gradient_em" not in said


def test_explain_works_from_the_reference_alone(checkout):
    results = checkout.folder / "results" / "smoke"
    config = checkout.config()
    del config["audit"]["runs"]["logistic_experts"]  # so that all of the paper is there
    checkout.write_config(config)
    checkout.run(target="results/smoke/audit/paper/audit.csv")
    kept = python(checkout, "-m", "emmoe", "keep", "small.yaml")
    assert kept.returncode == 0, kept.stderr
    before = rows(checkout)[CLAIM]
    for path in results.iterdir():
        if path.is_dir() and path.name != "reference":
            shutil.rmtree(path)
    text = explained(checkout)
    assert "audit      results/smoke/reference/audit/paper/audit.csv" in text
    assert "seed 7, replicates 1 to 1" in text and "(current)" in text
    row, _ = recomputed(checkout, text)
    assert row["reproduced"] == before["reproduced"]
    checkout.set("fitters", "em", "m_step_tolerance", 0.5)
    assert "STALE: not the current code and settings" in explained(checkout)


def test_results_of_other_settings_are_never_passed_off_as_current(checkout):
    checkout.set("fitters", "em", "m_step_tolerance", 0.5)
    process = python(checkout, "-m", "emmoe", "explain", CLAIM, "small.yaml")
    assert process.returncode == 1 and "no current audit of figure_2a_em_4" in process.stderr
    assert python(checkout, "-c", SCRIPT).returncode == 0
    found = rows(checkout, "a.csv")
    assert found[CLAIM]["stale"] == "True" and found[CLAIM]["reason"].startswith("stale")
    assert found["figure_2a_gradient_em_4"]["stale"] == "False"
    ordering = found["figure_2a_em_before_gradient_em"]
    assert ordering["verdict"] == "not tested" and "stale" in ordering["reason"]


def test_deleted_and_mixed_results_give_not_tested(checkout):
    first, second = sorted((checkout.folder / EM).glob("*.parquet"))
    sidecar = second.with_name(second.name.replace(".parquet", ".provenance.json"))
    other = msgspec.structs.replace(read_made(str(sidecar)), code="0" * 64)
    write_bytes(other.sealed(), sidecar)
    assert python(checkout, "-c", SCRIPT).returncode == 0
    row = rows(checkout, "a.csv")[CLAIM]
    assert row["verdict"] == "not tested" and "mix current and stale results" in row["reason"]
    first.unlink()
    assert python(checkout, "-c", SCRIPT).returncode == 0
    row = rows(checkout, "a.csv")[CLAIM]
    assert row["verdict"] == "not tested" and row["reproduced"] == ""
    assert row["reason"] == f"{first.relative_to(checkout.folder)} is missing"


def test_a_malformed_claim_stops_the_audit_and_is_named_by_its_line(checkout):
    path = checkout.folder / "data" / "reported" / "claims.csv"
    lines = path.read_text().splitlines()
    lines[7] = lines[7].replace(",value,", ",number,").replace(",bound,", ",number,")
    path.write_text("\n".join(lines) + "\n")
    process = checkout.call(target=f"{FOLDER}/audit.csv")
    output = process.stdout + process.stderr
    assert process.returncode != 0 and "claims.csv, line 8: kind: 'number' is not one of" in output
    assert "Traceback" not in output


def test_strict_audit_fails_where_a_verdict_is_worse_than_in_the_reference(checkout):
    process = checkout.call(target="audit_strict")
    assert process.returncode != 0 and "nothing to compare with" in process.stderr
    reference = checkout.folder / "results/smoke/reference/audit/paper/audit.csv"
    reference.parent.mkdir(parents=True)
    shutil.copy(checkout.folder / FOLDER / "audit.csv", reference)
    assert "no verdict is worse" in checkout.run(target="audit_strict")
    text = reference.read_text()
    assert f"\n{CLAIM},not tested," in text
    reference.write_text(text.replace(f"\n{CLAIM},not tested,", f"\n{CLAIM},reproduced,"))
    process = checkout.call(target="audit_strict")
    assert process.returncode != 0
    assert f"{CLAIM}: not tested, was reproduced" in process.stderr


def test_an_unknown_claim_is_told_with_the_nearest_ones(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as error:
        main(["explain", "figure_2a_em_1000"])
    line = str(error.value)
    assert line.startswith("error: no claim 'figure_2a_em_1000': the nearest are figure_2a_em_10")
    assert "\n" not in line
