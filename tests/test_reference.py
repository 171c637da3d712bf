"""The reference keeps a finished run's products and what made them."""

import copy
import json
from pathlib import Path

import pytest
from test_archive import settings

from emmoe.archive import reference
from emmoe.jobs._kept import read_kept
from emmoe.jobs.audit import Audit
from emmoe.jobs.base import execute
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.product import Product
from emmoe.record import read
from emmoe.store.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a finished run, its audit made up."""
    folder = tmp_path_factory.mktemp("run")
    record = read.check(settings(folder / "results"))
    for job in [*Fit.every(record), *Gather.every(record), *Product.every(record)]:
        execute(job.work, job.inputs)
    audit = Audit(record, "paper")
    for path in (*audit.outputs.values(), audit.provenance):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("audit", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def kept(folder):
    """The reference of this run, in which an older product was."""
    old = folder / "results" / "reference" / "tables" / "old.csv"
    old.parent.mkdir(parents=True)
    old.touch()
    reference.keep(read.check(settings(folder / "results")))
    return folder / "results" / "reference"


def test_products_are_copied_and_old_ones_removed(folder, kept):
    figure = "figures/figure_2.png"
    assert (kept / figure).read_bytes() == (folder / "results" / figure).read_bytes()
    assert not (kept / "tables" / "old.csv").exists()
    assert (kept / "audit" / "paper" / "audit.csv").read_text() == "audit"
    assert not list(kept.rglob("*.parquet"))


def test_every_job_is_traced_to_its_environment_and_its_time(folder, kept):
    content = json.loads((kept / "provenance.json").read_text())
    assert len(content["environments"]) == 1
    assert content["jobs"][0]["task"]["replicates"] == [0, 0]
    made = {own.path: own for own in read_kept(kept / "provenance.json")}
    jobs = [*Fit.every(read.check(settings(folder / "results")))]
    for job in jobs:
        own = made[f"fit/{job.name}"]
        assert job.would_make(own) and own.seconds > 0
        assert own.environment == job.found().environment
    assert "product/figures/figure_2" in made


def test_fit_of_other_settings_is_told_from_the_kept_one(folder, kept):
    changed = copy.deepcopy(settings(folder / "results"))
    changed["experiments"]["small"]["tolerance"] = 1e-3
    made = {own.path: own for own in read_kept(kept / "provenance.json")}
    job = next(Fit.every(read.check(changed)))
    assert not job.would_make(made[f"fit/{job.name}"])


def test_unfinished_run_is_not_kept(tmp_path):
    with pytest.raises(DataError, match="no finished run"):
        reference.keep(read.check(settings(tmp_path / "results")))
    assert not (tmp_path / "results").exists()
