"""Jobs: run from plain data, whole or absent, recorded, and known again by who reads them."""

import json
import os
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from records import record

from emmoe.jobs import base
from emmoe.jobs._batches import small_batches
from emmoe.jobs._inputs import Inputs, check
from emmoe.jobs.base import CURRENT, STALE, every_job, execute
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.product import Product, batches
from emmoe.store.errors import DataError

SMALL = {
    "model": {"name": "symmetric_linear"},
    "data": {"name": "synthetic", "n": 40, "d": 2, "norm_beta": 2, "norm_w": 2, "angle": "random"},
    "start": {"name": "random_direction", "norm": 1.0},
    "replicates": 2,
    "replicates_per_block": 1,
    "iterations": 3,
    "fitters": {"em": {"algorithm": "em"}, "gd": {"algorithm": "gradient_descent", "step": 0.1}},
}
RACE = {name: SMALL[name] for name in ("model", "data", "start")} | {
    "replicates": {"tuning": 1, "comparison": 2},
    "passes": 9,
    "targets": {"near": {"gap": 0.1}},
    "rivals": {"em": {"algorithm": "em"}},
}
FIGURE = {"draw": "figure_2", "target": "figures", "reads": {"summary": "small"}}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A record of a small experiment, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    figures = {"figure_2": FIGURE | {"curves": {"em": "EM"}}}
    return record("results", experiments={"small": SMALL}, figures=figures)


def run(job):
    execute(job.work, job.inputs)
    return job


def run_all(record):
    for job in [*Fit.every(record), *Gather.every(record), *Product.every(record)]:
        run(job)


def test_job_leaves_its_outputs_and_its_provenance_and_is_current(own):
    job = run(next(Fit.every(own)))
    made = job.found()
    assert (made.kind, made.name, made.code) == ("fit", job.name, job.code)
    assert set(made.outputs) == {job.layout.inside(path) for path in job.outputs.values()}
    assert made.environment.versions["numpy"] and made.seconds >= 0
    assert job.state() == CURRENT
    left = [path for _, _, names in os.walk("results") for path in names if path.startswith(".")]
    assert left == []


def test_result_of_other_settings_is_stale(own):
    run(next(Fit.every(own)))
    other = record("results", experiments={"small": SMALL | {"tolerance": 1e-3}})
    assert next(Fit.every(other)).state() == STALE


def test_result_of_other_code_is_stale(own, monkeypatch):
    job = run(next(Fit.every(own)))
    monkeypatch.setattr(base, "_code", lambda *code: "other")
    assert job.state() == STALE


@pytest.mark.parametrize("kind", ["trace", "runs"])
def test_changed_result_is_named_by_its_state_and_by_who_reads_it(own, kind):
    run_all(own)
    job = next(Fit.every(own))
    path = Path(job.outputs[kind])
    path.write_bytes(path.read_bytes() + b"x")
    assert job.state() == f"{path}: {base.files.CHANGED}"
    with pytest.raises(DataError, match=f"^{path}: edited or damaged"):
        run(next(Gather.every(own)))


def test_missing_and_damaged_provenance_are_named(own):
    job = run(next(Fit.every(own)))
    text = Path(job.provenance).read_text(encoding="utf-8")
    for damaged in ("", text[:20], "[]", '{"kind": 1}'):
        Path(job.provenance).write_text(damaged, encoding="utf-8")
        assert job.state() == f"{job.provenance}: {base.files.CHANGED}"
    Path(job.provenance).unlink()
    assert job.state() == f"{job.provenance} is missing"


def test_result_that_its_provenance_does_not_know_is_named(own):
    job = run(next(Fit.every(own)))
    other = msgspec.structs.replace(job.found(), outputs={})
    base.files.write_bytes(other.sealed(), job.provenance)
    with pytest.raises(DataError, match="does not know it"):
        check(job.layout, job.outputs["trace"])


def test_job_of_other_code_than_planned_is_refused_and_leaves_nothing(own):
    work = msgspec.structs.replace(next(Fit.every(own)).work, code="0" * 64)
    with pytest.raises(DataError, match="its code was changed while the run went on"):
        execute(work, {})
    assert not Path("results").exists()


def test_failed_job_leaves_no_provenance(own, monkeypatch):
    job = run(next(Fit.every(own)))

    def failing(*arguments):
        raise DataError("no")

    monkeypatch.setattr(base.files, "write", failing)
    with pytest.raises(DataError):
        run(job)
    assert not Path(job.provenance).exists()


def test_job_runs_from_json_alone(own):
    """What its process gets crosses to another one as text."""
    job = next(Fit.every(own))
    work = json.loads(json.dumps(base.plain(job.work)))
    base.run_all([work], {"downloads": []})
    assert job.state() == CURRENT


def test_file_from_outside_is_read_as_it_is(own):
    Path("claims.csv").write_text("a\n1\n", encoding="utf-8")
    inputs = Inputs(base.layout_of(own), {"claims": ["claims.csv"]})
    assert inputs.frame("claims")["a"].tolist() == [1]
    assert set(inputs.hashes()) == {"claims.csv"}


def test_truncated_table_is_refused_in_one_line(own):
    Path("claims.parquet").write_bytes(b"PAR1")
    inputs = Inputs(base.layout_of(own), {"claims": ["claims.parquet"]})
    with pytest.raises(DataError, match=r"^claims\.parquet: not a readable table") as caught:
        inputs.frame("claims")
    assert len(str(caught.value).splitlines()) == 1


def test_every_kind_of_job_names_its_code_and_crosses_as_plain_data(own):
    for job in every_job(own):
        assert len(job.code) == 64 and job.name and job.outputs
        assert msgspec.convert(base.plain(job.task), job.Task) == job.task
        for path in job.outputs.values():
            assert job.layout.provenance_of(path) == job.provenance


def test_no_two_jobs_write_the_same_file(own):
    paths = [p for job in every_job(own) for p in (*job.outputs.values(), job.provenance)]
    assert len(paths) == len(set(paths))


def test_gathered_tables_hold_every_run(own):
    run_all(own)
    runs = pd.read_parquet("results/runs/small.parquet")
    assert runs.groupby("fitter")["replicate"].agg(list).to_dict() == {"em": [0, 1], "gd": [0, 1]}
    assert {"model", "start", "n", "norm_w"} <= set(runs)
    assert Path("results/figures/figure_2.png").read_bytes().startswith(b"\x89PNG")


def test_tables_come_before_what_reads_them():
    tables = {"late": {"draw": "rates", "target": "sweep", "reads": {"runs": {"a": "small"}}}}
    draw = {"draw": "heat_maps", "target": "sweep", "reads": {"table": {"rates": "late"}}}
    draw["options"] = {"shows": "rates", "model": "symmetric_linear", "angle": 45}
    rated = SMALL | {"analyses": ["rates"], "data": SMALL["data"] | {"angle": 45}}
    own = record(experiments={"small": rated}, figures={"early": draw}, tables=tables)
    (jobs,) = batches(own).values()
    assert [job.name for job in jobs] == ["tables/late", "figures/early"]


def test_small_jobs_that_say_so_are_done_together():
    small = {"measure": "inversion", "experiment": "small", "options": {"fitter": "em"}}
    small |= {"fitters": {"em": {"algorithm": "em"}}}
    images = SMALL | {"model": {"name": "logistic_experts"}}
    images |= {"data": {"name": "random_invert_digits"}}
    images |= {"start": {"name": "gaussian", "variance": 0.01}}
    race = {"extends": "race", "together": True}
    own = record(
        experiments={"small": images, "tiny": SMALL | {"together": True}},
        probes={"a": small | {"together": True}, "b": small, "c": small | {"together": True}},
        contests={"race": RACE, "sprint": race, "dash": race},
    )
    found = {name: [job.name for job in jobs] for name, jobs in small_batches(own).items()}
    fits = [fit.name for fit in Fit.of_all(own, "tiny")]
    assert found == {
        "fits_tiny": [*fits, "tiny"],
        "probes_inversion": ["a", "c"],
        "contests_of_paper": ["sprint", "dash"],
    }
