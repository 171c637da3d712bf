"""Runs, in a process of its own, the first fit job of an experiment, as the workflow would.

Prints the process's peak of resident memory in MB. With --imports it only imports what the job
needs, to know what that alone takes.
"""

import argparse
import tempfile
from pathlib import Path

from msgspec.structs import replace
from snakemake import script  # noqa: F401  every script of a workflow is started with it

from benchmarks.measure import resident
from emmoe.jobs.base import execute
from emmoe.jobs.fit import Fit
from emmoe.record import cells
from emmoe.record.components import build_dataset, build_fitter, build_model
from emmoe.record.entries import Folders, Record
from emmoe.record.read import load
from emmoe.store.provenance import file_hash


def main() -> None:
    """Run the job that the command line describes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_job", description=__doc__)
    parser.add_argument("config", type=Path, help="written by benchmarks.inputs.write_config")
    parser.add_argument("experiment")
    parser.add_argument("fitter")
    parser.add_argument("--downloads", type=Path, help="where the files of the data set are")
    parser.add_argument("--imports", action="store_true")
    args = parser.parse_args()
    record = load(args.config)
    experiment = record.experiments[args.experiment]
    build_model(experiment.model)
    build_dataset(cells.grid(experiment).first().data)
    build_fitter(experiment.fitters[args.fitter])
    if not args.imports:
        with tempfile.TemporaryDirectory() as folder:
            fit(record, args.experiment, args.fitter, args.downloads, Path(folder))
    print(resident("VmHWM"))


def fit(record: Record, experiment: str, fitter: str, downloads: Path | None, folder: Path) -> Fit:
    """Fit the experiment's first block, all files in a folder; return the job."""
    folders = Folders(str(folder), str(downloads))
    job = next(Fit.of(replace(record, folders=folders), experiment, fitter))
    known = {path: file_hash(path) for path in job.checksums}  # random bytes, as they are
    execute(replace(job.work, checksums=known), job.inputs)
    return job


if __name__ == "__main__":
    main()
