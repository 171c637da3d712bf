"""Gather all parts of the calibration."""

from emmoe.calibration import jobs
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    found = snakemake.input
    files = (list(found[kind]) for kind in ("scores", "predictions", "provenances"))
    jobs.gather(snakemake.params.families, *files, dict(snakemake.output.items()))
