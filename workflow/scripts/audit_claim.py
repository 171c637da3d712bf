"""Recompute the audit's row of one claim."""

from emmoe.audit import job
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    job.audit_claim(snakemake.config, snakemake.wildcards.claim, snakemake.output[0])
