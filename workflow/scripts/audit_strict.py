"""Fail where a verdict is worse than in the reference."""

from emmoe.audit import job
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    job.strict(snakemake.input[0], snakemake.params.reference)
