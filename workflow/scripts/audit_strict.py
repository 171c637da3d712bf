"""Fail where a verdict is worse than in the reference."""

from emmoe import jobs
from emmoe.audit import job

with jobs.logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    job.strict(snakemake.input[0], snakemake.params.reference)
