"""Run a contest."""

from emmoe.jobs import steps as jobs
from emmoe.jobs.failures import logged

files = jobs.verified(snakemake.config, snakemake.input.get("downloads", []))
with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.contest(snakemake.params.task, snakemake.params.code, files, *snakemake.output)
