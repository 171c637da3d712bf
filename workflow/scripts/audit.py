"""Audit what a target's results bear on."""

from emmoe.audit import job
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    job.audit(snakemake.config, snakemake.wildcards.scope, *snakemake.output)
