"""What a run has to do follows from provenance alone: for every kind of job of the whole record."""

import itertools
import os
import shutil
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from msgspec.structs import replace
from workflow_helpers import ROOT

from emmoe.jobs import base
from emmoe.jobs._due import Due
from emmoe.jobs.audit import Audit
from emmoe.jobs.audit_power import AuditPower
from emmoe.jobs.base import every_job, layout_of
from emmoe.jobs.calibrate import Calibrate
from emmoe.jobs.calibrate_fresh import CalibrateFresh
from emmoe.jobs.calibrate_gather import CalibrateGather
from emmoe.jobs.calibrate_keep import CalibrateKeep
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.probe import Probe
from emmoe.jobs.product import batches
from emmoe.jobs.report import Report
from emmoe.jobs.theorems import Theorems
from emmoe.record.read import load
from emmoe.store import files, provenance
from emmoe.store.layout import CLAIMS
from emmoe.store.provenance import Made

ENVIRONMENT = provenance.environment()
RECORD = load([ROOT / "config.yaml"], thorough=False)
# A job of each kind, and with its name the files that tampering with is tried on.
CHOSEN = {
    "fit": "symmetric_linear/em/d10-n10000-anglerandom-norm_beta1.25-norm_w1.25.r000-049",
    "contest": "fair_linear_near",
    "probe": "fisher_linear",
    "gather": "symmetric_linear",
    "figure": "figures/figure_2",
    "table": "tables/rates_small",
    "finding": "findings/f2",
    "audit": "figures",
    "audit_power": "figures",
    "theorems": "paper",
    "calibrate": "symmetric_linear/data-0",
    "calibrate_keep": "symmetric_linear",
    "calibrate_gather": "all",
    "calibrate_fresh": "symmetric_linear-em",
    "report": "report",
}


def in_order(record):
    """All jobs of a record, each after those that it reads from."""
    stages = {"steps": lambda job: job.stage == "steps", "others": lambda job: job.stage != "steps"}
    parts = {name: list(filter(of, Calibrate.every(record))) for name, of in stages.items()}
    kinds = (Fit, Contest, Probe, Gather)
    return [
        *(job for kind in kinds for job in kind.every(record)),
        *_after_what_they_read([job for batch in batches(record).values() for job in batch]),
        *parts["others"], *CalibrateKeep.every(record), *parts["steps"],
        *CalibrateGather.every(record), *CalibrateFresh.every(record), *Theorems.every(record),
        *Audit.every(record), *AuditPower.every(record), *Report.every(record),
    ]  # fmt: skip


def _after_what_they_read(jobs):
    makers = {path: job.name for job in jobs for path in job.outputs.values()}
    read = {
        j.name: {makers[p] for ps in j.inputs.values() for p in ps if p in makers} for j in jobs
    }
    named = {job.name: job for job in jobs}
    return [named[name] for name in TopologicalSorter(read).static_order()]


def kind_of(job):
    """A job's kind; of a product, which."""
    return job.folder.rstrip("s") if job.kind == "product" else job.kind


def pretend(job):
    """Leave what a job would leave: bytes of no meaning, and its provenance."""
    for path in job.outputs.values():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"{path}\n", encoding="utf-8")
    read = [path for paths in job.inputs.values() for path in paths]
    inside = job.layout.inside
    made = Made(
        job.kind, job.name, job.code, provenance.digest(job.plain_task), None,
        {inside(p): job.checksums.get(p) or provenance.file_hash(p) for p in read},
        {inside(p): provenance.file_hash(p) for p in job.outputs.values()},
        "2026-01-02T03:04:05+00:00", 1.0, ENVIRONMENT,
    )  # fmt: skip
    files.write_bytes(made.sealed(), job.provenance)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder in which all jobs of the record left their results."""
    folder = tmp_path_factory.mktemp("done")
    before = Path.cwd()
    os.chdir(folder)
    try:
        Path(CLAIMS).parent.mkdir(parents=True)
        shutil.copy(ROOT / CLAIMS, CLAIMS)
        kept = "results/reference/calibration"
        shutil.copytree(ROOT / kept, kept)
        shutil.copytree(ROOT / "studies/data", "studies/data")
        for job in in_order(RECORD):
            pretend(job)
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def folder(done, monkeypatch):
    """That folder, to read in."""
    monkeypatch.chdir(done)
    return done


@pytest.fixture
def copied(done, tmp_path, monkeypatch):
    """A copy of it, to change, with other times of files."""
    shutil.copytree(done, tmp_path / "copy", copy_function=shutil.copyfile)
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def due(record=RECORD):
    """The kinds and names of all jobs that are due."""
    decide = Due(record)
    return {(kind_of(job), job.name) for job in every_job(record) if decide(job)}


def reached(roots, record=RECORD):
    """Some jobs, and all that read what these write, one from the other."""
    found, jobs = set(roots), in_order(record)
    maker = {path: (kind_of(job), job.name) for job in jobs for path in job.outputs.values()}
    for job in jobs:
        if found & {maker.get(path) for path in itertools.chain(*job.inputs.values())}:
            found.add((kind_of(job), job.name))
    return found


def chosen(kind):
    (job,) = [j for j in every_job(RECORD) if (kind_of(j), j.name) == (kind, CHOSEN[kind])]
    return job


def test_every_kind_is_tried():
    assert {kind_of(job) for job in every_job(RECORD)} == set(CHOSEN)


def test_nothing_is_due_where_all_is_done(folder):
    assert due() == set()


def test_times_of_files_do_not_count(copied):
    for number, path in enumerate(sorted(copied.rglob("*"))):
        os.utime(path, (number * 1e6, (number % 7) * 1e9))
    assert due() == set()


@pytest.fixture(scope="module")
def descendants(done):
    """What is reached from each of the chosen jobs."""
    before = Path.cwd()
    os.chdir(done)
    found = {kind: reached([(kind, name)]) for kind, name in CHOSEN.items()}
    os.chdir(before)
    return found


DAMAGE = {
    "longer": lambda old: old + b"\n",
    "shorter": lambda old: old[:-1],
    "a byte": lambda old: bytes([old[0] ^ 1]) + old[1:],
    "empty": lambda old: b"",
    "lost": lambda old: None,
}
SHOWN = {("report", "report")}  # shows what is there, beside its inputs
FOUND = {}  # by kind of job and output: whether each damage was noticed
OUTPUTS = [(kind, output) for kind in CHOSEN for output in [*chosen(kind).outputs, "provenance"]]


@pytest.mark.parametrize("old_time", [True, False], ids=["time kept", "time new"])
@pytest.mark.parametrize(("kind", "output"), OUTPUTS)
def test_damaged_file_is_made_again_and_what_reads_it(kind, output, old_time, folder, descendants):
    job = chosen(kind)
    path = Path(job.provenance if output == "provenance" else job.outputs[output])
    before, content = path.stat(), path.read_bytes()
    for damage, change in DAMAGE.items():
        new = change(content)
        path.unlink() if new is None else path.write_bytes(new)
        if old_time and new is not None:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        try:
            noticed = Due(RECORD)(job)
            assert damage != "a byte" or due() | SHOWN == descendants[kind] | SHOWN
        finally:
            path.write_bytes(content)
        FOUND.setdefault((kind, output), []).append(noticed)
        assert noticed, damage
    assert not Due(RECORD)(job)


def table():
    """Markdown: for every kind of file how many damages were tried, and how many noticed."""
    head = "| job | file | damages tried | noticed |\n|---|---|---|---|\n"
    rows = [(k.replace("_", " "), o, len(f), sum(f)) for (k, o), f in FOUND.items()]
    return head + "".join(f"| {k} | {o} | {tried} | {seen} |\n" for k, o, tried, seen in rows)


def test_docs_have_the_table_of_what_was_noticed():
    if set(FOUND) != set(OUTPUTS):
        pytest.skip("only a part of the damages was tried")
    text = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    assert table() in text, f"docs/reliability.md is to have\n{table()}"


@pytest.mark.parametrize("kind", CHOSEN)
def test_provenance_of_another_job_is_none(kind, folder, descendants):
    path, other = Path(chosen(kind).provenance), Path(chosen("probe").provenance)
    other = other if kind != "probe" else Path(chosen("contest").provenance)
    content = path.read_bytes()
    path.write_bytes(other.read_bytes())
    try:
        assert due() == descendants[kind]
    finally:
        path.write_bytes(content)


def with_entry(section, name, **values):
    """The record with one entry changed."""
    entries = getattr(RECORD, section)
    return replace(RECORD, **{section: entries | {name: replace(entries[name], **values)}})


def fits_of(*names):
    return {("fit", job.name) for name in names for job in Fit.of_all(RECORD, name)}


AUDITS = {(kind.kind, job.name) for kind in (Audit, AuditPower) for job in kind.every(RECORD)}
SEARCHES = {
    (kind.kind, job.name)
    for kind in (Calibrate, CalibrateGather, CalibrateFresh)
    for job in kind.every(RECORD)
}
# For each kind of setting: the record with another value of it, and whose task that changes.
SETTINGS = {
    "tolerance of an experiment": (
        lambda: with_entry("experiments", "error_floor", tolerance=1e-3),
        fits_of("error_floor"),
    ),
    "seed of an experiment": (
        lambda: with_entry("experiments", "gate_step", seed=99),
        fits_of("gate_step") | {("probe", p.name) for p in Probe.every(RECORD)
                                if p.settings.experiment == "gate_step"},
    ),
    "passes of a contest": (
        lambda: with_entry("contests", "fair_linear_near", passes=77),
        {("contest", "fair_linear_near")},
    ),
    "iterations of a probe": (
        lambda: with_entry("probes", "fisher_linear", iterations=7),
        {("probe", "fisher_linear")},
    ),
    "curves of a figure": (
        lambda: with_entry("figures", "figure_2", curves={"em": "ours"}),
        {("figure", "figures/figure_2")},
    ),
    "option of a table": (
        lambda: with_entry("tables", "rates_small", options={"other": 1}),
        {("table", "tables/rates_small")},
    ),
    "option of a finding": (
        lambda: with_entry("findings", "f2", options={"other": 1}),
        {("finding", "findings/f2")},
    ),
    "fitters of the audit": (
        lambda: replace(RECORD, audit=replace(RECORD.audit, runs={
            model: replace(own, fitters=own.fitters[:-1], tries={})
            for model, own in RECORD.audit.runs.items()
        })),
        AUDITS,
    ),
    "level of the calibration": (
        lambda: replace(RECORD, calibration=replace(RECORD.calibration, level=0.02)),
        SEARCHES | AUDITS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SETTINGS)
def test_changed_setting_reaches_what_depends_on_it_alone(what, folder):
    changed, roots = SETTINGS[what]
    record = changed()
    read = {
        (a.kind, a.name)
        for kind in (Audit, AuditPower)
        for a in kind.every(record)
        if a.task != kind(RECORD, a.scope).task
    }
    searched = {
        ("calibrate", j.name)
        for j, k in zip(Calibrate.every(record), Calibrate.every(RECORD), strict=True)
        if j.task != k.task
    }
    assert due(record) == reached(roots | SHOWN | read | searched, record)


def test_changed_claim_reaches_what_reads_the_claims(copied):
    path = Path(CLAIMS)
    path.write_text(path.read_text(encoding="utf-8").replace("0.0307", "0.0407"), encoding="utf-8")
    readers = {
        (kind_of(job), job.name)
        for job in every_job(RECORD)
        if CLAIMS in itertools.chain(*job.inputs.values())
    }
    assert {"audit", "calibrate", "figure", "report"} <= {kind for kind, _ in reached(readers)}
    assert due() == reached(readers)


@pytest.mark.parametrize("kind", CHOSEN)
def test_changed_code_reaches_who_runs_it(kind, folder, monkeypatch):
    job = chosen(kind)
    module, code = next(iter(job.modules)), base._code
    users = {(kind_of(j), j.name) for j in every_job(RECORD) if module in j.modules}
    monkeypatch.setattr(base, "_code", lambda m, r: "other" if module in m else code(m, r))
    assert (kind, job.name) in users
    assert due() == reached(users)


def test_download_that_lacks_makes_no_fit_again(folder):
    """Its checksum is of the record: the fits were made from these bytes."""
    assert not Path(layout_of(RECORD).downloads).exists()
    assert not any(name.startswith("fashion_mnist/") for kind, name in due() if kind == "fit")
