"""Simulate and score a part of the calibration's settings."""

from emmoe.calibration import jobs
from emmoe.jobs.failures import logged
from emmoe.jobs.steps import verified

files = verified(snakemake.config, snakemake.input.get("downloads", []))
with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    task, code, kept = snakemake.params.task, snakemake.params.code, snakemake.input.get("kept")
    jobs.part(task, code, snakemake.input.reported, kept, files, *snakemake.output)
