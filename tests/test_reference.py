"""The reference keeps a finished run's products and what made them."""

import copy
import errno
import json
import os
import re
import shutil
import signal
import sys

import msgspec
import pytest
from test_archive import settings

from emmoe.archive import reference
from emmoe.jobs._inputs import Inputs, read_made
from emmoe.jobs._kept import read_kept
from emmoe.jobs.audit import Audit
from emmoe.jobs.base import execute, layout_of
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.product import Product
from emmoe.jobs.report import Report
from emmoe.record import read
from emmoe.store import folders
from emmoe.store.errors import DataError
from emmoe.store.files import write_bytes, write_text
from emmoe.store.provenance import Made, digest, environment, file_hash, now


def audited(record):
    """Write a made-up audit of the paper, as its job would leave it."""
    job = Audit(record, "paper")
    for path in job.outputs.values():
        write_text("claim_id,curve_id,id,level,verdict,reason\na,a,a,run,reproduced,b\n", path)
    made = Made(
        kind=job.kind,
        name=job.name,
        code=job.code,
        settings=digest(job.plain_task),
        task=job.plain_task,
        inputs=Inputs(job.layout, job.inputs).hashes(),
        outputs={job.layout.inside(path): file_hash(path) for path in job.outputs.values()},
        created=now(),
        seconds=1.0,
        environment=environment(),
    )
    write_bytes(made.sealed(), job.provenance)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a finished run, its audit made up."""
    folder = tmp_path_factory.mktemp("run")
    record = recorded(folder)
    for job in [*Fit.every(record), *Gather.every(record), *Product.every(record)]:
        execute(job.work, job.inputs)
    audited(record)
    return folder


def recorded(folder, seed=5):
    return read.check(settings(folder / "results") | {"seed": seed})


@pytest.fixture(scope="module")
def kept(folder):
    """The reference of this run, in which an older product was."""
    old = folder / "results" / "reference"
    for name in ("tables/old.csv", "faults.txt", "calibration/bands.csv"):
        write_text("old", old / name)
    reference.keep(recorded(folder))
    return folder / "results" / "reference"


@pytest.fixture
def copied(folder, kept, tmp_path):
    """A copy of the run and its reference, to change."""
    shutil.copytree(folder, tmp_path / "run")
    run = tmp_path / "run"
    audited(recorded(run))  # its task names the folder
    return run


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_products_are_copied_and_old_ones_removed(folder, kept):
    figure = "figures/figure_2.png"
    assert (kept / figure).read_bytes() == (folder / "results" / figure).read_bytes()
    assert not (kept / "tables" / "old.csv").exists()
    assert (kept / "audit/paper/audit.csv").read_text(encoding="utf-8").startswith("claim_id")
    assert not list(kept.rglob("*.parquet"))


@pytest.fixture
def reported(copied):
    """The copy of the run with a report, made after all else."""
    job = Report(recorded(copied), ("paper",))
    execute(job.work, job.inputs)
    return copied


def test_report_is_kept_and_sealed(reported):
    reference.keep(recorded(reported))
    kept = reported / "results" / "reference"
    page = (reported / "results" / "report.html").read_bytes()
    assert (kept / "report.html").read_bytes() == page and len(page) < 2_000_000
    (kept / "report.html").write_bytes(page[:-1])
    with pytest.raises(DataError, match=r"report\.html: not what emmoe keep left there"):
        reference.check_kept(layout_of(recorded(reported)))


def test_report_of_other_results_is_not_kept(reported):
    record = recorded(reported)
    (job,) = Report.every(record)
    page, figure = (reported / "results" / name for name in ("report.html", "figures/figure_2.png"))
    write_text(page.read_text("utf-8").replace(file_hash(figure), "0" * 64), page)
    own = msgspec.structs.replace(job.found(), outputs={"report.html": file_hash(page)})
    write_bytes(own.sealed(), job.provenance)
    with pytest.raises(DataError, match=r"report\.html: shows another .*figure_2\.png: run make"):
        reference.keep(record)


def test_every_job_is_traced_to_its_environment_and_its_time(folder, kept):
    content = json.loads((kept / "provenance.json").read_text())
    assert len(content["environments"]) == 1
    assert content["jobs"][0]["task"]["replicates"] == [0, 0]
    made = {own.path: own for own in read_kept(kept / "provenance.json")}
    jobs = [*Fit.every(recorded(folder))]
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


def test_what_a_run_does_not_replace_stays(kept):
    assert (kept / "faults.txt").read_text(encoding="utf-8") == "old"
    assert (kept / "calibration/bands.csv").read_text(encoding="utf-8") == "old"


def other_seed(run):
    return recorded(run, seed=6), "made with other settings than the config's"


def edited_summary(run):
    path = run / "results/summaries/small.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    return recorded(run), f"{path}: edited or damaged"


def edited_trace(run):
    path = next((run / "results/traces/small/em").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    return recorded(run), f"{path}: edited or damaged"


def empty_figure(run):
    path = run / "results/figures/figure_2.png"
    path.write_bytes(b"")
    return recorded(run), f"{path}: edited or damaged"


def missing_figure(run):
    path = run / "results/figures/figure_2.pdf"
    path.unlink()
    return recorded(run), f"{run / 'results/figures/figure_2.png'}: no finished run to keep"


def empty_provenance(run):
    path = run / "results/figures/figure_2.provenance.json"
    path.write_bytes(b"")
    return recorded(run), f"{path}: edited or damaged"


def provenance_that_is_a_list(run):
    path = run / "results/audit/paper/provenance.json"
    path.write_text("[]", encoding="utf-8")
    return recorded(run), f"{path}: edited or damaged"


def other_input(run):
    path = run / "results/figures/figure_2.provenance.json"
    made = read_made(str(path))
    others = dict.fromkeys(made.inputs, "0" * 64)
    write_bytes(msgspec.structs.replace(made, inputs=others).sealed(), path)
    return recorded(run), f"{path}: made from another "


def missing_input(run):
    (run / "results/summaries/small.provenance.json").unlink()
    return recorded(run), "summaries/small.provenance.json: "


@pytest.mark.parametrize(
    "wrong",
    [other_seed, edited_summary, edited_trace, empty_figure, missing_figure, empty_provenance,
     provenance_that_is_a_list, other_input, missing_input],
)  # fmt: skip
def test_run_that_is_not_right_is_refused_and_the_old_reference_stays(copied, wrong):
    before = contents(copied / "results/reference")
    record, said = wrong(copied)
    with pytest.raises(DataError) as error:
        reference.keep(record)
    assert said in str(error.value) and "\n" not in str(error.value)
    assert contents(copied / "results/reference") == before
    assert not list((copied / "results").glob(".reference*"))


TOUCHING = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.copyfile"}


def killed_at(step, record):
    """Keep a run in a process that is killed at a step: a call that touches a file of the new
    folder. Returns whether there was such a step."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = iter(range(step, 0, -1))

    def count(event, arguments):
        touched = event in TOUCHING and ".reference." in " ".join(map(str, arguments))
        if touched and next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    reference.keep(record)
    os._exit(0)


def test_keeping_that_is_killed_at_any_step_leaves_a_whole_reference(copied):
    place, record = copied / "results/reference", recorded(copied)
    write_text("old", place / "tables/old.csv")
    states, steps = [contents(place)], 1
    while killed_at(steps, record):
        states.append(contents(place))
        steps += 1
    states.append(contents(place))
    assert steps > 20 and states[0] != states[-1]
    assert all(state in (states[0], states[-1]) for state in states)
    assert not list((copied / "results").glob(".reference*"))


@pytest.mark.parametrize("failing", ["_copy", "_sums", "_keep_others"])
def test_keeping_on_a_full_disk_leaves_the_old_reference(copied, monkeypatch, failing):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "there")

    before = contents(copied / "results/reference")
    monkeypatch.setattr(reference, failing, full)
    with pytest.raises(OSError, match="No space left"):
        reference.keep(recorded(copied))
    assert contents(copied / "results/reference") == before
    assert not list((copied / "results").glob(".reference*"))


def test_folders_change_names_where_the_system_cannot_do_it_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "RENAME_EXCHANGE", 1 << 20)  # no such flag: refused
    (tmp_path / "a").mkdir()
    (tmp_path / "a/old").touch()
    with folders.atomic_folder(tmp_path / "a") as new:
        (new / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "new"]


def damages(place):
    """Every way to change a reference: each of some files emptied, cut, edited, gone; one added."""
    figure, table = place / "figures/figure_2.png", place / "audit/paper/audit.csv"
    for path in (figure, table, place / "calibration/bands.csv"):
        content = path.read_bytes()
        yield path, b""
        yield path, content[: len(content) // 2]
        yield path, content[:-1] + bytes([content[-1] ^ 1])
        yield path, None
    yield place / "tables/added.csv", b"a\n1\n"


def test_reference_whose_files_are_not_those_of_its_provenance_is_refused(copied):
    place, layout = copied / "results/reference", layout_of(recorded(copied))
    reference.check_kept(layout)
    for path, damaged in damages(place):
        before = path.read_bytes() if path.is_file() else None
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True) if damaged is None else path.write_bytes(damaged)
        with pytest.raises(DataError, match=re.escape(f"{path}: ")):
            reference.check_kept(layout)
        path.unlink(missing_ok=True) if before is None else path.write_bytes(before)
    reference.check_kept(layout)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff\xfe", b'{"environments": [], "jobs": [{}]}', b"[" * 99999],
)
def test_damaged_provenance_of_a_reference_is_told(copied, content):
    path = copied / "results/reference/provenance.json"
    path.write_bytes(content)
    for reading in (reference.check_kept, lambda layout: read_kept(path)):
        with pytest.raises(DataError, match="get the reference back") as error:
            reading(layout_of(recorded(copied)))
        assert "\n" not in str(error.value)


def test_reference_that_lies_aside_is_put_back_before_another_is_built(tmp_path):
    (tmp_path / ".reference.aside").mkdir()
    (tmp_path / ".reference.aside/old.txt").write_text("old", encoding="utf-8")
    with pytest.raises(KeyError), folders.atomic_folder(tmp_path / "reference"):
        raise KeyError
    assert (tmp_path / "reference/old.txt").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["reference"]


def test_reference_that_is_a_link_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "reference").symlink_to("there")
    for text in ("one", "two"):
        with folders.atomic_folder(tmp_path / "reference") as folder:
            (folder / "a.txt").write_text(text, encoding="utf-8")
    assert (tmp_path / "there/a.txt").read_text(encoding="utf-8") == "two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reference", "there"]
