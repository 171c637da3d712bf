"""Audit what a target's results bear on."""

from emmoe import jobs
from emmoe.audit import job

with jobs.logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    job.audit(snakemake.config, snakemake.wildcards.scope, *snakemake.output)
