"""Keeps the figures and tables of a full run, with what made them, as the reference."""

import shutil
from pathlib import Path

from emmoe.audit.plan import PAPER
from emmoe.jobs._kept import condensed
from emmoe.jobs.audit import Audit
from emmoe.jobs.audit_power import AuditPower
from emmoe.jobs.base import Job, layout_of
from emmoe.jobs.calibrate_fresh import CalibrateFresh
from emmoe.jobs.calibrate_gather import CalibrateGather
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.probe import Probe
from emmoe.jobs.product import Product
from emmoe.record.entries import KINDS, Record
from emmoe.store.errors import DataError
from emmoe.store.files import write_json

RECORDED = (Fit, Contest, Probe, Product)  # kinds whose provenance is kept


def keep(record: Record) -> None:
    """Copy a full run's figures, tables, findings, audit and, if it is there, calibration to the
    reference folder, and condense the provenance of what they were made from into one file.

    Raises DataError where there is no finished run to keep."""
    layout = layout_of(record)
    finished = [*Product.every(record), Audit(record, PAPER)]
    if missing := [job.outputs for job in finished if not _is_there(job)]:
        lost = next(iter(missing[0].values()))
        raise DataError(f"{lost}: no finished run to keep: run make paper first")
    for folder in (*KINDS, "audit"):
        shutil.rmtree(Path(layout.reference.results, folder), ignore_errors=True)
    others = [
        *CalibrateGather.every(record),
        *CalibrateFresh.every(record),
        AuditPower(record, PAPER),
    ]
    for job in [*finished, *filter(_is_there, others)]:
        for path in job.outputs.values():
            kept = Path(layout.reference.results, layout.inside(path))
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, kept)
    made = [job.found() for kind in RECORDED for job in kind.every(record) if _is_there(job)]
    write_json(condensed(made), layout.reference.kept_provenance)


def _is_there(job: Job) -> bool:
    return all(Path(path).is_file() for path in (*job.outputs.values(), job.provenance))
