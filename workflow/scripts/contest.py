"""Run a contest."""

from emmoe import jobs
from emmoe.told import logged

files = jobs.verified(snakemake.config, snakemake.input.get("downloads", []))
with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.contest(snakemake.params.task, snakemake.params.code, files, *snakemake.output)
