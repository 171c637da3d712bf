"""Run a contest."""

from emmoe import jobs

files = jobs.verified(snakemake.config, snakemake.input.get("downloads", []))
with jobs.logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.contest(snakemake.params.task, snakemake.params.code, files, *snakemake.output)
