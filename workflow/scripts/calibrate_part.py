"""Simulate and score a part of the calibration's settings."""

from pathlib import Path

from emmoe.calibration import jobs
from emmoe.jobs import logged

known = snakemake.config["downloads"]
paths = [Path(path) for path in snakemake.input.get("downloads", [])]
files = {
    f"{path.parent.name}/{path.name}": (path, known[path.parent.name]["files"][path.name]["sha256"])
    for path in paths
}
with logged(snakemake.log[0]):
    task, code, kept = snakemake.params.task, snakemake.params.code, snakemake.input.get("kept")
    jobs.part(task, code, snakemake.input.reported, kept, files, *snakemake.output)
