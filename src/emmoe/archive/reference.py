"""Keeps the figures and tables of a full run, with what made them, as the reference.

It is built beside the one that is there, checked, and put in its place as a whole."""

import shutil
from collections.abc import Container, Iterator
from pathlib import Path

from msgspec import structs

from emmoe.audit.plan import PAPER
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._kept import condensed, read_sums
from emmoe.jobs.audit import Audit
from emmoe.jobs.audit_power import AuditPower
from emmoe.jobs.base import CURRENT, STALE, Job, layout_of, plain
from emmoe.jobs.calibrate_fresh import CalibrateFresh
from emmoe.jobs.calibrate_gather import CalibrateGather
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.probe import Probe
from emmoe.jobs.product import Product
from emmoe.jobs.report import Report
from emmoe.jobs.theorems import Theorems
from emmoe.record.entries import KINDS, Record
from emmoe.report.changed import changed
from emmoe.store import files
from emmoe.store.errors import DataError
from emmoe.store.folders import atomic_folder
from emmoe.store.layout import Layout
from emmoe.store.provenance import digest, file_hash

EXTRA = (CalibrateGather, CalibrateFresh, AuditPower)  # kept where they are there
RECORDED = (Fit, Contest, Probe, Product, Theorems, Audit, *EXTRA)  # whose provenance is kept
CALIBRATION = "calibration"
FOLDERS = (*KINDS, "audit", CALIBRATION)  # whose files are sealed by the kept provenance
REPORT = "report.html"  # sealed too


def keep(record: Record) -> None:
    """Copy a full run's figures, tables, findings, theorems, audit and, if they are there, report,
    calibration and what the audit is worth to the reference folder, and condense the provenance of
    what they were made from into one file.

    Raises DataError, naming the file, and leaves the old reference whole, where something of the
    run is missing, was changed, or was made with other settings or from other inputs."""
    layout = layout_of(record)
    tried = [job for job in Theorems.every(record) if job.scope == PAPER]
    finished = [*Product.every(record), *tried, Audit(record, PAPER)]
    if missing := [job.outputs for job in finished if not _is_there(job)]:
        lost = next(iter(missing[0].values()))
        raise DataError(f"{lost}: no finished run to keep: run make paper first")
    there = [job for kind in (Gather, *RECORDED) for job in kind.every(record) if _is_kept(job)]
    for job in there:
        _check(job)
        _check_inputs(job)
    extra = [job for job in there if isinstance(job, EXTRA)]
    pages = [job for job in Report.every(record) if _is_there(job)]
    for page in pages:
        _check_page(page)
    calibrated = any(isinstance(job, CalibrateGather) for job in extra)
    with atomic_folder(layout.reference.results) as folder:
        new = Layout(str(folder), layout.downloads)
        replaced = FOLDERS if calibrated else [name for name in FOLDERS if name != CALIBRATION]
        others = (*replaced, REPORT, Path(new.kept_provenance).name)
        _keep_others(Path(layout.reference.results), folder, others)
        for job in (*finished, *extra, *pages):
            _copy(job, folder)
        made = condensed(job.found() for job in there if isinstance(job, RECORDED))
        kept = structs.replace(made, files=dict(_sums(folder)))
        files.write_json(plain(kept), new.kept_provenance)


def check_kept(layout: Layout) -> None:
    """Raise DataError, naming a file, unless those of the reference are what `keep` left there."""
    folder = Path(layout.reference.results)
    known, found = read_sums(layout.reference.kept_provenance), dict(_sums(folder))
    for name in sorted(known.keys() | found.keys()):
        if known.get(name) != found.get(name):
            said = "not what emmoe keep left there" if name in found else "missing"
            raise DataError(f"{folder / name}: {said}: get the reference back, or keep a run anew")


def _is_kept(job: Job) -> bool:
    """Whether a job's results are there, and not of an audit of less than the paper."""
    return getattr(job, "scope", PAPER) == PAPER and _is_there(job)


def _is_there(job: Job) -> bool:
    return all(Path(path).is_file() for path in (*job.outputs.values(), job.provenance))


def _check(job: Job) -> None:
    """Raise DataError, naming the file, for a result that was changed since, or that was made with
    other settings than the record's."""
    state = job.state()
    if state not in (CURRENT, STALE):
        raise DataError(state)
    if job.found().settings != digest(job.plain_task):
        said = "made with other settings than the config's"
        raise DataError(f"{job.provenance}: {said}: make its target again, or delete it")


def _check_inputs(job: Job) -> None:
    """Raise DataError unless a job's inputs are those that it was made from."""
    made, now = job.found().inputs, Inputs(job.layout, job.inputs, job.checksums).hashes()
    for name in sorted(made.keys() | now.keys()):
        if made.get(name) != now.get(name):
            raise DataError(f"{job.provenance}: made from another {name}: make its target again")


def _check_page(job: Job) -> None:
    """Raise DataError, naming the file, for a report that was changed, or shows other results."""
    (page,) = map(Path, job.outputs.values())
    state = job.state()
    if state not in (CURRENT, STALE):
        raise DataError(state)
    if old := changed(page):
        raise DataError(f"{page}: shows another {old[0]}: run make paper to make it again")


def _keep_others(old: Path, new: Path, replaced: Container[str]) -> None:
    """Copy what of the old reference the run does not replace."""
    for path in old.glob("*"):
        if path.name not in replaced:
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, new / path.name)


def _copy(job: Job, folder: Path) -> None:
    """Copy a job's files; raises DataError where a copy is not what the job wrote."""
    made = job.found()
    for path in job.outputs.values():
        kept = folder / job.layout.inside(path)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
        if file_hash(kept) != made.outputs[job.layout.inside(path)]:
            raise DataError(f"{path}: changed while it was copied: run the same command again")


def _sums(folder: Path) -> Iterator[tuple[str, str]]:
    """The SHA-256 of all files of a reference, by their names in it."""
    paths = [path for name in FOLDERS for path in sorted((folder / name).rglob("*"))]
    for path in [*paths, folder / REPORT]:
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(folder).as_posix(), file_hash(path)
